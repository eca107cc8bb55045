/// What a conversation is called.
public struct ConversationDetails: Hashable, Sendable {
    /// Nil until one is given; from then on it can be changed or emptied, and not be taken away.
    public var name: String?
    /// Nil until one is given, as for the name.
    public var description: String?
    /// A conversation that is not a group, of two users, is the only one of that pair.
    public var isGroup: Bool
    /// The conversation's own rule beside the host's; nil for none. Never one that says nothing.
    public var retention: Retention?

    public init(
        name: String? = nil, description: String? = nil, isGroup: Bool, retention: Retention? = nil
    ) {
        self.name = name
        self.description = description
        self.isGroup = isGroup
        self.retention = retention.flatMap { $0.isNone ? nil : $0 }
    }

    /// Of texts the bytes count: a name that is spelled another way is another name.
    public static func == (a: ConversationDetails, b: ConversationDetails) -> Bool {
        isSame(a.name, b.name) && isSame(a.description, b.description) && a.isGroup == b.isGroup
            && a.retention == b.retention
    }

    private static func isSame(_ a: String?, _ b: String?) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return ChatKernel.isSame(a, b)
    }
}

/// A conversation as one of its members sees it now.
public struct Conversation: Hashable, Sendable {
    public let id: ConversationID
    public var details: ConversationDetails
    public let createdAt: Timestamp
    /// When the last numbered entry was committed, so not a read mark: what "newest activity first" sorts by.
    public var updatedAt: Timestamp
    /// Present members, by when they came.
    public var participants: [Member]
    /// Of the newest entry: whoever has read so far has read all.
    public var lastSeq: Seq
    /// The oldest number that is still kept; those below are gone (``Retention``). One more than ``lastSeq`` when all are.
    public var firstSeq: Seq
    /// Others' messages past the viewer's read mark that are not deleted.
    public var unreadCount: Int
    /// The newest message the viewer may see, deleted or not.
    public var lastMessage: Message?

    public init(
        id: ConversationID, details: ConversationDetails, createdAt: Timestamp, updatedAt: Timestamp,
        participants: [Member], firstSeq: Seq = 1, lastSeq: Seq, unreadCount: Int, lastMessage: Message?
    ) {
        self.id = id
        self.details = details
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.participants = participants
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
        self.unreadCount = unreadCount
        self.lastMessage = lastMessage
    }
}
