import Testing

@testable import ChatAuth

@Suite("Keys") struct SignatureTests {
    @Test("A signature on P-256 has the same numbers in both spellings", arguments: [0x00, 0x01, 0x7F, 0x80, 0xFF])
    func spellings(lead: UInt8) throws {
        let raw = [lead] + [UInt8](repeating: 7, count: 31) + [UInt8](repeating: 0, count: 31) + [lead]
        let signature = try #require(ECDSASignature(raw: raw))
        #expect(ECDSASignature(der: signature.der)?.raw == raw)
    }

    @Test(
        "Bytes that are no signature in DER are refused",
        arguments: [
            [], [0x30], [0x30, 0], [0x31, 6, 2, 1, 1, 2, 1, 1], [0x30, 7, 2, 1, 1, 2, 1, 1],
            [0x30, 6, 2, 1, 1, 2, 2, 1],
            [0x30, 6, 2, 1, 1, 3, 1, 1], [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1], [0x30, 3, 2, 1, 1], [0x30, 2, 2, 0x80],
            [0x30, 38, 2, 33] + [UInt8](repeating: 1, count: 33) + [2, 1, 1],
        ] as [[UInt8]])
    func notDER(bytes: [UInt8]) {
        #expect(ECDSASignature(der: bytes) == nil)
    }

    @Test("A public half verifies and does not sign") func publicHalves() throws {
        for key in [try Keys.rsa(.public), try Keys.ecdsa(.public), try Keys.edDSA(.public)] as [any Signer] {
            #expect(key.sign([1, 2, 3]) == nil)
        }
    }

    struct Misfit: CustomTestStringConvertible {
        let testDescription: String
        let pem: String
        let algorithm: TokenAlgorithm
        let complaint: String
    }

    @Test(
        "A key that does not fit its algorithm is refused in words",
        arguments: [
            Misfit(
                testDescription: "RSA of 1024 bits", pem: Keys.weakPublic, algorithm: .rs256,
                complaint: "RS256 takes a key of at least 2048 bits"),
            Misfit(
                testDescription: "a curve for RS256", pem: Keys.ecPublic, algorithm: .rs256,
                complaint: "RS256 takes an RSA key"),
            Misfit(
                testDescription: "P-384", pem: Keys.p384Public, algorithm: .es256,
                complaint: "ES256 takes a key on the curve P-256"),
            Misfit(
                testDescription: "Ed25519 for ES256", pem: Keys.edPublic, algorithm: .es256,
                complaint: "ES256 takes a key on the curve P-256"),
            Misfit(
                testDescription: "RSA for EdDSA", pem: Keys.rsaPublic, algorithm: .edDSA,
                complaint: "EdDSA takes an Ed25519 key"),
            Misfit(
                testDescription: "nothing", pem: "", algorithm: .rs256,
                complaint: "is not a PEM public key (\"-----BEGIN PUBLIC KEY-----\")"),
            Misfit(
                testDescription: "the private half", pem: Keys.rsaPrivate, algorithm: .rs256,
                complaint: "is not a PEM public key (\"-----BEGIN PUBLIC KEY-----\")"),
        ])
    func misfits(misfit: Misfit) throws {
        let error = try #require(throws: KeyProblem.self) {
            let key = try AsymmetricKey(pem: Array(misfit.pem.utf8), half: .public)
            switch misfit.algorithm {
            case .rs256: _ = try RSAKey(key)
            case .es256: _ = try ECDSAKey(key)
            default: _ = try EdDSAKey(key)
            }
        }
        #expect(error.detail == misfit.complaint)
    }

    @Test("A private key with a pass phrase is refused, and nobody is asked for it") func encrypted() {
        #expect(throws: KeyProblem.self) {
            try AsymmetricKey(pem: Array(Keys.encryptedPrivate.utf8), half: .private)
        }
    }

    @Test("A short secret, and a public key for a secret, are refused") func secrets() {
        #expect(throws: KeyProblem.self) { try Keys.hmac(.hs256, Array("fifteen bytes..".utf8)) }
        #expect(throws: KeyProblem.self) { try Keys.hmac(.hs256, Array(Keys.rsaPublic.utf8)) }
        #expect(throws: Never.self) { try Keys.hmac(.hs256, Array("sixteen bytes...".utf8)) }
    }
}
