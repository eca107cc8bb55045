import CLinux
import Synchronization

/// One thread that waits for the readiness of its descriptors and calls whoever is concerned.
///
/// A round, in this order:
///
///     epoll_wait -> ready descriptors -> posted work -> deadlines, timers -> leftovers offered again -> streams that ended
///                -> round-end hooks -> `afterNextPoll` work registered before this round -> streams that ended
///
/// Confinement, which is what `@unchecked Sendable` stands on: `post`, `stop`, `start`, `join`, `ended`, `isCurrent` and
/// `index` may be used from any thread. Everything else belongs to the loop's thread, or to the one thread that sets
/// the loop up before `start()`; that is asserted in debug builds.
public final class EventLoop: @unchecked Sendable {
    /// The place in its group, from 0: for arrays that hold something for each loop.
    public let index: Int

    /// Monotonic nanoseconds, read once a round: free to ask, and right to about the length of a round.
    public private(set) var now: Int64

    // Shared with other threads.
    private let inbox = LoopInbox()
    private let poller: Poller
    private let thread = Mutex<LoopThread?>(nil)
    private let threadID = Atomic<UInt>(0)
    private let over = Latch()

    // The loop's own.
    private var table = DescriptorTable<any Watcher>()
    private var deadlines: DeadlineWheel
    private var fired: [Int32] = []
    private var timers = LoopTimers()
    private var batch: [LoopInbox.Work] = []
    private var hooks: [() -> Void] = []
    private var beforePoll: [() -> Void] = []
    private var afterPoll: [() -> Void] = []
    private var doomed: [(stream: ByteStream, reason: EndReason)] = []
    private var redeliveries: [ByteStream] = []
    private var handshakeSteps = 0
    let readBuffer = ReadBuffer()

    /// Makes the descriptors, not the thread. Throws when the process has none left.
    public init(index: Int = 0) throws(SystemError) {
        self.index = index
        now = SystemTime.monotonicNanoseconds()
        deadlines = DeadlineWheel(now: now)
        poller = try Poller()
    }

    // MARK: Life

