import ChatHTTP1
import ChatKernel
import Testing

@testable import ChatLongPolling

/// Without a port: what a request may ask for, and what it gets of it.
@Suite("How long a request waits")
struct WaitTests {
    private static let second: Int64 = 1_000_000_000

    @Test(
        "is what it asks for, at most 55 seconds, and what the config says when it does not ask",
        arguments: [
            ("wait=0", 0), ("wait=30", 30), ("wait=55", 55), ("wait=56", 55), ("wait=9223372036854775807", 55),
            ("wait=-1", 0), ("wait=", 7), ("", 7),
        ])
    func asked(query: String, seconds: Int64) throws {
        let query = try #require(QueryItems(parsing: query))
        let (_, wait) = try EventRequest.measures(query, LongPollingSettings(waitSeconds: 7))
        #expect(wait == seconds * Self.second)
    }

    @Test("and what is no number is refused", arguments: ["soon", "1.5", "9223372036854775808"])
    func nonsense(text: String) throws {
        let query = try #require(QueryItems(parsing: "wait=\(text)"))
        let error = #expect(throws: ChatError.self) { try EventRequest.measures(query, LongPollingSettings()) }
        #expect(error?.code == .invalidField)
    }

    @Test("is up to a tenth less than that, for each of a herd something else, and spread over all of the tenth")
    func spread() {
        var jitter = Jitter()
        let longest = 55 * Self.second
        let waits = (0..<1000).map { _ in jitter.shortened(longest) }
        for wait in waits { #expect(wait > longest - longest / 10 && wait <= longest) }
        #expect(Set(waits).count == 1000)
        let hundredths = Dictionary(grouping: waits) { (longest - $0) / (longest / 1000) }
        #expect(hundredths.count == 100)
        #expect(hundredths.values.allSatisfy { $0.count <= 20 })
    }

    @Test("is nothing where there is nothing to wait")
    func none() {
        var jitter = Jitter()
        for _ in 0..<10 { #expect(jitter.shortened(0) == 0) }
    }
}
