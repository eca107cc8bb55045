import ChatAuth
import ChatKernel
import Synchronization

/// A clock that stands until it is moved.
final class HeldTime: TimeSource {
    private let microseconds = Mutex<Int64>(Forge.now * 1_000_000)

    func wall() -> Timestamp { Timestamp(microseconds: microseconds.withLock { $0 }) }
    func monotonic() -> Int64 { microseconds.withLock { ($0 - Forge.now * 1_000_000) * 1000 } }
    func sleep(until deadline: Int64) async throws {}

    func advance(milliseconds: Int64) { microseconds.withLock { $0 += milliseconds * 1000 } }
    func advance(seconds: Int64) { advance(milliseconds: seconds * 1000) }
}

/// Counts what is hashed, and does less work for it. The "hash" is salt and password, so that it is right or wrong.
final class HashCount: Sendable {
    private let costs = Mutex<[ScryptParameters]>([])

    /// The parameters of every hash so far.
    var all: [ScryptParameters] { costs.withLock { $0 } }

    var passwords: Passwords {
        Passwords { password, salt, parameters, length in
            self.costs.withLock { $0.append(parameters) }
            return Array((salt + password + [UInt8](repeating: 0, count: length)).prefix(length))
        }
    }
}

/// A store that counts its visitors, and fails when told to.
final class CountingStore: Store {
    private let inner = InMemoryStore(epoch: Epoch(1))
    private let state = Mutex<(reads: Int, failure: StoreError?)>((0, nil))

    /// How often accounts were asked for or saved.
    var visits: Int { state.withLock { $0.reads } }

    func fail(_ failure: StoreError?) { state.withLock { $0.failure = failure } }

    /// Gives way, as a store on a thread of its own does: what others do meanwhile must not matter.
    private func visit() async throws(StoreError) {
        for _ in 0..<5 { await Task.yield() }
        let failure = state.withLock { state in
            state.reads += 1
            return state.failure
        }
        if let failure { throw failure }
    }

    func users(_ query: UserQuery, limit: Int) async throws(StoreError) -> [User] {
        try await visit()
        return try await inner.users(query, limit: limit)
    }

    func save(_ user: User) async throws(StoreError) {
        try await visit()
        try await inner.save(user)
    }

    var guarantees: StoreGuarantees { inner.guarantees }
    func head() async throws(StoreError) -> Cursor { try await inner.head() }
    func commit(_ drafts: [Draft], at now: Timestamp) async throws(StoreError) -> [Result<Reply, ChatError>] {
        try await inner.commit(drafts, at: now)
    }
    func entries(in scope: Scope, limit: Int) async throws(StoreError) -> [Entry] {
        try await inner.entries(in: scope, limit: limit)
    }
    func standing(of user: UserID, in conversation: ConversationID) async throws(StoreError) -> Standing? {
        try await inner.standing(of: user, in: conversation)
    }
    func conversation(_ id: ConversationID, for viewer: UserID) async throws(StoreError) -> Conversation? {
        try await inner.conversation(id, for: viewer)
    }
    func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) async throws(StoreError) -> [Conversation] {
        try await inner.conversations(of: user, after: mark, limit: limit)
    }
    func readMarks(in conversation: ConversationID) async throws(StoreError) -> [ReadMark] {
        try await inner.readMarks(in: conversation)
    }

    func messages(_ query: MessageQuery, limit: Int) async throws(StoreError) -> [Message] {
        try await inner.messages(query, limit: limit)
    }
    func close() async { await inner.close() }
}

/// A token authority with everything around it in our hands, and an account `ada`.
struct Desk {
    let time = HeldTime()
    let store = CountingStore()
    let hashes = HashCount()
    let authority: TokenAuthority

    init(
        _ settings: AuthSettings = AuthSettings(), limits: AttemptLimits = AttemptLimits(), keys: KeyRing? = nil
    ) async throws {
        authority = TokenAuthority(
            store: store, keys: try keys ?? Keys.ring(), settings: settings, limits: limits, time: time,
            passwords: hashes.passwords)
        try await save("ada")
    }

    func save(_ id: String, username: String? = nil, isActive: Bool = true) async throws {
        try await store.save(
            User(id: UserID(id), username: username ?? id, isActive: isActive, createdAt: time.wall()))
    }

    func identify(_ token: String) async throws(ChatError) -> Identity {
        try await authority.identify(.token(token))
    }

    /// What came of showing a token: the username, or the code of the refusal.
    func outcome(_ token: String) async -> String { await outcome(.token(token)) }

    func outcome(ticket: Ticket) async -> String { await outcome(.ticket(ticket.text)) }

    private func outcome(_ credentials: Credentials) async -> String {
        do throws(ChatError) {
            return try await authority.identify(credentials).user.username
        } catch {
            return error.code.rawValue
        }
    }

    func login(_ name: String, _ password: String, from address: String? = "192.0.2.1") async -> ChatError? {
        do throws(ChatError) {
            _ = try await authority.login(username: name, password: password, from: address)
            return nil
        } catch {
            return error
        }
    }

    @discardableResult
    func register(_ name: String, _ password: String = "correct horse", email: String? = nil) async throws -> User {
        try await authority.register(username: name, password: password, email: email, from: "192.0.2.1")
    }
}
