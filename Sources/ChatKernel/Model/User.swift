/// What every event shows of a user.
public struct UserReference: Hashable, Sendable {
    public let id: UserID
    /// As the account has it, which does not change.
    public let username: String

    public init(id: UserID, username: String) {
        self.id = id
        self.username = username
    }
}

/// An account.
///
/// A username does not change once made: events carry it, and an event is the same bytes live and in every replay.
public struct User: Hashable, Sendable {
    public let id: UserID
    /// 1 to 64 bytes; unique without regard to case.
    public let username: String
    /// Unique without regard to case when there is one.
    public var email: String?
    /// A password hash in PHC text form; nil for an account whose tokens are minted elsewhere.
    public var passwordHash: String?
    /// A disabled user keeps its place in history and its memberships, and is refused everywhere.
    public var isActive: Bool
    /// Kept and carried (``Identity/isSuperuser``) for the embedder: no rule of the kernel reads it.
    public var isSuperuser: Bool
    public let createdAt: Timestamp
    /// Set by whoever changes the account: of a disabled one the kernel learns by it (``UserQuery/disabled(since:)``).
    public var updatedAt: Timestamp

    public init(
        id: UserID, username: String, email: String? = nil, passwordHash: String? = nil, isActive: Bool = true,
        isSuperuser: Bool = false, createdAt: Timestamp, updatedAt: Timestamp? = nil
    ) {
        self.id = id
        self.username = username
        self.email = email
        self.passwordHash = passwordHash
        self.isActive = isActive
        self.isSuperuser = isSuperuser
        self.createdAt = createdAt
        self.updatedAt = updatedAt ?? createdAt
    }

    public var reference: UserReference { UserReference(id: id, username: username) }
}

extension User {
    /// What makes two usernames, or two addresses, the same one.
    public static func folded(_ text: String) -> String { text.lowercased() }
}
