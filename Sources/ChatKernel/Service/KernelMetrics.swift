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

    /// The numbers now. All but ``openSessions`` and ``waitingPolls`` only grow.
    public struct Reading: Sendable {
        public let committedEntries: Int
        public let committedBatches: Int
        public let failedBatches: Int
        /// Commands refused before they reached the store.
        public let refusedCommands: Int
        public let signals: Int
        /// How often a conversation let go of something that it was not to keep.
        public let expiries: Int
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

    /// For a transport whose clients ask and wait.
    public func pollBegan() { polls.add(1, ordering: .relaxed) }
    public func pollEnded() { polls.subtract(1, ordering: .relaxed) }

    public func read() -> Reading {
        Reading(
            committedEntries: entries.load(ordering: .relaxed), committedBatches: batches.load(ordering: .relaxed),
            failedBatches: failedBatches.load(ordering: .relaxed), refusedCommands: refusals.load(ordering: .relaxed),
            signals: signals.load(ordering: .relaxed), expiries: expiries.load(ordering: .relaxed),
            openSessions: sessions.load(ordering: .relaxed),
            waitingPolls: polls.load(ordering: .relaxed), limited: limited.withLock { $0 })
    }
}
