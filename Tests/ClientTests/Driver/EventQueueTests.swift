import ChatKernel
import Synchronization
import Testing

@testable import ChatClient

@Suite("Events on their way to the app")
struct EventQueueTests {
    @Test("whoever waits for room is told once half is taken, also when more came before it looked")
    func room() async {
        let queue = EventQueue(limit: 4, cursor: nil)
        let told = Mutex(0)
        queue.onRoom { told.withLock { $0 += 1 } }
        for _ in 1...4 { queue.push(.caughtUp, cursor: nil) }
        #expect(queue.isFull)
        #expect(!queue.awaitRoom())
        for _ in 1...2 { _ = await queue.next() }
        #expect(told.withLock { $0 } == 1)
        // Before it comes to look there are three again.
        queue.push(.caughtUp, cursor: nil)
        #expect(!queue.awaitRoom())
        for _ in 1...3 { _ = await queue.next() }
        #expect(told.withLock { $0 } == 2)
        #expect(queue.awaitRoom())
    }
}
