/// RS256: RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 section 3.3).
struct RSAKey: Signer {
    private let key: AsymmetricKey

    init(_ key: AsymmetricKey) throws(KeyProblem) {
        guard key.isA("RSA") else { throw KeyProblem(detail: "RS256 takes an RSA key") }
        guard key.bits >= 2048 else { throw KeyProblem(detail: "RS256 takes a key of at least 2048 bits") }
        self.key = key
    }

    func isValid(_ signature: [UInt8], over input: [UInt8]) -> Bool {
        key.isValid(signature, over: input, digest: .sha256)
    }

    func sign(_ input: [UInt8]) -> [UInt8]? { key.sign(input, digest: .sha256) }
}
