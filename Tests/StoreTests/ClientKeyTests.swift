import ChatFaults
import ChatKernel
import ChatSQLite
import Testing

@testable import struct ChatSQLite.KeyFilter

@Suite("Names of messages")
struct ClientKeyTests {
    @Test("a filter knows all it was told, few others, and the same from its bytes")
    func filter() throws {
        var dice = Dice(seed: 1)
        let known = (0..<10_000).map { _ in dice.next() }
        let others = (0..<10_000).map { _ in dice.next() }
        var made = KeyFilter(capacity: known.count)
        for hash in known { made.insert(hash) }
        let read = try #require(KeyFilter(bytes: made.bytes))
        for filter in [made, read] {
            #expect(known.allSatisfy { filter.mayContain($0) })
            #expect(others.count { filter.mayContain($0) } < 300)
        }
        #expect(KeyFilter(bytes: [1, 2, 3]) == nil)
    }

    @Test("are recognised for a day and for the newest few, through fills and reopening, and then forgotten")
    func expiry() async throws {
        var tuning = Tuning()
        tuning.tailLimit = 10
        tuning.sliceRows = 4
        tuning.namesKept = 30
        let harness = SQLiteHarness(.written, tuning)
        let store = try #require(try await harness.makeStore() as? SQLiteStore)
        var talk = try await Talk.begin(store)
        let start = Timestamp(microseconds: 1_700_000_000_000_000)
        func say(_ name: String, hours: Int64) async throws -> Reply {
            let post = talk.draft(.post(content: name, clientID: ClientID(name), replyTo: nil))
            return try await talk.store.commit([post], at: start.advanced(bySeconds: hours * 3600))[0].get()
        }
        func isRepeated(_ reply: Reply) -> Bool { if case .repeated = reply { true } else { false } }

        let old = try await say("old", hours: 0)
        for index in 0..<20 { _ = try await say("a\(index)", hours: 1) }
        #expect(try await say("old", hours: 2) == .repeated(try #require(old.entry)))
        // A day later, but among the newest.
        _ = try await say("b", hours: 30)
        #expect(isRepeated(try await say("old", hours: 30)))
        for index in 0..<60 { _ = try await say("c\(index)", hours: 30) }
        talk = Talk.goOn(try #require(try await harness.reopen(talk.store) as? SQLiteStore))
        #expect(isRepeated(try await say("c0", hours: 31)))
        #expect(isRepeated(try await say("b", hours: 31)))
        #expect(!isRepeated(try await say("old", hours: 31)), "nobody promised this long")
        await talk.store.close()
    }
}
