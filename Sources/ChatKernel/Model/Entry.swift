/// One durable event of a conversation's log. It never changes, but that a deletion erases content.
public struct Entry: Hashable, Sendable {
    public let conversation: ConversationID
    /// Contiguous from 1 in its conversation. 0 for a read mark, which is state and takes no number.
    public let seq: Seq
    /// Monotone over the whole store, in commit order.
    public let pos: Pos
    /// When it was committed. Never earlier than the entry before it.
    public let at: Timestamp
    /// Who caused it.
    public let author: UserReference
    public let change: Change

    public init(
        conversation: ConversationID, seq: Seq, pos: Pos, at: Timestamp, author: UserReference, change: Change
    ) {
        self.conversation = conversation
        self.seq = seq
        self.pos = pos
        self.at = at
        self.author = author
        self.change = change
    }
}

/// What an entry says happened.
public enum Change: Hashable, Sendable {
    /// Entry 1 of every conversation. The members listed are its first, the author among them.
    case created(ConversationDetails, members: [Member])
    case message(Posted)
    /// The author is the sender of the message.
    case edited(MessageID, content: String)
    /// From here on the content of the message, and of its edits, is gone from the log.
    case deleted(MessageID)
    /// The author has put a reaction to the message, or has taken it back.
    case reaction(MessageID, key: String, on: Bool)
    /// The member is the user whom it is about; the author did it.
    case member(MemberAction, Member)
    /// The details as they are from here on.
    case updated(ConversationDetails)
    /// The author has read up to a number. State, not history: takes a `pos`, but no `seq`.
    case read(through: Seq)
    /// No entry of the log: it stands for a run of numbers that the reader is not shown, of which ``Entry/seq`` is the last. So a
    /// reader is told of what it does not get, instead of passing over it in silence. Nobody can commit one.
    case gap(Gap)

    /// A message as the log holds it.
    public struct Posted: Hashable, Sendable {
        public let id: MessageID
        /// As sent; empty once deleted.
        public let content: String
        public let clientID: ClientID?
        /// Of the same conversation, and seen by the author then; it may be deleted or gone since.
        public let replyTo: MessageID?
        /// In a replay: the message was deleted later.
        public let isDeleted: Bool

        public init(
            id: MessageID, content: String, clientID: ClientID? = nil, replyTo: MessageID? = nil,
            isDeleted: Bool = false
        ) {
            self.id = id
            self.content = content
            self.clientID = clientID
            self.replyTo = replyTo
            self.isDeleted = isDeleted
        }
    }

    /// Numbers that a reader is not shown, up to the ``Entry/seq`` of the entry that says so.
    public struct Gap: Hashable, Sendable {
        /// The first number of the run.
        public let from: Seq
        public let reason: Reason

        public init(from: Seq, _ reason: Reason) {
            self.from = from
            self.reason = reason
        }

        /// Why. The raw values are the words of the wire.
        public enum Reason: String, Hashable, Sendable {
            /// The conversation does not keep them any more: nobody can read them.
            case retention
            /// The reader was no member then.
            case membership
        }
    }
}

/// How a membership changed. The raw values are the words of the wire.
public enum MemberAction: String, Hashable, Sendable {
    case added
    case removed
    case left
    case role

    /// Whether the member is one no more.
    public var endsMembership: Bool { self == .removed || self == .left }
}
