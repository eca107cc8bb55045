import Synchronization

/// The chat: conversations, members, messages and who is here, over any store and any transport.
///
/// ```swift
/// let kernel = Kernel(store: store, authenticator: authenticator, time: time)
/// try await withThrowingTaskGroup(of: Void.self) { group in
///     group.addTask { await kernel.run() }
///     let reply = try await kernel.perform(.post(room, content: "Hello"), as: ann)
///     for try await entry in try await kernel.entries(in: room, as: bob, after: 0) { … }
/// }
/// ```
/// Commands are committed only while ``run()`` runs. All of it is deterministic but for what comes in through the
/// initialiser: the store, the time, the random bits and the executor of the task that calls ``run()``.
public final class Kernel: Sendable {
    /// For reads that no question here answers, which then nobody judges. Entries are committed through the kernel
    /// alone, or its readers are not told.
    public let store: any Store
    /// Asked through ``identify(_:)``, which knows a quicker way.
    public let authenticator: any Authenticator
    private let recognizer: (any Recognizing)?
    /// As they were given. They do not change.
    public let limits: KernelLimits
    public let metrics = KernelMetrics()
    public let time: any TimeSource
    let fanout = Fanout()
    let committer: Committer
    let screening: Screening
    let turns: Turns
    /// Snapshots that are made, two of a user at a time.
    let snapshotTurns = Turns(width: 2)
    /// Those, and those that were made and have not been taken by who asked.
    let snapshots: Shares
    /// One pass at a time.
    let expiring = Turns(width: 1)
    let log: any LogSink
    private let pulse: Pulse
    private let random: @Sendable () -> UInt64
    private let ephemera: Mutex<Ephemera>

    /// What is known and never stored.
    struct Ephemera {
        var presence = Presence()
        var typing = Typing()
        var rates: Rates
        var sessions: [UserID: Int] = [:]
        var lastSession: UInt64 = 0
        /// Signals that somebody is about to send, in order.
        var untold: [Signal] = []
        var isTelling = false
    }

    /// Each user's allowances. They are apart, so that a client that marks every message read, or types fast, can still
    /// send.
    struct Rates {
        var messages: RateLimiter<UserID>
        var marks: RateLimiter<UserID>
        var typing: RateLimiter<UserID>

        init(_ limits: KernelLimits) {
            messages = RateLimiter(perSecond: limits.messagesPerUserPerSecond)
            marks = RateLimiter(perSecond: limits.messagesPerUserPerSecond)
            typing = RateLimiter(perSecond: limits.typingPerUserPerSecond)
        }
    }

