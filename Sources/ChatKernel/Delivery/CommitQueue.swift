/// Gathers drafts while the last batch is on its way: to disk, and then to the sockets.
///
/// A commit starts when there is work, none is being written, and every outlet has reported the last batch sent. The last
/// condition is the gate: without it the first message of a burst travels alone, and closed-loop senders fall into
/// groups that never meet again. An outlet that is busy for long holds the gate no longer than `gateBound`.
struct CommitQueue {
    /// What each batch may hold: so that one transaction stays short, and one outlet's share of it is sent in one go.
    static let batchLimit = 4096

    private(set) var waiting: [Submission] = []
    private(set) var waitingBytes = 0
    private(set) var isWriting = false
    /// Which batch the gate is closed for; a report for another is too late to matter.
    private var generation: UInt64 = 0
    private var outstanding = 0
    private var gateClosedAt: Int64 = 0
    private let countLimit: Int
    private let byteLimit: Int
    private let gateBound: Int64

    init(countLimit: Int, byteLimit: Int, gateBound: Int64) {
        self.countLimit = countLimit
        self.byteLimit = byteLimit
        self.gateBound = gateBound
    }

    enum Admission { case admitted, full }

    /// All or none, so that one connection's commands keep their order.
    mutating func submit(_ submissions: [Submission]) -> Admission {
        let bytes = Self.cost(of: submissions)
        guard waiting.count + submissions.count <= countLimit, waitingBytes + bytes <= byteLimit else { return .full }
        // Mostly it is empty, and then nothing is copied.
        if waiting.isEmpty { waiting = submissions } else { waiting.append(contentsOf: submissions) }
        waitingBytes += bytes
        return .admitted
    }

    /// Whether a batch may be taken now.
    func mayStart(now: Int64) -> Bool {
        !waiting.isEmpty && !isWriting
            && (outstanding == 0 || now - gateClosedAt >= gateBound && !Mutation.keepsGateShut.isOn)
    }

    /// Whether there is work that only the gate holds back: look again after `gateBound`.
    var isHeldByGate: Bool { !waiting.isEmpty && !isWriting && outstanding > 0 }

    /// Takes the next batch. Ask ``mayStart(now:)`` first.
    mutating func take() -> [Submission] {
        isWriting = true
        if waiting.count <= Self.batchLimit {
            defer {
                waiting = []
                waitingBytes = 0
            }
            return waiting
        }
        let batch = Array(waiting.prefix(Self.batchLimit))
        waiting.removeFirst(batch.count)
        waitingBytes -= Self.cost(of: batch)
        return batch
    }

    private static func cost(of submissions: [Submission]) -> Int {
        // By index: an iterator would copy each, with all its texts.
        var bytes = 0
        for at in submissions.indices { bytes &+= submissions[at].cost }
        return bytes
    }

    /// The batch has been committed and goes to this many outlets now. The answer names it in their reports.
    mutating func written(toOutlets count: Int, now: Int64) -> UInt64 {
        isWriting = false
        generation &+= 1
        outstanding = count
        gateClosedAt = now
        return generation
    }

    /// An outlet has sent the batch.
    mutating func reported(_ generation: UInt64) {
        if generation == self.generation, outstanding > 0 { outstanding -= 1 }
    }
}
