/// EdDSA with Ed25519 (RFC 8037 section 3.1). Ed448 is not offered.
struct EdDSAKey: Signer {
    private let key: AsymmetricKey

    init(_ key: AsymmetricKey) throws(KeyProblem) {
        guard key.isA("ED25519") else { throw KeyProblem(detail: "EdDSA takes an Ed25519 key") }
        self.key = key
    }

    func isValid(_ signature: [UInt8], over input: [UInt8]) -> Bool {
        signature.count == 64 && key.isValid(signature, over: input, digest: .builtIn)
    }

    func sign(_ input: [UInt8]) -> [UInt8]? { key.sign(input, digest: .builtIn) }
}