    /// Nothing begins before ``run()``.
    /// - Parameter random: uniformly random bits; for identifiers, not for secrets. Asked once a message, and the system's
    ///   own generator is a system call each: a busy host passes one that draws many at a time (`ChatAuth` has one).
    public init(
        store: any Store, authenticator: any Authenticator, time: any TimeSource, limits: KernelLimits = KernelLimits(),
        random: @escaping @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) },
        log: any LogSink = SilentLog()
    ) {
        self.store = store
        self.authenticator = authenticator
        recognizer = authenticator as? any Recognizing
        self.limits = limits
        self.time = time
        self.random = random
        self.log = log
        screening = Screening(limits: limits, canExpire: store is any StoreWithRetention)
        turns = Turns(width: limits.readsUnderWayPerUser)
        snapshots = Shares(limit: limits.snapshotsPerUser)
        pulse = Pulse(time: time)
        ephemera = Mutex(Ephemera(rates: Rates(limits)))
        committer = Committer(
            store: store, fanout: fanout, limits: limits, time: time, pulse: pulse, metrics: metrics, log: log)
    }

    /// Commits and keeps time until cancelled; then commits what had been accepted, and returns. To be called once.
    /// Once it has been cancelled commands are refused (`draining`).
    public func run() async {
        // Should it fail, whoever follows a user asks again.
        _ = try? await head()
        await withDiscardingTaskGroup { group in
            if let store = store as? any StoreWithWriter {
                group.addTask(executorPreference: store.writer) { await self.committer.run() }
            } else {
                // Not with a preference of nil, which would leave the executor of whoever runs this.
                group.addTask { await self.committer.run() }
            }
            group.addTask { await self.pulse.run { self.beat() } }
            group.addTask { await self.watchAccounts() }
            group.addTask { await self.watchRetention() }
        }
        fanout.end()
    }

    /// Accepts no more commands (`draining`). What was accepted is still committed.
    public func drain() { committer.stop() }

    /// Who these credentials belong to. Every transport asks here.
    /// - Throws: as ``Authenticator/identify(_:)``.
    public func identify(_ credentials: Credentials) async throws(ChatError) -> Identity {
        if case .token(let token) = credentials, let (identity, _) = recognize(token) { return identity }
        return try await authenticator.identify(credentials)
    }

    /// The same at once, when that is possible without asking anybody: nil says nothing but that ``identify(_:)`` has
    /// to be asked. To be believed until that moment of ``TimeSource/monotonic()``.
    public func recognize(_ token: String) -> (identity: Identity, until: Int64)? { recognizer?.recognize(token) }

    // MARK: Commands

    /// Does what a user asks, and returns when it is as durable as the store makes it.
    ///
    /// The user is taken at its word: authenticate first. Whether it may is judged inside the commit. Waits for ever
    /// when nobody calls ``run()``; cancelling the task changes nothing, what is under way is committed.
    /// - Throws: any ``ChatError``; what ``ChatError/Code/isRetryable`` says may succeed later.
    @discardableResult
    public func perform(_ command: Command, as user: UserID) async throws(ChatError) -> Reply {
        if case .typing(let conversation, let on) = command {
            try countTyping(by: user)
            let membership = try await member(user, of: conversation)
            type(membership.user, in: conversation, on: on, origin: nil)
            return .unchanged
        }
        let draft = try await draft(command, as: user)
        try admit(draft)
        let committer = committer
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Reply, ChatError>, Never>) in
            do throws(ChatError) {
                try committer.submit([Submission(draft: draft, origin: .call(continuation))])
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Hands over what a transport gathered in one round, in order: all of it or, when the queue is full, none. What
    /// becomes of each comes as a ``Settlement`` to its session's outlet.
    /// - Throws: `overloaded`, `draining`; then nothing of it was accepted, and there is no settlement.
    public func submit(_ submissions: [Submission]) throws(ChatError) {
        guard !submissions.isEmpty else { return }
        try committer.submit(submissions)
    }

    /// Returns when everything submitted so far has been answered: for a transport that says goodbye.
    public func settled() async { await committer.settled() }

    private func draft(_ command: Command, as user: UserID) async throws(ChatError) -> Draft {
        func draft(_ conversation: ConversationID, _ proposal: Draft.Proposal) -> Draft {
            newDraft(proposal, in: conversation, by: user)
        }
        switch command {
        case .createConversation(let details, let participants):
            let id = ConversationID(UUIDv7.make(at: time.wall(), random: random(), random()))
            return draft(id, .create(details, participants: participants))
        case .post(let conversation, let content, let clientID, let replyTo):
            return draft(conversation, .post(content: content, clientID: clientID, replyTo: replyTo))
        case .edit(let id, let content):
            return draft(try await conversation(of: id), .edit(id, content: content))
        case .delete(let id):
            return draft(try await conversation(of: id), .delete(id))
        case .react(let id, let key, let on):
            return draft(try await conversation(of: id), .react(id, key: key, on: on))
        case .updateDetails(let conversation, let name, let description, let retention):
            return draft(conversation, .update(name: name, description: description, retention: retention))
        case .addMember(let conversation, let member, let role):
            return draft(conversation, .add(member, role))
        case .removeMember(let conversation, let member):
            return draft(conversation, .remove(member))
        case .read(let conversation, let seq):
            return draft(conversation, .read(through: seq))
        case .typing(let conversation, _):
            return draft(conversation, .read(through: 0))
        }
    }

    private func conversation(of message: MessageID) async throws(ChatError) -> ConversationID {
        let found: Message?
        do throws(StoreError) { found = try await store.message(message) } catch { throw error.asChatError }
        guard let found else { throw ChatError(.unknownMessage, "There is no such message.") }
        return found.conversation
    }

    /// Screens a draft and counts it against its author's rate.
    func admit(_ draft: Draft) throws(ChatError) {
        do {
            try screening.check(draft.proposal)
            try count(draft)
        } catch {
            throw refused(error)
        }
    }

    private func refused(_ error: ChatError) -> ChatError {
        metrics.refusals.add(1, ordering: .relaxed)
        metrics.count(error)
        return error
    }

    private func count(_ draft: Draft) throws(ChatError) {
        let perSecond = limits.messagesPerUserPerSecond
        guard perSecond > 0 else { return }
        let now = time.monotonic()
        if case .read = draft.proposal {
            guard let wait = ephemera.withLock({ $0.rates.marks.take(draft.author, now: now) }) else { return }
            throw tooFast("At most \(perSecond) read marks a second.", wait, .readMarksPerUser)
        }
        guard let wait = ephemera.withLock({ $0.rates.messages.take(draft.author, now: now) }) else { return }
        throw tooFast("At most \(perSecond) messages a second.", wait, .messagesPerUser)
    }

    private func countTyping(by user: UserID) throws(ChatError) {
        let now = time.monotonic()
        guard let wait = ephemera.withLock({ $0.rates.typing.take(user, now: now) }) else { return }
        throw refused(
            tooFast("At most \(limits.typingPerUserPerSecond) notices of typing a second.", wait, .typingPerUser))
    }

    private func tooFast(_ detail: String, _ wait: Int64, _ limit: Limit) -> ChatError {
        ChatError(.rateLimited, detail, retryAfterMilliseconds: Int(wait / 1_000_000) + 1, limit: limit)
    }

    func newDraft(_ proposal: Draft.Proposal, in conversation: ConversationID, by user: UserID) -> Draft {
        Draft(
            conversation: conversation, author: user, proposal: proposal, entropy: random(), limits: limits.membership)
    }

    // MARK: Sessions

    /// Opens a session for somebody who has been identified. The outlet is kept until ``Session/close()``.
    /// - Throws: `rate_limited` when the user has as many as it may (``KernelLimits/sessionsPerUser``).
    public func open(_ identity: Identity, delivering outlet: any Outlet) throws(ChatError) -> Session {
        let user = identity.user.id
        let limit = limits.sessionsPerUser
        let id: Session.ID? = ephemera.withLock { ephemera in
            let open = ephemera.sessions[user] ?? 0
            guard limit == 0 || open < limit else { return nil }
            ephemera.sessions[user] = open + 1
            ephemera.lastSession += 1
            return Session.ID(ephemera.lastSession)
        }
        guard let id else {
            throw refused(
                ChatError(
                    .rateLimited, "You have \(limit) connections open, which is as many as there may be.",
                    retryAfterMilliseconds: 5000, limit: .connectionsPerUser))
        }
        metrics.sessions.add(1, ordering: .relaxed)
        fanout.opened(by: outlet)
        return Session(id: id, identity: identity, kernel: self, outlet: outlet)
    }

    func closed(_ session: Session) {
        metrics.sessions.subtract(1, ordering: .relaxed)
        fanout.closed(by: session.outlet)
        ephemera.withLock { ephemera in
            let left = (ephemera.sessions[session.user.id] ?? 1) - (Mutation.leaksSessions.isOn ? 0 : 1)
            ephemera.sessions[session.user.id] = left > 0 ? left : nil
        }
    }

    // MARK: Presence and typing

    /// Who is here, each user once, by when they came: whose sessions have announced themselves, and who is in an
    /// ``Attendance``. Empty when nobody is.
    public func activeUsers(in conversation: ConversationID) -> [UserID] {
        ephemera.withLock { $0.presence.activeUsers(in: conversation) }
    }

    /// How many sessions have joined a conversation (``Session/join(_:)``).
    ///
    /// Polls and streams are not counted: they follow a user and no conversation. A connection of profile v2 that
    /// follows all of its user's conversations by a cursor has joined 100 of them at most: the liveliest, and those
    /// that the user came into.
    public func connectionCount(in conversation: ConversationID) -> Int { fanout.readers(of: conversation) }

    /// - Parameter session: who is to be told who is here; nil for nobody.
    func enter(_ user: UserReference, _ conversation: ConversationID, by session: Session.ID? = nil) {
        let now = time.monotonic()
        announce { $0.presence.enter(user, conversation, by: session, now: now) }
    }

    func leave(_ user: UserReference, _ conversation: ConversationID) {
        let now = time.monotonic()
        announce { $0.presence.leave(user.id, conversation, now: now) }
    }

    private func announce(_ change: (inout Ephemera) -> [PresenceNotice]) {
        let isWaiting = tell { ephemera in change(&ephemera).map { .presence($0) } }
        if isWaiting { pulse.arm() }
    }

    /// A session's typing.
    func type(_ session: Session, in conversation: ConversationID, on: Bool) throws(ChatError) {
        try countTyping(by: session.user.id)
        type(session.user, in: conversation, on: on, origin: session.id)
    }

    private func type(_ user: UserReference, in conversation: ConversationID, on: Bool, origin: Session.ID?) {
        let now = time.monotonic()
        let isWaiting = tell { ephemera in
            ephemera.typing.set(user, in: conversation, on: on, now: now)
                ? [.typing(conversation, user, on: on, origin: origin)] : []
        }
        if isWaiting { pulse.arm() }
    }

    /// A tick of the pulse. True while something waits for the next.
    private func beat() -> Bool {
        let now = time.monotonic()
        let isWaiting = tell { ephemera in
            ephemera.presence.tick(now: now).map { .presence($0) }
                + ephemera.typing.tick(now: now).map { .typing($0.conversation, $0.user, on: false, origin: nil) }
        }
        return committer.checkGate() || isWaiting
    }

    /// Changes what is known, and tells of it in the order of the changes, whichever threads they come from: whoever finds
    /// nobody telling tells for all, without holding the lock. True while something waits for time to pass.
    private func tell(_ change: (inout Ephemera) -> [Signal]) -> Bool {
        let (mayTell, isWaiting) = ephemera.withLock { ephemera in
            ephemera.untold += change(&ephemera)
            let mayTell = !ephemera.isTelling && !ephemera.untold.isEmpty
            if mayTell { ephemera.isTelling = true }
            return (mayTell, ephemera.presence.isWaiting || ephemera.typing.isWaiting)
        }
        guard mayTell else { return isWaiting }
        while true {
            let signals = ephemera.withLock { ephemera in
                let signals = ephemera.untold
                ephemera.untold = []
                if signals.isEmpty { ephemera.isTelling = false }
                return signals
            }
            guard !signals.isEmpty else { return isWaiting }
            metrics.signals.add(signals.count, ordering: .relaxed)
            for signal in signals { fanout.send(signal) }
        }
    }
}
