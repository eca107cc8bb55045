import ChatHost
import ChatKernel
import ChatSQLite
import Glibc
import ScriptTesting
import Synchronization
import Testing

/// For hosts on a `WatchedStore`.
let watched = AdapterCatalog.standard.adding(WatchedStore.self)
let watchedConfig = #"{ "type": "watched" }"#

extension Serving {
    var store: WatchedStore {
        get throws { try #require(kernel.store as? WatchedStore) }
    }

    /// How many entries the store has given out, when it has not been asked for more while the host answered 200 times.
    func entriesReadAtRest() throws -> Int {
        var (entries, looks) = (0, 0)
        while looks < 200 {
            _ = try metric("chat_sessions_open")
            let read = try store.entriesRead
            looks = read == entries ? looks + 1 : 0
            entries = read
        }
        return entries
    }
}

/// A store that a test can hold back and let fail, and whose reads it can count: `{"type": "watched"}`, in memory, or in the SQLite
/// file of its `path`.
final class WatchedStore: StoreAdapter, Store {
    struct Settings: Decodable {
        let largest: Int?
        let path: String?
    }

    static let type = "watched"

    static func open(_ settings: Settings, in context: AdapterContext) async throws -> any Store {
        guard let path = settings.path else { return WatchedStore(largest: settings.largest) }
        let store = try await SQLiteStoreAdapter.open(SQLiteStoreSettings(path: path), in: context)
        return WatchedStore(watching: store, largest: settings.largest)
    }

    private let store: any Store
    private let largest: Int?
    private let failure = Mutex<StoreError?>(nil)

    init(watching store: any Store = InMemoryStore(epoch: Epoch(7)), largest: Int? = nil) {
        self.store = store
        self.largest = largest
    }

    /// What is read of a member's standing waits here, read already.
    let standings = Gate<UserID>()
    /// What is read of a conversation's log waits here, read already.
    let pages = Gate<Seq>()
    /// Commits wait here, before anything is written: by how many drafts they have.
    let commits = Gate<Int>()
    private let given = Atomic<Int>(0)
    let isClosed = Atomic<Bool>(false)

    /// Entries given out by reads of a log.
    var entriesRead: Int { given.load(ordering: .relaxed) }

    /// From now on a log cannot be read; nil when it can again.
    func fail(_ failure: StoreError?) { self.failure.withLock { $0 = failure } }

    var guarantees: StoreGuarantees {
        var guarantees = store.guarantees
        if let largest { guarantees.largestContent = largest }
        return guarantees
    }

    func standing(of user: UserID, in conversation: ConversationID) async throws(StoreError) -> Standing? {
        let standing = try await store.standing(of: user, in: conversation)
        await standings.pass(user)
        return standing
    }

    func entries(in scope: Scope, limit: Int) async throws(StoreError) -> [Entry] {
        if let failure = failure.withLock({ $0 }) { throw failure }
        let entries = try await store.entries(in: scope, limit: limit)
        given.add(entries.count, ordering: .relaxed)
        if case .conversation(_, let seq) = scope { await pages.pass(seq) }
        return entries
    }

    func close() async {
        isClosed.store(true, ordering: .relaxed)
        await store.close()
    }

    func head() async throws(StoreError) -> Cursor { try await store.head() }

    func commit(_ drafts: [Draft], at now: Timestamp) async throws(StoreError) -> [Result<Reply, ChatError>] {
        await commits.pass(drafts.count)
        return try await store.commit(drafts, at: now)
    }

    func conversation(_ id: ConversationID, for viewer: UserID) async throws(StoreError) -> Conversation? {
        try await store.conversation(id, for: viewer)
    }

    func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) async throws(StoreError) -> [Conversation] {
        try await store.conversations(of: user, after: mark, limit: limit)
    }

    func readMarks(in conversation: ConversationID) async throws(StoreError) -> [ReadMark] {
        try await store.readMarks(in: conversation)
    }

    func messages(_ query: MessageQuery, limit: Int) async throws(StoreError) -> [Message] {
        try await store.messages(query, limit: limit)
    }

    func users(_ query: UserQuery, limit: Int) async throws(StoreError) -> [User] {
        try await store.users(query, limit: limit)
    }

    func save(_ user: User) async throws(StoreError) { try await store.save(user) }
}

/// Holds back those who come with a ticket that it was closed for.
final class Gate<Ticket: Hashable & Sendable>: Sendable {
    private struct State {
        var isClosedFor: @Sendable (Ticket) -> Bool = { _ in false }
        var waiting: [CheckedContinuation<Void, Never>] = []
        var most = 0
    }

    private let state = Mutex(State())
    private let bell = Bell()

    /// How many waited here at once, at most.
    var most: Int { state.withLock { $0.most } }

    func close(for isClosedFor: @escaping @Sendable (Ticket) -> Bool) {
        state.withLock { $0.isClosedFor = isClosedFor }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isClosedFor = { _ in false }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Blocks the script until one more has come and waits.
    func awaitArrival() throws { try bell.await() }

    fileprivate func pass(_ ticket: Ticket) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isHeld = state.withLock { state in
                guard state.isClosedFor(ticket) else { return false }
                state.waiting.append(continuation)
                state.most = max(state.most, state.waiting.count)
                return true
            }
            if isHeld { bell.ring() } else { continuation.resume() }
        }
    }
}

/// Rung by anyone, awaited by a blocking script: a pipe.
final class Bell: Sendable {
    private let ends: (read: Int32, write: Int32)

    init() {
        var pair: [Int32] = [0, 0]
        let code = unsafe pipe(&pair)
        precondition(code == 0)
        ends = (pair[0], pair[1])
    }

    deinit {
        Glibc.close(ends.read)
        Glibc.close(ends.write)
    }

    func ring() {
        var byte: UInt8 = 0
        _ = unsafe write(ends.write, &byte, 1)
    }

    func await() throws {
        var wish = pollfd(fd: ends.read, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&wish, 1, 300_000) == 1 else { throw Trouble("nobody rang") }
        var byte: UInt8 = 0
        _ = unsafe read(ends.read, &byte, 1)
    }
}
