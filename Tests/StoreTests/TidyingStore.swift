import ChatConformance
import ChatKernel
import ChatSQLite

/// A SQLite store that after each commit and each expiry does all that it would do in a quiet moment.
final class TidyingStore: StoreWithSearch, StoreWithRetention {
    let store: SQLiteStore

    init(_ store: SQLiteStore) { self.store = store }

    var guarantees: StoreGuarantees { store.guarantees }

    func head() async throws(StoreError) -> Cursor { try await store.head() }

    func commit(_ drafts: [Draft], at now: Timestamp) async throws(StoreError) -> [Result<Reply, ChatError>] {
        let results = try await store.commit(drafts, at: now)
        try await store.tidy()
        return results
    }

    func entries(in scope: Scope, limit: Int) async throws(StoreError) -> [Entry] {
        try await store.entries(in: scope, limit: limit)
    }

    func standing(of user: UserID, in conversation: ConversationID) async throws(StoreError) -> Standing? {
        try await store.standing(of: user, in: conversation)
    }

    func conversation(_ id: ConversationID, for viewer: UserID) async throws(StoreError) -> Conversation? {
        try await store.conversation(id, for: viewer)
    }

    func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) async throws(StoreError) -> [Conversation] {
        try await store.conversations(of: user, after: mark, limit: limit)
    }

    func messages(_ query: MessageQuery, limit: Int) async throws(StoreError) -> [Message] {
        try await store.messages(query, limit: limit)
    }

    func readMarks(in conversation: ConversationID) async throws(StoreError) -> [ReadMark] {
        try await store.readMarks(in: conversation)
    }

    func search(_ search: Search, limit: Int) async throws(StoreError) -> SearchPage {
        try await store.search(search, limit: limit)
    }

    func expire(_ retention: Retention, at now: Timestamp) async throws(StoreError) -> [Expiry] {
        let raised = try await store.expire(retention, at: now)
        try await store.tidy()
        return raised
    }

    func users(_ query: UserQuery, limit: Int) async throws(StoreError) -> [User] {
        try await store.users(query, limit: limit)
    }

    func save(_ user: User) async throws(StoreError) { try await store.save(user) }

    func close() async { await store.close() }
}

/// Makes them, of a harness's stores.
struct TidyingHarness: StoreHarness {
    let harness: SQLiteHarness
    var abilities: Set<StoreAbility> { harness.abilities }

    func makeStore() async throws -> any Store { try await Self.tidying(harness.makeStore()) }

    func reopen(_ store: any Store) async throws -> (any Store)? {
        guard let store = store as? TidyingStore else { return nil }
        return try await harness.reopen(store.store).map(Self.tidying)
    }

    private static func tidying(_ store: any Store) throws -> any Store {
        guard let store = store as? SQLiteStore else { throw StoreError(.unavailable, "a store of another kind") }
        return TidyingStore(store)
    }
}
