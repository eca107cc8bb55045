import ChatKernel
import ChatSimulation
import Synchronization

/// A kernel on a test clock and an executor that runs when told: tests read like scripts, and nothing waits.
final class House {
    let executor = ManualExecutor()
    let time = SimulatedTime()
    let store = WiltingStore()
    let kernel: Kernel
    private let run: Task<Void, Never>
    private let returned = Tray<Bool>()

    init(_ adjust: (inout KernelLimits) -> Void = { _ in }) throws {
        var limits = KernelLimits()
        adjust(&limits)
        let bits = Mutex(SplitMix64(seed: 1))
        kernel = Kernel(
            store: store, authenticator: Nobody(), time: time, limits: limits,
            random: { bits.withLock { $0.next() } })
        run = executor.start { [kernel, returned] in
            await kernel.run()
            returned.put(true)
        }
        for user in [ann, bob, cat] {
            let account = User(id: user.id, username: user.username, createdAt: time.wall())
            try executor.finish { [store] in try await store.save(account) }
        }
    }

    deinit {
        store.isHolding = false
        run.cancel()
        executor.runUntilIdle()
    }

    var hasReturned: Bool { returned.count > 0 }

    func stop() {
        run.cancel()
        settle()
    }

    /// Runs whatever can run now.
    func settle() { executor.runUntilIdle() }

    /// Lets time pass in the kernel's ticks, so that nothing due in between is late.
    func pass(milliseconds: Int) {
        for _ in 0..<milliseconds / 5 {
            time.advance(milliseconds: 5)
            settle()
        }
    }

    // MARK: Asking

    @discardableResult
    func perform(_ command: Command, as user: UserReference) throws -> Reply {
        try executor.finish { [kernel] in try await kernel.perform(command, as: user.id) }
    }

    /// Asks without waiting for the answer.
    func begin(_ command: Command, as user: UserReference) {
        _ = executor.start { [kernel] in _ = try? await kernel.perform(command, as: user.id) }
    }

    /// What the refusal says; nil when there is none.
    func refusal(_ command: Command, as user: UserReference) -> ChatError.Code? {
        do {
            try perform(command, as: user)
            return nil
        } catch {
            return (error as? ChatError)?.code
        }
    }

    func ask<T: Sendable>(_ question: @escaping @Sendable (Kernel) async throws -> T) throws -> T {
        try executor.finish { [kernel] in try await question(kernel) }
    }

    /// A group that ann owns, with these members.
    func room(_ others: UserReference...) throws -> ConversationID {
        let reply = try perform(
            .createConversation(ConversationDetails(name: "room", isGroup: true), participants: others.map(\.id)),
            as: ann)
        return try entry(reply).conversation
    }

    func post(_ text: String, in room: ConversationID, as user: UserReference = ann) throws -> Entry {
        try entry(try perform(.post(room, content: text), as: user))
    }

    func entry(_ reply: Reply) throws -> Entry {
        guard let entry = reply.entry else { throw NoEntry() }
        return entry
    }

    struct NoEntry: Error {}

    // MARK: Listening

    /// A session that has joined and been announced.
    func session(of user: UserReference, in room: ConversationID, on ear: Ear) throws -> Session {
        let session = try kernel.open(Identity(user: user), delivering: ear)
        _ = try executor.finish { try await session.join(room) }
        session.announce(room)
        return session
    }
}

let ann = UserReference(id: UserID("ann"), username: "Ann")
let bob = UserReference(id: UserID("bob"), username: "Bob")
let cat = UserReference(id: UserID("cat"), username: "Cat")

/// An outlet that remembers.
final class Ear: Outlet {
    let batches = Tray<Batch>()
    let signals = Tray<Signal>()
    /// A deaf ear's loop never reports.
    private let reports: Bool

    init(reports: Bool = true) { self.reports = reports }

    func deliver(_ batch: Batch) {
        batches.put(batch)
        if reports { batch.finished() }
    }

    func signal(_ signal: Signal) { signals.put(signal) }

    var entries: [Entry] { batches.takeAll().flatMap(\.parcels).flatMap(\.entries) }

    /// What all were told of who is here: `+ann [ann bob]`.
    var presence: [String] { signals.takeAll().filter { $0.concerns(nil) }.compactMap(\.words) }

    /// What this session was told of it, `=` for how things stand.
    func presence(for session: Session) -> [String] {
        signals.takeAll().filter { $0.concerns(session.id) }.compactMap(\.words)
    }

