public import ChatKernel
import ChatWire

/// The keys that tokens are signed and verified with: several at once, so that they can be rotated without anybody
/// having to sign in again.
///
/// A token with a `kid` is verified with the keys of that identifier; one without, with the keys that have none, or
/// with the only key there is. A key has one algorithm, from the config, and a token's `alg` must be the same word.
public struct KeyRing: Sendable {
    /// How many keys there may be. A token without `kid` is tried with each key that has none.
    public static let limit = 32

    struct Key: Sendable {
        let id: String?
        let algorithm: TokenAlgorithm
        let verifier: any Verifier
        let signer: (any Signer)?
    }

    private let keys: [Key]
    private let signing: Key?
    /// What the operator should know, a sentence each, without secrets.
    public let warnings: [Problems.Problem]

    /// - Parameter keys: the first that can sign does.
    init(_ keys: [Key], warnings: [Problems.Problem] = []) {
        self.keys = Array(keys.prefix(Self.limit))
        signing = self.keys.first { $0.signer != nil }
        self.warnings = warnings
    }

    /// Whether tokens can be made here. A ring of public keys only trusts tokens minted elsewhere.
    public var canSign: Bool { signing != nil }

    /// The claims of a token that is genuine, ours and in time.
    /// - Throws: `token_expired` for one that was good and has ended, `token_invalid` for every other; both with the
    ///   same sentence, so that whoever forges one learns nothing.
    public func verify(_ token: String, at now: Timestamp, _ rules: ClaimRules) throws(ChatError) -> Claims {
        guard let token = JWT(token), isSigned(token), let claims = Claims(token.claims) else {
            throw Self.tokenInvalid
        }
        do {
            try rules.check(claims, at: now)
        } catch {
            throw error == .expired ? Self.tokenExpired : Self.tokenInvalid
        }
        return claims
    }

    private func isSigned(_ token: JWT) -> Bool {
        candidates(token.keyID).contains { key in
            token.algorithm == key.algorithm.rawValue && key.verifier.isValid(token.signature, over: token.signed)
        }
    }

    private func candidates(_ id: String?) -> [Key] {
        if let id { return keys.filter { $0.id.map { $0.utf8.elementsEqual(id.utf8) } ?? false } }
        return keys.count == 1 ? keys : keys.filter { $0.id == nil }
    }

    /// A signed token with these claims, a JSON object.
    /// - Throws: `forbidden` when no key here can sign.
    func sign(claims: [UInt8]) throws(ChatError) -> String {
        guard let signing, let signer = signing.signer else {
            throw ChatError(.forbidden, "Tokens for this server are issued elsewhere.")
        }
        var header: [UInt8] = []
        header.appendObject { header in
            header.member("alg", signing.algorithm.rawValue)
            header.member("typ", "JWT")
            if let id = signing.id { header.member("kid", id) }
        }
        let signed = Base64.url.encode(header) + [UInt8(ascii: ".")] + Base64.url.encode(claims)
        guard let signature = signer.sign(signed) else {
            throw ChatError(.internal, "Something went wrong on our side.")
        }
        return String(decoding: signed + [UInt8(ascii: ".")] + Base64.url.encode(signature), as: UTF8.self)
    }

    static let tokenInvalid = ChatError(.tokenInvalid, refusal)
    static let tokenExpired = ChatError(.tokenExpired, refusal)
    private static let refusal = "This token is not accepted; sign in again."
}
