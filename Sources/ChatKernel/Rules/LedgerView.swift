/// What the rules must know of a store's state to judge a draft. Answered for the moment after the drafts before it.
///
/// ## For adapter authors
/// Asked for every message, so answer from memory: a query for each would cost more than the commit. Throw only when
/// the store cannot answer: the whole batch is then given up.
public protocol LedgerView {
    /// Nil when there is no such conversation.
    mutating func facts(of conversation: ConversationID) throws(StoreError) -> ConversationFacts?
    /// Nil for a user who never was a member.
    mutating func membership(of user: UserID, in conversation: ConversationID) throws(StoreError) -> Membership?
    /// Nil for an unknown or disabled user.
    mutating func activeUser(_ id: UserID) throws(StoreError) -> UserReference?
    /// Nil for an unknown message.
    mutating func message(_ id: MessageID) throws(StoreError) -> MessageFacts?
    /// The message that this user sent to this conversation under this name: its entry as a replay shows it, so that an
    /// edit changes nothing, and a deletion leaves the shell. Nil for a name that was not used, or is not known any
    /// more.
    mutating func message(
        named name: ClientID, from user: UserID, in conversation: ConversationID
    ) throws(StoreError) -> Entry?
    /// The conversation that is not a group of just these two, in whichever order they are named; nil when they have
    /// none.
    mutating func pair(_ a: UserID, _ b: UserID) throws(StoreError) -> ConversationID?
    /// Of how many conversations the user is an owner now. Asked only when one is made or an owner is, so it may be
    /// a query, but one whose cost does not grow with the store.
    mutating func conversationsOwned(by user: UserID) throws(StoreError) -> Int
    /// Whether the user's reaction with this key stands now; false for an unknown message. Asked only for a reaction,
    /// so it may be a query.
    mutating func hasReacted(_ user: UserID, to message: MessageID, with key: String) throws(StoreError) -> Bool
    /// How many different keys stand on a message that has not got this one; nil when it has. Asked only for a reaction, so it may
    /// be a query.
    mutating func reactionKeys(on message: MessageID, besides key: String) throws(StoreError) -> Int?
}

/// What the rules must know of a conversation.
public struct ConversationFacts: Hashable, Sendable {
    public var details: ConversationDetails
    public var lastSeq: Seq
    /// Of a pair: closed to others, and not to be left.
    public var isPair: Bool
    /// Present ones.
    public var members: Int
    /// Present ones: the last of them stays.
    public var owners: Int

    public init(details: ConversationDetails, lastSeq: Seq, isPair: Bool, members: Int, owners: Int) {
        self.details = details
        self.lastSeq = lastSeq
        self.isPair = isPair
        self.members = members
        self.owners = owners
    }
}

/// What the rules must know of a message.
public struct MessageFacts: Hashable, Sendable {
    public let conversation: ConversationID
    /// Of the entry that brought it.
    public let seq: Seq
    public let sender: UserID
    public let isDeleted: Bool
    /// How often it has been edited.
    public let edits: Int

    public init(conversation: ConversationID, seq: Seq, sender: UserID, isDeleted: Bool, edits: Int) {
        self.conversation = conversation
        self.seq = seq
        self.sender = sender
        self.isDeleted = isDeleted
        self.edits = edits
    }
}
