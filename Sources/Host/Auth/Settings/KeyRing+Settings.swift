extension KeyRing {
    /// Everything that is wrong with the keys of a config, at once.
    public struct Problems: Error, Hashable, Sendable, CustomStringConvertible {
        public struct Problem: Hashable, Sendable {
            /// Below the config's `auth`, as in `keys[1].publicKey`.
            public let path: String
            public let detail: String
        }

        public let all: [Problem]

        public var description: String { all.map { "\($0.path): \($0.detail)" }.joined(separator: "\n") }
    }

    /// The ring that a config describes. `secretKey` signs if there is one, or else the first key that can.
    ///
    /// - Parameter generatedSecret: what the host made on its first run, at least 32 random bytes; used when
    ///   ``AuthSettings/needsSecret``.
    /// - Throws: everything that is wrong. No text of it has any of a secret in it.
    public init(
        _ settings: AuthSettings, generatedSecret: [UInt8]? = nil, sources: Secret.Sources
    ) throws(Problems) {
        var keys: [Key] = []
        var warnings: [Problems.Problem] = []
        var problems: [Problems.Problem] = []

        func add(_ path: String, _ make: () throws(KeyProblem) -> (Key, warning: String?)) {
            do throws(KeyProblem) {
                let (key, warning) = try make()
                keys.append(key)
                if let warning { warnings.append(Problems.Problem(path: path, detail: warning)) }
            } catch {
                problems.append(Problems.Problem(path: path, detail: error.detail))
            }
        }

        let (id, algorithm) = (settings.secretKeyID, settings.algorithm)
        if let secret = settings.secretKey {
            add("secretKey") { () throws(KeyProblem) in
                let bytes = try secret.resolve(sources)
                return algorithm.isSymmetric
                    ? try Self.shared(bytes, id, algorithm) : try Self.pair(bytes, .private, id, algorithm)
            }
        } else if settings.needsSecret {
            add("secretKey") { () throws(KeyProblem) in
                guard algorithm.isSymmetric else {
                    throw KeyProblem(detail: "\(algorithm.rawValue) needs a PEM private key")
                }
                guard let generatedSecret else { throw KeyProblem(detail: "is missing") }
                return try Self.shared(generatedSecret, id, algorithm)
            }
        }
        for (index, key) in settings.keys.enumerated() {
            switch key.material {
            case .secret(let secret):
                add("keys[\(index)].secret") { () throws(KeyProblem) in
                    try Self.shared(try secret.resolve(sources), key.id, key.algorithm)
                }
            case .publicKey(let pem):
                add("keys[\(index)].publicKey") { () throws(KeyProblem) in
                    try Self.pair(try pem.resolve(sources), .public, key.id, key.algorithm)
                }
            case .privateKey(let pem):
                add("keys[\(index)].privateKey") { () throws(KeyProblem) in
                    try Self.pair(try pem.resolve(sources), .private, key.id, key.algorithm)
                }
            }
        }
        guard problems.isEmpty else { throw Problems(all: problems) }
        self.init(keys, warnings: warnings)
    }

    private static func shared(
        _ secret: [UInt8], _ id: String?, _ algorithm: TokenAlgorithm
    ) throws(KeyProblem) -> (Key, warning: String?) {
        let key = try HMACKey(secret: secret, algorithm: algorithm)
        let warning =
            secret.count < HMACKey.advisedBytes
            ? "the secret has fewer than \(HMACKey.advisedBytes) bytes and can be guessed by whoever has a token" : nil
        return (Key(id: id, algorithm: algorithm, verifier: key, signer: key), warning)
    }

    private static func pair(
        _ pem: [UInt8], _ half: AsymmetricKey.Half, _ id: String?, _ algorithm: TokenAlgorithm
    ) throws(KeyProblem) -> (Key, warning: String?) {
        let pair = try AsymmetricKey(pem: pem, half: half)
        let key: any Signer
        switch algorithm {
        case .rs256: key = try RSAKey(pair)
        case .es256: key = try ECDSAKey(pair)
        case .edDSA: key = try EdDSAKey(pair)
        case .hs256, .hs384, .hs512: throw KeyProblem(detail: "\(algorithm.rawValue) takes a secret, not a key pair")
        }
        let signer = half == .private ? key : nil
        return (Key(id: id, algorithm: algorithm, verifier: key, signer: signer), nil)
    }
}
