/// What a conversation is called.
public struct ConversationDetails: Hashable, Sendable {
    public var name: String?
    public var description: String?
    /// A conversation that is not a group, of two users, is the only one of that pair.
    public var isGroup: Bool

    public init(name: String? = nil, description: String? = nil, isGroup: Bool) {
        self.name = name
        self.description = description
        self.isGroup = isGroup
    }
}

/// A conversation as one of its members sees it now.
public struct Conversation: Hashable, Sendable {
    public let id: ConversationID
    public var details: ConversationDetails
    public let createdAt: Timestamp
    /// When the last entry was committed: what "newest activity first" sorts by.
    public var updatedAt: Timestamp
    /// Present members, by when they came.
    public var participants: [Member]
    public var lastSeq: Seq
    /// Others' messages past the viewer's read mark that are not deleted.
    public var unreadCount: Int
    /// The newest message the viewer may see, deleted or not.
    public var lastMessage: Message?

    public init(
        id: ConversationID, details: ConversationDetails, createdAt: Timestamp, updatedAt: Timestamp,
        participants: [Member], lastSeq: Seq, unreadCount: Int, lastMessage: Message?
    ) {
        self.id = id
        self.details = details
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.participants = participants
        self.lastSeq = lastSeq
        self.unreadCount = unreadCount
        self.lastMessage = lastMessage
    }
}
