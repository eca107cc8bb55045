/// What a client shows to say who it is.
public enum Credentials: Sendable {
    /// A signed token: `?token=`, `Authorization: Bearer`, or a frame's.
    case token(String)
}

/// Who somebody is, and until when that holds.
public struct Identity: Hashable, Sendable {
    public let user: UserReference
    /// The moment the credentials end; nil for those that do not (an embedder's own).
    public let expiresAt: Timestamp?
    public let isSuperuser: Bool

    public init(user: UserReference, expiresAt: Timestamp? = nil, isSuperuser: Bool = false) {
        self.user = user
        self.expiresAt = expiresAt
        self.isSuperuser = isSuperuser
    }
}

/// Turns credentials into an identity. The one door for every transport.
///
/// ## For adapter authors
/// Must refuse what it does not know (`token_invalid`), what has ended (`token_expired`), and users that are not
/// active; must not touch the store before a signature holds; must not put a secret in an error. May be called
/// concurrently.
public protocol Authenticator: Sendable {
    func identify(_ credentials: Credentials) async throws(ChatError) -> Identity
}

/// An optional ability: accounts with passwords, and tokens for them.
public protocol Accounts: Authenticator {
    /// Whether anybody may make an account.
    var acceptsRegistration: Bool { get }

    /// Makes an account. `address` is the client's, for limits; nil for the operator.
    /// - Throws: `invalid_field` for a name or password that will not do, `conflict` for one that is taken,
    ///   `forbidden` when registration is off, `rate_limited`.
    func register(
        username: String, password: String, email: String?, from address: String?
    ) async throws(ChatError) -> User

    /// Exchanges a password for a token.
    ///
    /// Must take the same time for an unknown user as for a wrong password.
    /// - Throws: `token_invalid` when the pair does not match, `rate_limited`.
    func login(username: String, password: String, from address: String?) async throws(ChatError) -> AccessToken
}

/// A token for its bearer.
public struct AccessToken: Sendable {
    public let token: String
    public let expiresInSeconds: Int

    public init(token: String, expiresInSeconds: Int) {
        self.token = token
        self.expiresInSeconds = expiresInSeconds
    }
}
