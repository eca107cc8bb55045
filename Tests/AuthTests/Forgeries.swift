import COpenSSL
import ChatWire
import Testing

@testable import ChatAuth

/// A token that must be refused, and why somebody would try it.
struct Forgery: Sendable, CustomTestStringConvertible {
    let name: String
    let make: @Sendable () throws -> String

    init(_ name: String, _ make: @escaping @Sendable () throws -> String) {
        self.name = name
        self.make = make
    }

    var testDescription: String { name }

    static let all = algorithm + keyID + signature + shape + header + claims

    private static let hs256 = #"{"alg":"HS256","typ":"JWT"}"#

    /// The secret's signature under any header and claims: what only the form can betray.
    private static func signed(_ header: String = hs256, _ claims: String = Forge.claims()) throws -> String {
        try Forge.token(header, claims, Keys.hmac())
    }

    private static func split(_ token: String) -> [String] { token.split(separator: ".").map(String.init) }

    /// The good token with its signature changed.
    private static func resigned(_ change: (inout [UInt8]) -> Void) throws -> String {
        let parts = split(try signed())
        var signature = Base64.url.decode(parts[2].utf8) ?? []
        change(&signature)
        return "\(parts[0]).\(parts[1]).\(Forge.base64(signature))"
    }

    // MARK: alg

