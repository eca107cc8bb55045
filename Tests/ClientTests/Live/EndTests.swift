import ChatKernel
import ChatNet
import Testing

@testable import ChatClient

@Suite("A client that is let go of", .timeLimit(.minutes(15)))
struct EndTests {
    @Test("leaves nothing behind, its loop least of all")
    func letGo() async throws {
        weak var loop: EventLoop?
        try await TestHost.serve { host in
            let client = try host.client("ann")
            loop = client.loop
            try await running(client) { try await $0.until(.caughtUp) }
        }
        #expect(loop == nil)
    }
}