    /// Who types: `ann on`.
    var typing: [String] {
        signals.takeAll().compactMap {
            if case .typing(_, let user, let on, _) = $0 { "\(user.id) \(on ? "on" : "off")" } else { nil }
        }
    }
}

extension Signal {
    fileprivate var words: String? { if case .presence(let notice) = self { notice.words } else { nil } }
}

extension PresenceNotice {
    /// `+ann [ann bob]`.
    var words: String {
        let sign =
            switch event {
            case .joined: "+"
            case .left: "-"
            case .present: "="
            }
        return "\(sign)\(user.id) [\(activeUsers.map(\.text).joined(separator: " "))]"
    }
}

/// An in-memory store that fails or holds its commits when told.
final class WiltingStore: StoreWithRetention {
    private struct State {
        var failure: StoreError?
        var conversationFailure: StoreError?
        var conversationHook: (@Sendable () -> Void)?
        var isHolding = false
        var held: [CheckedContinuation<Void, Never>] = []
        var meanwhile: [Draft] = []
    }

    let inner = InMemoryStore(epoch: Epoch(7))
    private let state = Mutex(State())

    var failure: StoreError? {
        get { state.withLock { $0.failure } }
        set { state.withLock { $0.failure = newValue } }
    }

    /// What reading a conversation gives instead.
    var conversationFailure: StoreError? {
        get { state.withLock { $0.conversationFailure } }
        set { state.withLock { $0.conversationFailure = newValue } }
    }

    /// What happens while a conversation, or a user's list of them, is read.
    func whileConversationIsRead(_ hook: (@Sendable () -> Void)?) { state.withLock { $0.conversationHook = hook } }

    var isHolding: Bool {
        get { state.withLock { $0.isHolding } }
        set {
            let held = state.withLock { state in
                state.isHolding = newValue
                defer { state.held = newValue ? state.held : [] }
                return newValue ? [] : state.held
            }
            for commit in held { commit.resume() }
        }
    }

    /// Commits these between the next read and what is read after it.
    func meanwhile(_ drafts: Draft...) { state.withLock { $0.meanwhile = drafts } }

    private func passTime() async throws(StoreError) {
        let drafts = state.withLock { state in
            defer { state.meanwhile = [] }
            return state.meanwhile
        }
        if !drafts.isEmpty { _ = try await inner.commit(drafts, at: Timestamp(microseconds: 0)) }
    }

    var guarantees: StoreGuarantees { inner.guarantees }
    func head() async throws(StoreError) -> Cursor { try await inner.head() }

    func commit(_ drafts: [Draft], at now: Timestamp) async throws(StoreError) -> [Result<Reply, ChatError>] {
        if isHolding { await withCheckedContinuation { commit in state.withLock { $0.held.append(commit) } } }
        if let failure { throw failure }
        return try await inner.commit(drafts, at: now)
    }

    func entries(in scope: Scope, limit: Int) async throws(StoreError) -> [Entry] {
        if let failure { throw failure }
        let entries = try await inner.entries(in: scope, limit: limit)
        try await passTime()
        return entries
    }

    func standing(of user: UserID, in conversation: ConversationID) async throws(StoreError) -> Standing? {
        try await inner.standing(of: user, in: conversation)
    }

    func conversation(_ id: ConversationID, for viewer: UserID) async throws(StoreError) -> Conversation? {
        if let conversationFailure { throw conversationFailure }
        let found = try await inner.conversation(id, for: viewer)
        state.withLock { $0.conversationHook }?()
        return found
    }

    func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) async throws(StoreError) -> [Conversation] {
        let found = try await inner.conversations(of: user, after: mark, limit: limit)
        state.withLock { $0.conversationHook }?()
        return found
    }

    func readMarks(in conversation: ConversationID) async throws(StoreError) -> [ReadMark] {
        try await passTime()
        return try await inner.readMarks(in: conversation)
    }

    func messages(_ query: MessageQuery, limit: Int) async throws(StoreError) -> [Message] {
        try await passTime()
        return try await inner.messages(query, limit: limit)
    }

    func users(_ query: UserQuery, limit: Int) async throws(StoreError) -> [User] {
        try await inner.users(query, limit: limit)
    }

    func save(_ user: User) async throws(StoreError) { try await inner.save(user) }

    func expire(_ retention: Retention, at now: Timestamp) async throws(StoreError) -> [Expiry] {
        try await inner.expire(retention, at: now)
    }
    func close() async { await inner.close() }
}
