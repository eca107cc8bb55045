/// Where the log lives.
///
/// ## For adapter authors
/// The kernel batches: ``commit(_:at:)`` is the only way that history is written, it is never called again before it
/// has returned, and it gets as many drafts as gathered meanwhile. Judge each draft with ``Rules`` against your own
/// state, in order, each seeing what those before it did; number what is appended; make the whole batch durable in one
/// unit. Reads may be called at any time, concurrently with one another and with a commit, and must never show part
/// of a batch. A store that meets damage must stop or isolate it, and must never guess.
///
/// Whatever cannot be done is thrown as a ``StoreError``, whose detail only the operator sees. A `limit` of 0 or less
/// finds nothing.
public protocol Store: Sendable {
    /// What this store promises. Must not change while it is open.
    var guarantees: StoreGuarantees { get }

    /// The store's epoch and the highest `pos` that can be read.
    ///
    /// The epoch must outlive reopening, and must be new for a store that was made anew. The head must never go
    /// backwards, also after a crash, an erasure or a re-creation. A store that finds that it may have lost what
    /// clients have seen should begin a new epoch (``Epoch``) instead of giving its numbers out again in the old one.
    func head() async throws(StoreError) -> Cursor

    /// Judges the drafts in order and appends those that stand, as one durable unit.
    ///
    /// Returns one result a draft, in the order of the drafts. An appended entry must get the next `seq` of its
    /// conversation and the next `pos` of the store, must be durable as ``guarantees`` says, and must be readable
    /// before this returns. A refused draft must leave no trace and must not disturb its neighbours. An entry and the
    /// membership change it implies must become visible together. The repetition of a message that was deleted since is
    /// still its repetition: it gives the erased entry. `at` is used unless the log has a later time
    /// already: times must not go backwards. Without drafts nothing is written; but after a batch that failed this must
    /// throw for as long as the store knows that it cannot be written.
    /// - Throws: when the batch could not be made durable. Then no draft of it may ever become readable.
    func commit(_ drafts: [Draft], at now: Timestamp) async throws(StoreError) -> [Result<Reply, ChatError>]

    /// Entries after a position, ascending, at most `limit`.
    ///
    /// The one read that all else stands on: history, catching up after a drop, polls and live delivery to a reader
    /// that was slow are all "what comes after this position".
    ///
    /// A page may end early when its ``PageBudget`` is spent, but must hold something when there is something. One that is
    /// shorter than `limit` with its budget not spent must mean that nothing more was committed when it was read. A
    /// deleted message must come without content and marked so. Of what is not kept any more a page must hold a
    /// ``Change/gap(_:)`` in its place: see ``StoreWithRetention``.
    func entries(in scope: Scope, limit: Int) async throws(StoreError) -> [Entry]

    /// The user's stays, role and read mark in a conversation, and the conversation's head; nil for no such
    /// conversation. `membership` is nil for a user who never was a member. Asked for each join and each page of a log,
    /// so an answer from memory is worth having.
    func standing(of user: UserID, in conversation: ConversationID) async throws(StoreError) -> Standing?

    /// The conversation as `viewer` sees it; nil when there is none. The store does not judge whether it may. The
    /// kernel also asks for nobody, an empty identifier, when it wants to know the participants.
    func conversation(_ id: ConversationID, for viewer: UserID) async throws(StoreError) -> Conversation?

    /// The conversations of which `user` is a member now, newest activity first (by `updatedAt`, then `id`,
    /// descending), starting behind `mark`, at most `limit`. A page may end early when its ``PageBudget`` is spent, but must hold
    /// something when there is something. One that is shorter than `limit` with its budget not spent must be the last.
    func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) async throws(StoreError) -> [Conversation]

    /// Which those are, without what is in them, those with the same `updatedAt` in any order. A store that does not say gives them by
    /// ``conversations(of:after:limit:)``; it is asked for each client that comes, so a cheaper answer is worth having.
    func conversationIDs(of user: UserID, limit: Int) async throws(StoreError) -> [ConversationID]

    /// Messages as they stand, ascending by `seq`, at most `limit`. A page may end early when its ``PageBudget`` is spent:
    /// then it must hold those next to where it begins, the newest of ``MessageQuery/newest(_:spans:offset:)``.
    func messages(_ query: MessageQuery, limit: Int) async throws(StoreError) -> [Message]

    /// How far the present members of a conversation have read, by when they came; empty when there is none. Those who have
    /// read nothing are left out.
    func readMarks(in conversation: ConversationID) async throws(StoreError) -> [ReadMark]

    /// Accounts, ordered by their folded username (``User/folded(_:)``); at most `limit`.
    func users(_ query: UserQuery, limit: Int) async throws(StoreError) -> [User]

    /// Makes or replaces the account with this identifier, durably. Called at any time, also while a commit is under
    /// way.
    /// - Throws: ``StoreError/Code/conflict`` when another account has the username or the address, or when this one had
    ///   another username: names are kept as made. Nothing changes.
    func save(_ user: User) async throws(StoreError)

    /// Makes durable what is not yet, and lets go of everything. Called once; whatever comes later must throw
    /// ``StoreError/Code/closed``.
    func close() async
}

