import ChatKernel
import ChatWire
import Testing

@testable import ChatAuth

@Suite("Published vectors") struct VectorTests {
    /// RFC 7515 A.1 to A.3 sign these claims.
    static let claims = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

    func check(_ token: String, _ key: any Signer, signsTheSame: Bool) throws {
        let jwt = try #require(JWT(token))
        #expect(key.isValid(jwt.signature, over: jwt.signed))
        var other = jwt.signed
        other[0] ^= 1
        #expect(!key.isValid(jwt.signature, over: other))
        let ours = try #require(key.sign(jwt.signed))
        #expect((ours == jwt.signature) == signsTheSame)
        #expect(key.isValid(ours, over: jwt.signed))
    }

    @Test("RFC 7515 A.1: HS256") func hs256() throws {
        let secret = try #require(
            Base64.url.decode(
                "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow".utf8))
        try check(
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\(Self.claims).dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            Keys.hmac(.hs256, secret), signsTheSame: true)
    }

    @Test("RFC 7515 A.2: RS256") func rs256() throws {
        let signature =
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb"
            + "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383"
            + "LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWy"
            + "wlVmtVrBp0igcN_IoypGlUPQGe77Rw"
        try check("eyJhbGciOiJSUzI1NiJ9.\(Self.claims).\(signature)", Keys.rsa(), signsTheSame: true)
    }

    @Test("RFC 7515 A.3: ES256, whose signatures are random") func es256() throws {
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        try check("eyJhbGciOiJFUzI1NiJ9.\(Self.claims).\(signature)", Keys.ecdsa(), signsTheSame: false)
    }

    @Test("RFC 7515 A.4: ES512 is not offered, whatever the keys") func es512() throws {
        let token =
            "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-K"
            + "GDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
        #expect(throws: ChatError.self) {
            try Keys.ring().verify(token, at: Timestamp(microseconds: 0), ClaimRules())
        }
    }

    @Test("RFC 8037 A.4: EdDSA") func edDSA() throws {
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        try check(
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\(signature)", Keys.edDSA(), signsTheSame: true)
    }

    @Test(
        "RFC 7914 section 12: scrypt",
        arguments: [
            (
                "", "", 4, 1, 1,
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb"
                    + "2e0d3628cf35e20c38d18906"
            ),
            (
                "password", "NaCl", 10, 8, 16,
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb9"
                    + "4a83ee6d8360cbdfa2cc0640"
            ),
            (
                "pleaseletmein", "SodiumChloride", 14, 8, 1,
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc"
                    + "0d651e40dfcf017b45575887"
            ),
        ])
    func scrypt(password: String, salt: String, logN: Int, r: Int, p: Int, expected: String) throws {
        let key = Scrypt.derive(
            password: Array(password.utf8), salt: Array(salt.utf8),
            parameters: try #require(ScryptParameters(logN: logN, r: r, p: p)), length: 64)
        #expect(key?.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() == expected)
    }

    @Test("The cost of new hashes is within OpenSSL's memory limit") func standardCost() {
        #expect(Scrypt.derive(password: [1], salt: [2], parameters: .standard, length: 32)?.count == 32)
    }
}
