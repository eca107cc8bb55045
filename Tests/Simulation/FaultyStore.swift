import ChatKernel
import Synchronization

/// What outlives a host: the store's contents, and the history of them that the simulation keeps for itself.
final class Disk: Sendable {
    let store: InMemoryStore
    private let kept = Mutex(History())

    init(epoch: Epoch) { store = InMemoryStore(epoch: epoch) }

    func history<T>(_ read: (borrowing History) -> T) -> T { kept.withLock { read($0) } }

    func expire(_ expiries: [Expiry]) {
        kept.withLock { history in for expiry in expiries { history.expire(expiry) } }
    }

    func append(_ entries: [Entry]) {
        kept.withLock { history in for entry in entries { history.append(entry) } }
    }
}

/// One host's way to the disk. It waits where it is told to, fails when it is told to, and dies with its host.
///
/// ```
/// commit ─ wait ─ fail? ─ dead? ─ write ─ wait ─ dead? ─ answer
///                           └ lost           kept ┘
/// ```
final class FaultyStore: StoreWithRetention {
    struct Faults {
        /// Of a thousand calls, how many wait at each place where they may.
        var waits = 0
        /// Of a thousand, how many fail.
        var failedCommits = 0
        var failedReads = 0
        var isFull = false
    }

    private struct State {
        var faults: Faults
        var random: SplitMix64
        var waiting: [CheckedContinuation<Void, Never>] = []
        var isDead = false
        var isCommitting = false
        var violation: String?
    }

    private let disk: Disk
    private let state: Mutex<State>

    init(disk: Disk, faults: Faults, random: SplitMix64) {
        self.disk = disk
        state = Mutex(State(faults: faults, random: random))
    }

    var guarantees: StoreGuarantees { disk.store.guarantees }

    // MARK: The driver's side

    /// What the kernel did that a store need not bear.
    var violation: String? { state.withLock { $0.violation } }

    func change(_ change: @Sendable (inout Faults) -> Void) { state.withLock { change(&$0.faults) } }

    /// How many calls wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Lets one go on.
    func release(_ place: Int) {
        state.withLock { place < $0.waiting.count ? $0.waiting.remove(at: place) : nil }?.resume()
    }

    /// Lets all go on.
    func releaseAll() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for call in waiting { call.resume() }
    }

    /// The host is gone: what is not written now never is, and every call fails.
    func die() {
        state.withLock { state in
            state.isDead = true
            state.faults = Faults()
        }
        releaseAll()
    }

    // MARK: Faults

    private func wait() async {
        guard state.withLock({ $0.random.chance($0.faults.waits) }) else { return }
        await withCheckedContinuation { continuation in state.withLock { $0.waiting.append(continuation) } }
    }

    private func requireAlive() throws(StoreError) {
        if state.withLock({ $0.isDead }) { throw StoreError(.closed, "this host has died") }
    }

    private func reading<T: Sendable>(
        _ body: (InMemoryStore) async throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        await wait()
        try requireAlive()
        if state.withLock({ $0.random.chance($0.faults.failedReads) }) {
            throw StoreError(.unavailable, "a read that was told to fail")
        }
        let answer = try await body(disk.store)
        await wait()
        try requireAlive()
        return answer
    }

    // MARK: Writing

    func commit(_ drafts: [Draft], at now: Timestamp) async throws(StoreError) -> [Result<Reply, ChatError>] {
        state.withLock { state in
            if state.isCommitting { state.violation = "a commit began before the last had returned" }
            state.isCommitting = true
        }
        defer { state.withLock { $0.isCommitting = false } }
        await wait()
        let failure: StoreError? = state.withLock { state in
            if state.isDead { return StoreError(.closed, "this host has died") }
            if state.faults.isFull { return StoreError(.full, "no room") }
            if state.random.chance(state.faults.failedCommits) {
                return StoreError(.unavailable, "a commit that was told to fail")
            }
            return nil
        }
        if let failure { throw failure }
        let results = try await disk.store.commit(drafts, at: now)
        disk.append(
            results.compactMap {
                if case .success(.committed(let entry)) = $0 { entry } else { nil }
            })
        await wait()
        try requireAlive()
        return results
    }

    func save(_ user: User) async throws(StoreError) { try await disk.store.save(user) }

    func expire(_ retention: Retention, at now: Timestamp) async throws(StoreError) -> [Expiry] {
        try await reading { [disk] (store) throws(StoreError) in
            let expiries = try await store.expire(retention, at: now)
            disk.expire(expiries)
            return expiries
        }
    }

    func close() async {}

    // MARK: Reading

    func head() async throws(StoreError) -> Cursor {
        try await reading { (store) throws(StoreError) in try await store.head() }
    }

    func entries(in scope: Scope, limit: Int) async throws(StoreError) -> [Entry] {
        try await reading { (store) throws(StoreError) in try await store.entries(in: scope, limit: limit) }
    }

    func standing(of user: UserID, in conversation: ConversationID) async throws(StoreError) -> Standing? {
        try await reading { (store) throws(StoreError) in
            try await store.standing(of: user, in: conversation)
        }
    }

    func conversation(_ id: ConversationID, for viewer: UserID) async throws(StoreError) -> Conversation? {
        try await reading { (store) throws(StoreError) in try await store.conversation(id, for: viewer) }
    }

    func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) async throws(StoreError) -> [Conversation] {
        try await reading { (store) throws(StoreError) in
            try await store.conversations(of: user, after: mark, limit: limit)
        }
    }

    func readMarks(in conversation: ConversationID) async throws(StoreError) -> [ReadMark] {
        try await reading { (store) throws(StoreError) in try await store.readMarks(in: conversation) }
    }

    func messages(_ query: MessageQuery, limit: Int) async throws(StoreError) -> [Message] {
        try await reading { (store) throws(StoreError) in try await store.messages(query, limit: limit) }
    }

    func users(_ query: UserQuery, limit: Int) async throws(StoreError) -> [User] {
        try await reading { (store) throws(StoreError) in try await store.users(query, limit: limit) }
    }
}