/// An optional ability: a store with a thread of its own for writing lends it to the kernel's committer, which
/// spares every batch two changes of thread.
public protocol StoreWithWriter: Store {
    /// Runs the committer. ``Store/commit(_:at:)`` called on it must not change threads.
    var writer: any TaskExecutor { get }
}

/// An optional ability: a store that notices when what it holds is not as it was written.
public protocol StoreThatFindsDamage: Store {
    /// How many pieces have been found damaged since it was opened. Each has been said in the log, and is never shown as though
    /// it were whole.
    var damagedPieces: Int { get }
}

/// Which entries, and from where.
public enum Scope: Hashable, Sendable {
    /// One conversation, after a number of its own. Read marks are not among them.
    case conversation(ConversationID, after: Seq)
    /// All that a user may see, by `pos`: in each conversation the user is or was a member of, the entries within its
    /// stays; read marks too, while it is a member. A filter must leave out all conversations that it does not name; one that
    /// names a conversation the user was never in, or none at all, finds nothing there.
    ///
    /// Read marks are state: one may be left out when a later one of the same user and conversation stands at or before the
    /// head. The last one must not be. So whoever reads on to the end has all marks as they are.
    case user(UserID, after: Pos, among: Set<ConversationID>? = nil)
}

/// What a conversation knows of a user, and where it begins and ends.
public struct Standing: Hashable, Sendable {
    /// Nil for a user who never was a member.
    public let membership: Membership?
    /// The oldest number that is still kept.
    public let firstSeq: Seq
    /// The conversation's newest number: its head.
    public let lastSeq: Seq

    public init(membership: Membership?, firstSeq: Seq = 1, lastSeq: Seq) {
        self.membership = membership
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
    }
}

/// How far a user has read in a conversation.
public struct ReadMark: Hashable, Sendable {
    public let user: UserID
    /// The highest number that the user has read: 1 or more.
    public let seq: Seq

    public init(user: UserID, seq: Seq) {
        self.user = user
        self.seq = seq
    }
}

/// Where a page of conversations ended.
public struct ConversationMark: Hashable, Sendable {
    public let updatedAt: Timestamp
    public let id: ConversationID

    public init(updatedAt: Timestamp, id: ConversationID) {
        self.updatedAt = updatedAt
        self.id = id
    }
}

/// Which messages. `spans` limits a page to what its reader may see.
public enum MessageQuery: Hashable, Sendable {
    /// The newest but for the `offset` newest of them.
    case newest(ConversationID, spans: [Span], offset: Int)
    /// The ones next below a number.
    case before(Seq, ConversationID, spans: [Span])
    /// The ones next above a number.
    case after(Seq, ConversationID, spans: [Span])
    /// One, wherever it is.
    case id(MessageID)
}

/// Which accounts.
public enum UserQuery: Hashable, Sendable {
    case id(UserID)
    /// Without regard to case.
    case username(String)
    /// Active accounts whose username begins so, without regard to case; all active ones for an empty text.
    case prefix(String)
    /// All, active or not, whose folded username comes behind that of this one; nil for the first page.
    case all(after: String?)
    /// Accounts that are not active and were changed at this moment or later. Asked every few seconds, so it must not cost a look at
    /// every account.
    case disabled(since: Timestamp)
}

extension Store {
    /// By ``conversations(of:after:limit:)``, and so no more than fit one of its pages.
    public func conversationIDs(of user: UserID, limit: Int) async throws(StoreError) -> [ConversationID] {
        try await conversations(of: user, after: nil, limit: limit).map(\.id)
    }

    /// One account, or nil.
    public func user(_ id: UserID) async throws(StoreError) -> User? { try await users(.id(id), limit: 1).first }

    /// One message, or nil.
    public func message(_ id: MessageID) async throws(StoreError) -> Message? {
        try await messages(.id(id), limit: 1).first
    }
}
