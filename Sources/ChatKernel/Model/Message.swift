/// A message as it stands now: what the log says of it, folded together.
public struct Message: Hashable, Sendable {
    public let id: MessageID
    public let conversation: ConversationID
    /// The number of the entry that brought it.
    public let seq: Seq
    public let sender: UserReference
    /// Empty when deleted.
    public var content: String
    public var isEdited: Bool
    public var isDeleted: Bool
    public let createdAt: Timestamp
    /// When it was last edited, or deleted; ``createdAt`` before that. Reactions do not count.
    public var updatedAt: Timestamp
    /// As its sender named it; everybody is shown it.
    public let clientID: ClientID?
    public let replyTo: MessageID?
    /// In the order in which each key was first used; none when deleted.
    public var reactions: [Reactions]

    public init(
        id: MessageID, conversation: ConversationID, seq: Seq, sender: UserReference, content: String,
        isEdited: Bool = false, isDeleted: Bool = false, createdAt: Timestamp, updatedAt: Timestamp? = nil,
        clientID: ClientID? = nil, replyTo: MessageID? = nil, reactions: [Reactions] = []
    ) {
        self.id = id
        self.conversation = conversation
        self.seq = seq
        self.sender = sender
        self.content = content
        self.isEdited = isEdited
        self.isDeleted = isDeleted
        self.createdAt = createdAt
        self.updatedAt = updatedAt ?? createdAt
        self.clientID = clientID
        self.replyTo = replyTo
        self.reactions = reactions
    }
}

/// Who reacted to a message with one key (an emoji, or any short text).
public struct Reactions: Hashable, Sendable {
    public let key: String
    /// In the order in which they reacted.
    public var users: [UserID]

    public init(key: String, users: [UserID]) {
        self.key = key
        self.users = users
    }

    /// Whether they are of this key, which is compared by bytes.
    public func isOf(_ key: String) -> Bool { isSame(self.key, key) }
}
