import Synchronization

/// What the kernel counts, for the operator.
public final class KernelMetrics: Sendable {
    let entries = Atomic<Int>(0)
    let batches = Atomic<Int>(0)
    let failedBatches = Atomic<Int>(0)
    let refusals = Atomic<Int>(0)
    let signals = Atomic<Int>(0)
    let sessions = Atomic<Int>(0)
    let expiries = Atomic<Int>(0)
    private let polls = Atomic<Int>(0)
    private let limited = Mutex<[Limit: Int]>([:])

    init() {}

    /// The numbers since the kernel was made, each read by itself. All but ``openSessions`` and ``waitingPolls`` only
    /// grow.
    public struct Reading: Sendable {
        /// Read marks included; not what was refused, or was so already.
        public let committedEntries: Int
        /// Those that held drafts, whatever became of each.
        public let committedBatches: Int
        /// Those that the store did not take: none of their drafts was kept.
        public let failedBatches: Int
        /// Commands, typing and sessions refused for their form or a rate. Not those that came to a full queue, which
        /// ``limited`` has, nor those that the rules refused.
        public let refusedCommands: Int
        /// Notices of typing and presence, each counted once, however many hear it.
        public let signals: Int
        /// How often a conversation let go of something that it was not to keep.
        public let expiries: Int
        /// Those of readers in this process included (``Kernel/entries(in:as:after:)``).
        public let openSessions: Int
        /// Requests that wait for something to happen.
        public let waitingPolls: Int
        /// Refusals by the limit that was met; those that never were are not here.
        public let limited: [Limit: Int]
    }

    /// Counts a refusal by its limit, if it has one. The kernel does so for what it refuses; call it for what is refused
    /// before the kernel is asked.
    public func count(_ refusal: ChatError, times: Int = 1) {
        guard let limit = refusal.limit else { return }
        limited.withLock { $0[limit, default: 0] += times }
    }

    /// For a transport whose clients ask and wait: a request begins to wait.
    public func pollBegan() { polls.add(1, ordering: .relaxed) }
    /// It waits no more. Once for each ``pollBegan()``, however the wait ended.
    public func pollEnded() { polls.subtract(1, ordering: .relaxed) }

    /// The numbers now, from any thread.
    public func read() -> Reading {
        Reading(
            committedEntries: entries.load(ordering: .relaxed), committedBatches: batches.load(ordering: .relaxed),
            failedBatches: failedBatches.load(ordering: .relaxed), refusedCommands: refusals.load(ordering: .relaxed),
            signals: signals.load(ordering: .relaxed), expiries: expiries.load(ordering: .relaxed),
            openSessions: sessions.load(ordering: .relaxed),
            waitingPolls: polls.load(ordering: .relaxed), limited: limited.withLock { $0 })
    }
}
