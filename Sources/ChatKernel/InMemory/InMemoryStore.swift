import Synchronization

/// A store that forgets with the process: for tests, for trying things out, and to be read. It is the specification of
/// ``Store`` in its plainest form, and passes the same list of cases as every other.
public final class InMemoryStore: StoreWithSearch, StoreWithRetention {
    private let ledger: Mutex<Ledger>

    /// - Parameter epoch: random, and new for each store.
    public init(epoch: Epoch) { ledger = Mutex(Ledger(epoch: epoch)) }

    public var guarantees: StoreGuarantees { Self.guarantees }

    /// Those of every such store.
    public static let guarantees = StoreGuarantees(
        durability: .memory, atomicBatch: true, replayable: true, largestContent: .max)

    public func head() async throws(StoreError) -> Cursor {
        try reading { Cursor(epoch: $0.epoch, pos: $0.lastPos) }
    }

    public func commit(_ drafts: [Draft], at now: Timestamp) async throws(StoreError) -> [Result<Reply, ChatError>] {
        try writing { (ledger) throws(StoreError) in
            var results: [Result<Reply, ChatError>] = []
            results.reserveCapacity(drafts.count)
            for draft in drafts { results.append(try ledger.commit(draft, at: now)) }
            return results
        }
    }

    public func entries(in scope: Scope, limit: Int) async throws(StoreError) -> [Entry] {
        try reading { $0.entries(in: scope, limit: limit) }
    }

    public func standing(of user: UserID, in conversation: ConversationID) async throws(StoreError) -> Standing? {
        try reading { ledger in
            ledger.conversations[conversation].map {
                Standing(membership: $0.memberships[user], firstSeq: $0.firstSeq, lastSeq: $0.lastSeq)
            }
        }
    }

    public func conversation(_ id: ConversationID, for viewer: UserID) async throws(StoreError) -> Conversation? {
        try reading { $0.conversation(id, for: viewer) }
    }

    public func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) async throws(StoreError) -> [Conversation] {
        try reading { $0.conversations(of: user, after: mark, limit: limit) }
    }

    public func messages(_ query: MessageQuery, limit: Int) async throws(StoreError) -> [Message] {
        try reading { $0.messages(query, limit: limit) }
    }

    public func conversationIDs(of user: UserID, limit: Int) async throws(StoreError) -> [ConversationID] {
        try reading { $0.conversationIDs(of: user, limit: limit) }
    }

    public func readMarks(in conversation: ConversationID) async throws(StoreError) -> [ReadMark] {
        try reading { $0.readMarks(in: conversation) }
    }

    public func search(_ search: Search, limit: Int) async throws(StoreError) -> SearchPage {
        try reading { $0.search(search, limit: limit) }
    }

    public func users(_ query: UserQuery, limit: Int) async throws(StoreError) -> [User] {
        try reading { $0.users(query, limit: limit) }
    }

    public func save(_ user: User) async throws(StoreError) {
        try writing { (ledger) throws(StoreError) in try ledger.save(user) }
    }

    public func expire(_ retention: Retention, at now: Timestamp) async throws(StoreError) -> [Expiry] {
        try writing { (ledger) throws(StoreError) in ledger.expire(retention, at: now) }
    }

    public func close() async { ledger.withLock { $0.isClosed = true } }

    private func reading<T: Sendable>(_ body: (borrowing Ledger) -> T) throws(StoreError) -> T {
        try ledger.withLock { (ledger) throws(StoreError) in
            try ledger.requireOpen()
            return body(ledger)
        }
    }

    private func writing<T: Sendable>(_ body: (inout Ledger) throws(StoreError) -> T) throws(StoreError) -> T {
        try ledger.withLock { (ledger) throws(StoreError) in
            try ledger.requireOpen()
            return try body(&ledger)
        }
    }
}
