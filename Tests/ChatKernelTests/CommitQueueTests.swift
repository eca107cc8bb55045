import Testing

@testable import ChatKernel

@Suite("Commit queue")
struct CommitQueueTests {
    private let house: House
    private let session: Session

    init() throws {
        house = try House()
        session = try house.kernel.open(Identity(user: ann), delivering: Ear())
    }

    private func submission(_ text: String = "a") throws -> Submission {
        try session.prepare(
            .post(content: text, clientID: nil, replyTo: nil), in: ConversationID("room"), tag: 0, wantsReply: true)
    }

    private func queue(count: Int = 100, bytes: Int = 1 << 20, bound: Int64 = 5) -> CommitQueue {
        CommitQueue(countLimit: count, byteLimit: bytes, gateBound: bound)
    }

    @Test("A batch may start when there is work")
    func starts() throws {
        var queue = queue()
        #expect(!queue.mayStart(now: 0))
        #expect(queue.submit([try submission()]) == .admitted)
        #expect(queue.mayStart(now: 0))
        #expect(queue.take().count == 1)
        #expect(queue.waiting.isEmpty)
        #expect(queue.waitingBytes == 0)
    }

    @Test("One batch is in flight; what comes meanwhile is the next")
    func oneInFlight() throws {
        var queue = queue()
        _ = queue.submit([try submission("a")])
        _ = queue.take()
        _ = queue.submit([try submission("b"), try submission("c")])
        #expect(!queue.mayStart(now: 100))
        _ = queue.written(toOutlets: 0, now: 100)
        #expect(queue.mayStart(now: 100))
        #expect(queue.take().count == 2)
    }

    @Test("The gate is shut until every outlet has reported")
    func gate() throws {
        var queue = queue()
        _ = queue.submit([try submission()])
        _ = queue.take()
        let generation = queue.written(toOutlets: 2, now: 0)
        _ = queue.submit([try submission()])
        #expect(!queue.mayStart(now: 0))
        #expect(queue.isHeldByGate)
        queue.reported(generation)
        #expect(!queue.mayStart(now: 0))
        queue.reported(generation)
        #expect(queue.mayStart(now: 0))
        #expect(!queue.isHeldByGate)
    }

    @Test("A busy outlet holds the gate no longer than the bound")
    func bound() throws {
        var queue = queue(bound: 5)
        _ = queue.submit([try submission()])
        _ = queue.take()
        _ = queue.written(toOutlets: 1, now: 10)
        _ = queue.submit([try submission()])
        #expect(!queue.mayStart(now: 14))
        #expect(queue.mayStart(now: 15))
    }

    @Test("A report for an earlier batch does not open the gate")
    func lateReport() throws {
        var queue = queue(bound: 5)
        _ = queue.submit([try submission()])
        _ = queue.take()
        let first = queue.written(toOutlets: 1, now: 0)
        _ = queue.submit([try submission()])
        _ = queue.take()
        let second = queue.written(toOutlets: 1, now: 6)
        _ = queue.submit([try submission()])
        queue.reported(first)
        #expect(!queue.mayStart(now: 6))
        queue.reported(second)
        #expect(queue.mayStart(now: 6))
    }

    @Test("More reports than outlets do no harm")
    func extraReports() throws {
        var queue = queue()
        let generation = queue.written(toOutlets: 1, now: 0)
        for _ in 0..<3 { queue.reported(generation) }
        let next = queue.written(toOutlets: 1, now: 0)
        _ = queue.submit([try submission()])
        #expect(!queue.mayStart(now: 0))
        queue.reported(next)
        #expect(queue.mayStart(now: 0))
    }

    @Test("All or none are admitted")
    func allOrNone() throws {
        var queue = queue(count: 2)
        #expect(queue.submit([try submission(), try submission(), try submission()]) == .full)
        #expect(queue.waiting.isEmpty)
        #expect(queue.submit([try submission(), try submission()]) == .admitted)
        #expect(queue.submit([try submission()]) == .full)
    }

    @Test("Bytes are bounded too, and given back when taken")
    func bytes() throws {
        var queue = queue(bytes: 1000)
        #expect(queue.submit([try submission(String(repeating: "x", count: 600))]) == .admitted)
        #expect(queue.submit([try submission("b")]) == .full)
        _ = queue.take()
        #expect(queue.waitingBytes == 0)
        #expect(queue.submit([try submission("b")]) == .admitted)
    }

    @Test("A batch holds at most so many, in order, and the rest follow")
    func batchLimit() throws {
        var queue = queue(count: 10_000, bytes: 1 << 30)
        let one = try submission()
        _ = queue.submit(Array(repeating: one, count: CommitQueue.batchLimit + 3))
        #expect(queue.take().count == CommitQueue.batchLimit)
        #expect(queue.waiting.count == 3)
        #expect(queue.waitingBytes == 3 * one.cost)
        _ = queue.written(toOutlets: 0, now: 0)
        #expect(queue.take().count == 3)
    }
}
