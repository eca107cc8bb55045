/// What a client shows to say who it is.
public enum Credentials: Sendable {
    /// A signed token: `?token=`, `Authorization: Bearer`, or a frame's.
    case token(String)
    /// A ticket: `?ticket=`, where a client cannot set a header and a token should not stand in an address.
    case ticket(String)
}

/// Who somebody is, and until when that holds.
public struct Identity: Hashable, Sendable {
    public let user: UserReference
    /// The moment the credentials end; nil for those that do not (an embedder's own).
    public let expiresAt: Timestamp?
    /// Carried from the account for the embedder: no rule of the kernel reads it.
    public let isSuperuser: Bool

    public init(user: UserReference, expiresAt: Timestamp? = nil, isSuperuser: Bool = false) {
        self.user = user
        self.expiresAt = expiresAt
        self.isSuperuser = isSuperuser
    }
}

extension Identity {
    /// The leeway for clocks that disagree, with which the end of a token is judged, in seconds (`protocol.md` section 8).
    public static let leewaySeconds: Int64 = 30

    /// How long it still holds, the leeway included, in nanoseconds: 0 when it is over, some 30 years when it does not end.
    public func timeLeft(at now: Timestamp) -> Int64 {
        let longest: Int64 = 1 << 60
        guard let expiresAt else { return longest }
        let (left, isFar) = expiresAt.advanced(bySeconds: Self.leewaySeconds).microseconds
            .subtractingReportingOverflow(now.microseconds)
        return isFar ? longest : min(max(0, left), longest / 1000) * 1000
    }
}

/// Turns credentials into an identity. The one door for every transport.
///
/// ## For adapter authors
/// Must refuse what it does not know (`token_invalid`), what has ended (`token_expired`), and users that are not active
/// (`token_invalid`), half a minute after they were disabled at the latest: for a minute the kernel closes whatever
/// they open, and not longer. Must not touch the store before a signature holds; must not put a secret in an error. May
/// be called concurrently.
public protocol Authenticator: Sendable {
    /// Who the bearer is, and until when that may be believed. Asked once a request or connection, and again when a
    /// client renews its token; who can answer without waiting is ``Recognizing`` besides.
    /// - Throws: `token_invalid`, `token_expired`: the client needs other credentials. What may pass
    ///   (`store_unavailable`, `overloaded`): they are good to try again. The detail is shown to the client.
    func identify(_ credentials: Credentials) async throws(ChatError) -> Identity
}

/// An optional ability: to know at once whom it identified a moment ago, so that a client that asks again and again need not wait
/// each time until somebody has been asked.
public protocol Recognizing: Authenticator {
    /// Who the bearer of a token is, as ``Authenticator/identify(_:)`` would say it now, and until when that may be believed (in
    /// monotonic nanoseconds). Nil for whatever is not certain, and for all that would be refused: ask there. May be called
    /// concurrently, and must not block.
    func recognize(_ token: String) -> (identity: Identity, until: Int64)?
}

/// An optional ability: accounts with passwords, and tokens for them.
public protocol Accounts: Authenticator {
    /// Whether anybody may make an account.
    var acceptsRegistration: Bool { get }

    /// Makes an account. `address` is the client's, for limits; nil for the operator.
    /// - Throws: `invalid_field` for a name, password or address that will not do, `conflict` for a name or an address
    ///   that is taken, `forbidden` when registration is off, `rate_limited`, `overloaded`, `store_unavailable`.
    func register(
        username: String, password: String, email: String?, from address: String?
    ) async throws(ChatError) -> User

    /// Exchanges a password for a token.
    ///
    /// Must take the same time for an unknown user as for a wrong password.
    /// - Throws: `token_invalid` when the pair does not match or the account is disabled, `forbidden` where tokens are
    ///   not given, `rate_limited`, `overloaded`, `store_unavailable`.
    func login(username: String, password: String, from address: String?) async throws(ChatError) -> AccessToken
}

/// An optional ability: an authenticator that gives tickets, for clients that cannot set a header, such as a browser's
/// `EventSource` and `WebSocket`.
public protocol TicketIssuing: Authenticator {
    /// A ticket for somebody who has been identified. ``Authenticator/identify(_:)`` must take it once, within its life, for
    /// the same user and until the same moment, and never again.
    func issueTicket(to identity: Identity) throws(ChatError) -> Ticket
}

/// Shown once instead of a token, soon.
public struct Ticket: Sendable {
    public let text: String
    /// From when it was given.
    public let expiresInSeconds: Int

    public init(text: String, expiresInSeconds: Int) {
        self.text = text
        self.expiresInSeconds = expiresInSeconds
    }
}

/// A token for its bearer.
public struct AccessToken: Sendable {
    public let token: String
    /// From when it was given; judged with ``Identity/leewaySeconds`` more.
    public let expiresInSeconds: Int

    public init(token: String, expiresInSeconds: Int) {
        self.token = token
        self.expiresInSeconds = expiresInSeconds
    }
}
