import ChatKernel

/// What claims must say to be accepted. Pure: the time is an argument.
public struct ClaimRules: Hashable, Sendable {
    /// How far clocks of those who issue tokens may be off, in seconds (`protocol.md` section 8).
    public static let leeway: Int64 = 30

    /// Demanded as `iss` when set.
    public var issuer: String?
    /// Demanded among `aud` when set.
    public var audience: String?

    public init(issuer: String? = nil, audience: String? = nil) {
        self.issuer = issuer
        self.audience = audience
    }

    /// Why a token is not accepted. All of it is one sentence to its bearer, and two codes.
    enum Refusal: Error {
        case invalid
        case expired
    }

    /// The time is looked at last, so that "expired" is only said of a token that was once good.
    func check(_ claims: Claims, at now: Timestamp) throws(Refusal) {
        if let issuer { guard claims.issuer == issuer else { throw .invalid } }
        if let audience { guard claims.audiences.contains(audience) else { throw .invalid } }
        let latestStart = now.advanced(bySeconds: Self.leeway)
        for start in [claims.notBefore, claims.issuedAt] {
            if let start { guard start <= latestStart else { throw .invalid } }
        }
        guard now < claims.expiresAt.advanced(bySeconds: Self.leeway) else { throw .expired }
    }
}