    /// Starts the thread. To be called once.
    public func start() throws(SystemError) {
        let started = try LoopThread(name: "loop-\(index)") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Asks the loop to end: it finishes its round, runs what was posted, ends its streams with `.loopStopped` and returns.
    public func stop() {
        if inbox.stop() == .wake { poller.ring() }
    }

    /// Blocks until the thread is gone. For one caller, and not from the loop itself nor from async code.
    public func join() {
        precondition(!isCurrent, "a loop cannot wait for itself")
        thread.withLock { $0 }?.join()
    }

    /// Returns when a started loop has ended. The last steps of its thread are waited for, so nothing of it is left.
    public func ended() async {
        await over.wait()
        join()
    }

    /// Whether the caller runs on the loop's thread.
    public var isCurrent: Bool {
        threadID.load(ordering: .relaxed) == UInt(pthread_self())
    }

    // MARK: From any thread

    /// Runs `work` on the loop, after what was posted before it. From the loop itself: later, in this round or the next.
    ///
    /// - Returns: false when the loop has ended and the work will never run.
    @discardableResult
    public func post(_ work: @escaping @Sendable () -> Void) -> Bool {
        switch inbox.post(work) {
        case .noticed: return true
        case .wake:
            poller.ring()
            return true
        case .closed: return false
        }
    }

    // MARK: On the loop

    /// How many descriptors the loop watches, listeners included.
    public var watched: Int { table.count }

    /// Calls `hook` at the end of each round, when all events and posted work have been handled: the place to hand over
    /// what the round gathered. Hooks run in the order they were added, for as long as the loop lives.
    public func atRoundEnd(_ hook: @escaping () -> Void) {
        assertConfined()
        hooks.append(hook)
    }

    /// Calls `work` once, after the *next* round: the loop polls again without waiting, handles what has arrived while it was
    /// busy, runs the round-end hooks, and then this. A gate that reports "sent" from here cannot overtake the messages that
    /// came in meanwhile.
    public func afterNextPoll(_ work: @escaping () -> Void) {
        assertConfined()
        beforePoll.append(work)
    }

    /// Calls `work` once, in `delay` nanoseconds or a little (a millisecond and the length of a round) later.
    @discardableResult
    public func schedule(after delay: Int64, _ work: @escaping () -> Void) -> LoopTimer {
        assertConfined()
        return timers.add(due: now &+ max(0, delay), work)
    }

    /// Cancels a timer. One that went off, or was cancelled, is not missed.
    public func cancel(_ timer: LoopTimer) {
        assertConfined()
        timers.cancel(timer)
    }

    /// All open streams: a copy, so that they may close while it is walked.
    public func streams() -> [ByteStream] {
        assertConfined()
        return table.watchers().compactMap { $0 as? ByteStream }
    }

    func assertConfined() {
        assert(isCurrent || threadID.load(ordering: .relaxed) == 0, "touched from outside the loop's thread")
    }

    // MARK: For watchers

    func watch(_ number: Int32, for interest: Readiness, _ watcher: any Watcher) throws(SystemError) -> UInt64 {
        assertConfined()
        let ticket = table.insert(watcher, at: number)
        do {
            try poller.add(number, interest, ticket: ticket)
        } catch {
            table.remove(ticket)
            throw error
        }
        return ticket
    }

    func setInterest(_ interest: Readiness, number: Int32, ticket: UInt64) {
        poller.change(number, interest, ticket: ticket)
    }

    /// To be called before the descriptor is closed (closing takes it out of epoll).
    func unwatch(_ ticket: UInt64) {
        table.remove(ticket)
    }

    func deadline(of number: Int32) -> Int64? {
        deadlines.deadline(of: number)
    }

    func setDeadline(of number: Int32, to deadline: Int64?) {
        deadlines.set(number, to: deadline)
    }

    /// The stream ends in this round, but not before whoever is running now has returned.
    func doom(_ stream: ByteStream, _ reason: EndReason) {
        assertConfined()
        doomed.append((stream, reason))
    }

    /// Whether one more step of a TLS handshake may be taken in this round. A step is up to a millisecond of arithmetic: eight of
    /// them delay nobody's frames, and epoll tells of the others again.
    func takeHandshakeStep() -> Bool {
        guard handshakeSteps < 8 else { return false }
        handshakeSteps &+= 1
        return true
    }

    /// The stream's leftover is to be offered again.
    func redeliver(_ stream: ByteStream) {
        assertConfined()
        redeliveries.append(stream)
    }

    // MARK: The round

    private func run() {
        threadID.store(UInt(pthread_self()), ordering: .relaxed)
        while !turn() {}
        end()
        over.open()
    }

    /// One round. True when the loop was asked to end.
    private func turn() -> Bool {
        swap(&beforePoll, &afterPoll)
        handshakeSteps = 0
        let ready = poller.wait(patience())
        now = SystemTime.monotonicNanoseconds()
        // Streams that end in here keep their descriptors until `endDoomed`, so a number cannot change hands between events.
        for position in 0..<ready {
            let (ticket, readiness) = poller.event(position)
            guard ticket != Poller.bellTicket else { continue }
            table.watcher(for: ticket)?.ready(readiness)
        }
        let stopping = runPosted()
        expireDeadlines()
        while let work = timers.take(now: now) { work() }
        offerAgain()
        endDoomed()
        for hook in hooks { hook() }
        if !afterPoll.isEmpty {
            let due = afterPoll
            afterPoll = []
            for work in due { work() }
        }
        // What is to be offered again by now waits for the next round, which does not wait for it: what comes of it belongs in front of
        // the hooks.
        endDoomed()
        return stopping
    }

    /// How long epoll may wait, in milliseconds; -1 for as long as it likes.
    private func patience() -> Int32 {
        if !afterPoll.isEmpty || !redeliveries.isEmpty || !doomed.isEmpty { return 0 }
        guard inbox.mayReallySleep() else { return 0 }
        let next = min(deadlines.nextLook ?? .max, timers.next ?? .max)
        guard next != .max else { return -1 }
        let wait = next &- SystemTime.monotonicNanoseconds()
        // Rounded up: waking a little early would only mean to go round once more.
        return wait <= 0 ? 0 : Int32(clamping: (wait &+ 999_999) / 1_000_000)
    }

    private func runPosted() -> Bool {
        let stopping = inbox.take(&batch)
        for work in batch { work() }
        // The storage goes back and forth with the inbox's; that of a rare flood is given up.
        batch.removeAll(keepingCapacity: batch.count <= 1024)
        return stopping
    }

    private func expireDeadlines() {
        deadlines.expire(now: now, into: &fired)
        guard !fired.isEmpty else { return }
        let due = fired
        fired.removeAll(keepingCapacity: due.count <= 1024)
        for number in due {
            // Someone who ran before may have set a new one.
            guard deadlines.deadline(of: number) == nil else { continue }
            table.watcher(at: number)?.deadlineReached()
        }
    }

    /// Offers leftovers again: each once, so that nobody holds the round.
    private func offerAgain() {
        guard !redeliveries.isEmpty else { return }
        let streams = redeliveries
        redeliveries = []
        for stream in streams { stream.redeliver() }
    }

    private func endDoomed() {
        // What `ended` does may doom others.
        while !doomed.isEmpty {
            let leaving = doomed
            doomed = []
            for (stream, reason) in leaving { stream.finish(reason) }
        }
    }

    private func end() {
        repeat { _ = runPosted() } while !inbox.closeIfEmpty()
        redeliveries = []
        for watcher in table.watchers() { watcher.loopStopped() }
        endDoomed()
        // Whoever is in these may well hold the loop.
        hooks = []
        beforePoll = []
        afterPoll = []
        timers.removeAll()
    }
}