    private static let algorithm: [Forgery] =
        ["none", "None", "NONE", "nOnE", "HS1", "ES512", "PS256", "hs256", "HS256 ", ""].flatMap { word in
            let header = "{\"alg\":\"\(word)\"}"
            return [
                Forgery("alg \"\(word)\", no signature") {
                    "\(Forge.base64(header)).\(Forge.base64(Forge.claims()))."
                },
                Forgery("alg \"\(word)\", a good signature") { try signed(header) },
            ]
        } + [
            Forgery("no alg") { try signed("{}") },
            Forgery("alg null") { try signed(#"{"alg":null}"#) },
            Forgery("alg a list") { try signed(#"{"alg":["HS256"]}"#) },
            Forgery("alg a number") { try signed(#"{"alg":256}"#) },
            Forgery("HS384 with the HS256 secret") {
                try Forge.token(#"{"alg":"HS384"}"#, Forge.claims(), Keys.hmac(.hs384))
            },
            Forgery("HS512 with the HS256 secret") {
                try Forge.token(#"{"alg":"HS512"}"#, Forge.claims(), Keys.hmac(.hs512))
            },
        ]
        + [("rsa", Keys.rsaPublic), ("ec", Keys.ecPublic), ("ed", Keys.edPublic)].flatMap { id, pem in
            [
                Forgery("HS256 with the public key of \(id) for a secret") {
                    try Forge.token("{\"alg\":\"HS256\",\"kid\":\"\(id)\"}", Forge.claims(), PublicSecret(pem))
                },
                Forgery("the same without kid") {
                    try Forge.token(#"{"alg":"HS256"}"#, Forge.claims(), PublicSecret(pem + "\n"))
                },
            ]
        }

    /// HMAC with what our own keys refuse as a secret.
    private struct PublicSecret: Signer {
        let inner: HMACKey

        init(_ pem: String) throws {
            // HMAC hashes a key that is longer than a block first (RFC 2104 section 2), so this one is the same.
            var digest = [UInt8](repeating: 0, count: 32)
            unsafe SHA256(Array(pem.utf8), pem.utf8.count, &digest)
            inner = try HMACKey(secret: digest, algorithm: .hs256)
        }

        func isValid(_ signature: [UInt8], over input: [UInt8]) -> Bool { inner.isValid(signature, over: input) }
        func sign(_ input: [UInt8]) -> [UInt8]? { inner.sign(input) }
    }

    // MARK: kid and the keys a token brings along

    private static let keyID: [Forgery] =
        ["other", "", "RSA", "../../../dev/null", "' OR 1=1 --", "ec\\u0000"].map { id in
            Forgery("kid \"\(id)\"") { try signed("{\"alg\":\"HS256\",\"kid\":\"\(id)\"}") }
        } + [
            Forgery("kid a number") { try signed(#"{"alg":"HS256","kid":1}"#) },
            Forgery("kid null") { try signed(#"{"alg":"HS256","kid":null}"#) },
            Forgery("the secret under the kid of a key pair") { try signed(#"{"alg":"HS256","kid":"rsa"}"#) },
            Forgery("RS256 under the kid of another family") {
                try Forge.token(#"{"alg":"RS256","kid":"ec"}"#, Forge.claims(), Keys.rsa())
            },
            Forgery("RS256 without its kid") { try Forge.token(#"{"alg":"RS256"}"#, Forge.claims(), Keys.rsa()) },
            Forgery("a key in the header") {
                let key = Array("the attacker's own thirty-two bytes".utf8)
                return try Forge.token(
                    "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"\(Forge.base64(key))\"}}", Forge.claims(),
                    Keys.hmac(.hs256, key))
            },
            Forgery("the address of a key in the header") {
                try Forge.token(
                    #"{"alg":"RS256","kid":"new","jku":"https://attacker.example/keys"}"#, Forge.claims(), Keys.rsa())
            },
            Forgery("a certificate in the header") {
                try Forge.token(#"{"alg":"RS256","x5c":["MIIB"]}"#, Forge.claims(), Keys.rsa())
            },
        ]

    // MARK: Signatures

    private static let signature: [Forgery] =
        [
            Forgery("another secret") {
                try Forge.token(hs256, Forge.claims(), Keys.hmac(.hs256, Array("another secret, also long".utf8)))
            },
            Forgery("another's signature") {
                let mine = split(try signed())
                let theirs = split(try signed(hs256, #"{"sub":"bob","exp":1770003600}"#))
                return "\(theirs[0]).\(theirs[1]).\(mine[2])"
            },
            Forgery("one bit") { try resigned { $0[7] ^= 1 } },
            Forgery("a byte less") { try resigned { $0.removeLast() } },
            Forgery("a byte more") { try resigned { $0.append(0) } },
            Forgery("the first half") { try resigned { $0.removeLast(16) } },
            Forgery("zeros") { try resigned { $0 = [UInt8](repeating: 0, count: 32) } },
            Forgery("a letter less") { String(try signed().dropLast()) },
            Forgery("a letter more") { try signed() + "A" },
            Forgery("two letters more") { try signed() + "AA" },
            Forgery("empty") { split(try signed()).dropLast().joined(separator: ".") + "." },
            Forgery("upper case") {
                let parts = split(try signed())
                return "\(parts[0]).\(parts[1]).\(parts[2].uppercased())"
            },
            Forgery("ES256 of zeros (CVE-2022-21449)") { try raw("ES256", "ec", [UInt8](repeating: 0, count: 64)) },
            Forgery("ES256 of the group's order") { try raw("ES256", "ec", order + order) },
            Forgery("ES256 in DER") {
                let input = signedInput(#"{"alg":"ES256","kid":"ec"}"#)
                let signature = try Keys.ecdsa().sign(Array(input.utf8)).flatMap { ECDSASignature(raw: $0)?.der }
                return "\(input).\(Forge.base64(signature ?? []))"
            },
            Forgery("ES256 with r and s exchanged") {
                let input = signedInput(#"{"alg":"ES256","kid":"ec"}"#)
                let signature = try Keys.ecdsa().sign(Array(input.utf8)) ?? []
                return "\(input).\(Forge.base64(signature.suffix(32) + signature.prefix(32)))"
            },
            Forgery("ES256 with a byte between r and s") {
                let input = signedInput(#"{"alg":"ES256","kid":"ec"}"#)
                let signature = try Keys.ecdsa().sign(Array(input.utf8)) ?? []
                return "\(input).\(Forge.base64(signature.prefix(32) + [0] + signature.suffix(32)))"
            },
            Forgery("RS256 of zeros") { try raw("RS256", "rsa", [UInt8](repeating: 0, count: 256)) },
            Forgery("RS256 one byte short") {
                let input = signedInput(#"{"alg":"RS256","kid":"rsa"}"#)
                return "\(input).\(Forge.base64(Array((try Keys.rsa().sign(Array(input.utf8)) ?? []).dropLast())))"
            },
            Forgery("EdDSA of zeros") { try raw("EdDSA", "ed", [UInt8](repeating: 0, count: 64)) },
        ]
        + [Signed.hs256, .rs256, .es256, .edDSA].flatMap { kind in
            // The last letter has bits to spare: other letters stand for the same bytes to a careless reader.
            (1..<(kind == .hs256 ? 4 : 16)).map { spare in
                Forgery("\(kind): the last letter's spare bits as \(spare)") { try kind.token(spare: spare) }
            }
        }

    private static let order: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD,
        0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
    ]

    private static func signedInput(_ header: String) -> String {
        "\(Forge.base64(header)).\(Forge.base64(Forge.claims()))"
    }

    private static func raw(_ algorithm: String, _ id: String, _ signature: [UInt8]) throws -> String {
        "\(signedInput("{\"alg\":\"\(algorithm)\",\"kid\":\"\(id)\"}")).\(Forge.base64(signature))"
    }

    // MARK: Parts

    private static let shape: [Forgery] = [
        Forgery("nothing") { "" },
        Forgery("one dot") { "." },
        Forgery("two dots") { ".." },
        Forgery("only dots") { "......" },
        Forgery("no dot") { try signed().filter { $0 != "." } },
        Forgery("two parts") { split(try signed()).prefix(2).joined(separator: ".") },
        Forgery("four parts") { try signed() + ".e30" },
        Forgery("five parts, as of an encrypted token") { try signed() + ".e30.e30" },
        Forgery("a dot at the end") { try signed() + "." },
        Forgery("a dot at the start") { "." + (try signed()) },
        Forgery("no header") { try Forge.token(parts: "", Forge.base64(Forge.claims()), Keys.hmac()) },
        Forgery("no claims") { try Forge.token(parts: Forge.base64(hs256), "", Keys.hmac()) },
        Forgery("header and claims exchanged") {
            try Forge.token(parts: Forge.base64(Forge.claims()), Forge.base64(hs256), Keys.hmac())
        },
        Forgery("a padded signature") { try signed() + "=" },
        Forgery("padded claims") {
            try Forge.token(parts: Forge.base64(hs256), Forge.base64(Forge.claims()) + "=", Keys.hmac())
        },
        Forgery("a padded header") {
            try Forge.token(parts: Forge.base64(hs256) + "=", Forge.base64(Forge.claims()), Keys.hmac())
        },
        Forgery("a space before") { " " + (try signed()) },
        Forgery("a line end behind") { try signed() + "\n" },
        Forgery("a line end within") {
            try Forge.token(parts: Forge.base64(hs256) + "\r\n", Forge.base64(Forge.claims()), Keys.hmac())
        },
        Forgery("a zero byte behind") { try signed() + "\u{0}" },
        Forgery("the scheme too") { "Bearer " + (try signed()) },
        Forgery("in quotes") { "\"\(try signed())\"" },
        Forgery("the letters of plain base64") {
            // Header bytes chosen so that the two alphabets differ.
            try Forge.token(
                parts: "eyJhbGciOiJIUzI1NiIsIngiOiI+Pj4/Pz8ifQ", Forge.base64(Forge.claims()), Keys.hmac())
        },
        Forgery("letters outside ASCII") { try signed() + "é" },
        Forgery("past the size limit") {
            try signed(hs256, Forge.claims("\"x\":\"\(String(repeating: "x", count: 8192))\""))
        },
        Forgery("a megabyte of dots") { String(repeating: ".", count: 1 << 20) },
    ]

    // MARK: Header

    private static let header: [Forgery] = [
        ("no JSON", "alg=HS256"), ("cut short", #"{"alg":"HS256""#), ("a list", #"[{"alg":"HS256"}]"#),
        ("a text", #""HS256""#), ("null", "null"), ("something behind", hs256 + "{}"),
        ("a mark before", "\u{FEFF}" + hs256),
        ("alg twice", #"{"alg":"none","alg":"HS256"}"#),
        ("alg twice, once escaped", #"{"alg":"none","\u0061lg":"HS256"}"#),
        ("crit of nothing", #"{"alg":"HS256","crit":[]}"#), ("crit of exp", #"{"alg":"HS256","crit":["exp"],"exp":1}"#),
        ("crit no list", #"{"alg":"HS256","crit":"exp"}"#), ("crit null", #"{"alg":"HS256","crit":null}"#),
        ("b64 false", #"{"alg":"HS256","b64":false}"#),
        (
            "deep",
            #"{"alg":"HS256","x":"# + String(repeating: "[", count: 100) + String(repeating: "]", count: 100) + "}"
        ),
        ("very deep", #"{"alg":"HS256","x":"# + String(repeating: "[", count: 5000)),
        ("a lone surrogate", #"{"alg":"HS256","x":"\ud800"}"#),
    ].map { name, header in Forgery("header: \(name)") { try signed(header) } }

    // MARK: Claims, properly signed

    private static let claims: [Forgery] =
        [
            ("no JSON", "sub=ada"), ("empty object", "{}"), ("a list", "[\(Forge.claims())]"), ("null", "null"),
            ("something behind", Forge.claims() + "x"),
            ("deep", Forge.claims("\"x\":" + String(repeating: "[", count: 100))),
            ("no exp", #"{"sub":"ada"}"#), ("exp a text", Forge.claims(exp: "\"1770003600\"")),
            ("exp negative", Forge.claims(exp: "-1")), ("exp null", Forge.claims(exp: "null")),
            ("exp true", Forge.claims(exp: "true")), ("exp a list", Forge.claims(exp: "[1770003600]")),
            ("exp huge", Forge.claims(exp: "1e300")), ("exp past Int64", Forge.claims(exp: "9223372036854775808")),
            ("exp infinite", Forge.claims(exp: "1e999")), ("exp past the year 9999", Forge.claims(exp: "253402300800")),
            ("exp in milliseconds", Forge.claims(exp: "1770003600000")),
            ("exp misspelt", Forge.claims(exp: "01770003600")), ("exp hexadecimal", Forge.claims(exp: "0x7FFFFFFF")),
            ("exp twice", #"{"sub":"ada","exp":1,"exp":1770003600}"#),
            ("sub twice", #"{"sub":"bob","sub":"ada","exp":1770003600}"#),
            ("sub twice, once escaped", #"{"sub":"bob","\u0073ub":"ada","exp":1770003600}"#),
            ("no sub", #"{"exp":1770003600}"#), ("sub a number", #"{"sub":1,"exp":1770003600}"#),
            ("sub empty", #"{"sub":"","exp":1770003600}"#), ("sub null", #"{"sub":null,"exp":1770003600}"#),
            ("sub too long", "{\"sub\":\"\(String(repeating: "a", count: 129))\",\"exp\":1770003600}"),
            ("sub with more behind", #"{"sub":"ada\u0000","exp":1770003600}"#),
            ("sub in other case", #"{"sub":"ADA","exp":1770003600}"#),
            ("nbf in an hour", Forge.claims("\"nbf\":1770003600")), ("nbf a text", Forge.claims("\"nbf\":\"0\"")),
            ("iat in an hour", Forge.claims("\"iat\":1770003600")), ("iat null", Forge.claims("\"iat\":null")),
            ("iss a number", Forge.claims("\"iss\":1")), ("aud a number", Forge.claims("\"aud\":1")),
            ("aud of numbers", Forge.claims("\"aud\":[1]")),
        ].map { name, claims in Forgery("claims: \(name)") { try signed(hs256, claims) } } + [
            Forgery("claims: not UTF-8") {
                let claims = Array(#"{"sub":"ada","exp":1770003600,"x":""#.utf8) + [0xFF, 0xFE] + Array("\"}".utf8)
                return try Forge.token(parts: Forge.base64(hs256), Forge.base64(claims), Keys.hmac())
            }
        ]
}

/// A good token of each family.
enum Signed: String, CaseIterable, CustomTestStringConvertible {
    case hs256 = "HS256"
    case rs256 = "RS256"
    case es256 = "ES256"
    case edDSA = "EdDSA"

    var testDescription: String { rawValue }

    var token: String {
        get throws {
            switch self {
            case .hs256: try Forge.token(#"{"alg":"HS256"}"#, Forge.claims(), Keys.hmac())
            case .rs256: try Forge.token(#"{"alg":"RS256","kid":"rsa"}"#, Forge.claims(), Keys.rsa())
            case .es256: try Forge.token(#"{"alg":"ES256","kid":"ec"}"#, Forge.claims(), Keys.ecdsa())
            case .edDSA: try Forge.token(#"{"alg":"EdDSA","kid":"ed"}"#, Forge.claims(), Keys.edDSA())
            }
        }
    }

    /// The good token with something in the last letter's spare bits.
    func token(spare: Int) throws -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var token = try token
        let last = letters.firstIndex(of: token.removeLast()) ?? 0
        return token + String(letters[last + spare])
    }
}
