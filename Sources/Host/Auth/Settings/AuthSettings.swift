/// The config's `auth`.
///
/// ```json
/// { "secretKey": {"env": "CHAT_SECRET_KEY"}, "algorithm": "HS256", "accessTokenExpireMinutes": 60,
///   "registration": true, "autoProvision": false, "issuer": "https://id.example.org", "audience": "chat",
///   "keys": [ {"id": "2025", "algorithm": "ES256", "publicKey": {"file": "issuer.pem"}} ] }
/// ```
public struct AuthSettings: Sendable, Decodable {
    /// Signs tokens, and verifies them: for HS256 to HS512 a secret of at least 16 bytes, better 32; for the others a
    /// PEM private key. Left out, the host makes one on its first run, unless there are ``keys``.
    public var secretKey: Secret?
    /// The `kid` of tokens signed with ``secretKey``; none when left out. Refused where there are ``keys`` instead of it.
    public var secretKeyID: String?
    /// The algorithm of ``secretKey``. HS256 when left out; refused where there are ``keys`` instead of it.
    public var algorithm = TokenAlgorithm.hs256
    /// How long a token lives, in minutes, 1 to 525,600 (a year). 60 when left out. A longer life is a longer one for a
    /// stolen token too.
    public var accessTokenExpireMinutes = 60
    /// Whether anybody may make an account. True when left out.
    public var registration = true
    /// Whether a genuine token for an unknown `sub` makes an account. False when left out.
    public var autoProvision = false
    /// More keys, for tokens minted elsewhere or before a rotation. At most 31.
    public var keys: [KeySettings] = []
    /// Demanded as `iss`, and written into our own tokens.
    public var issuer: String?
    /// Demanded in `aud`, and written into our own tokens.
    public var audience: String?

    public init() {}

    /// Whether the host has to make a secret and keep it.
    public var needsSecret: Bool { secretKey == nil && keys.isEmpty }

    /// The demands on a token's claims.
    public var claimRules: ClaimRules { ClaimRules(issuer: issuer, audience: audience) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: SettingKey.self)
        try container.refuseKeys(besides: [
            "secretKey", "secretKeyId", "algorithm", "accessTokenExpireMinutes", "registration", "autoProvision",
            "keys", "issuer", "audience",
        ])
        secretKey = try container.value("secretKey")
        secretKeyID = try container.value("secretKeyId")
        let named = try container.value("algorithm", TokenAlgorithm.self)
        algorithm = named ?? algorithm
        accessTokenExpireMinutes = try container.number(
            "accessTokenExpireMinutes", in: 1...525_600, default: accessTokenExpireMinutes)
        registration = try container.value("registration", default: registration)
        autoProvision = try container.value("autoProvision", default: autoProvision)
        keys = try container.value("keys", default: [])
        issuer = try container.value("issuer")
        audience = try container.value("audience")
        guard keys.count < KeyRing.limit else {
            throw DecodingError.dataCorruptedError(
                forKey: SettingKey("keys"), in: container, debugDescription: "has at most \(KeyRing.limit - 1) keys")
        }
        // A secretKey that is there and has been refused is not missing.
        if !keys.isEmpty, !container.contains(SettingKey("secretKey")) {
            let idle = secretKeyID != nil ? "secretKeyId" : named != nil ? "algorithm" : nil
            if let idle {
                throw DecodingError.dataCorruptedError(
                    forKey: SettingKey(idle), in: container,
                    debugDescription: "is of use with a secretKey only; each of the keys says its own")
            }
        }
        var ids = Set([secretKeyID].compactMap { $0 })
        for (index, key) in keys.enumerated() {
            if let id = key.id, !ids.insert(id).inserted {
                throw DecodingError.dataCorruptedError(
                    forKey: SettingKey("keys"), in: container,
                    debugDescription: "[\(index)].id is the same as another key's")
            }
        }
    }
}

/// One of the config's `auth.keys`.
public struct KeySettings: Sendable, Decodable {
    enum Material: Sendable {
        case secret(Secret)
        case publicKey(Secret)
        case privateKey(Secret)
    }

    /// The `kid` of its tokens. A key without one is tried with tokens without one.
    public let id: String?
    public let algorithm: TokenAlgorithm
    let material: Material

    /// A key that verifies tokens minted elsewhere.
    /// - Parameter publicKey: PEM. That it fits the algorithm is checked when a ``KeyRing`` is made of it.
    public init(id: String?, algorithm: TokenAlgorithm, publicKey: Secret) {
        self.id = id
        self.algorithm = algorithm
        material = .publicKey(publicKey)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: SettingKey.self)
        try container.refuseKeys(besides: ["id", "algorithm", "secret", "publicKey", "privateKey"])
        id = try container.value("id")
        algorithm = try container.decode(TokenAlgorithm.self, forKey: SettingKey("algorithm"))
        let given: [Material] = [
            try container.value("secret", Secret.self).map { .secret($0) },
            try container.value("publicKey", Secret.self).map { .publicKey($0) },
            try container.value("privateKey", Secret.self).map { .privateKey($0) },
        ].compactMap { $0 }
        let form = algorithm.isSymmetric ? "\"secret\"" : "either \"publicKey\" or \"privateKey\""
        guard given.count == 1, let material = given.first, material.fits(algorithm) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath, debugDescription: "a key of \(algorithm.rawValue) has \(form)"))
        }
        self.material = material
    }
}

extension KeySettings.Material {
    fileprivate func fits(_ algorithm: TokenAlgorithm) -> Bool {
        switch self {
        case .secret: algorithm.isSymmetric
        case .publicKey, .privateKey: !algorithm.isSymmetric
        }
    }
}
