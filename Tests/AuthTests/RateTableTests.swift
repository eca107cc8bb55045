import Testing

@testable import ChatAuth

@Suite("Rate tables") struct RateTableTests {
    let second: Int64 = 1_000_000_000

    @Test("A burst of the limit, then one each time a charge is paid back", arguments: [1, 2, 7, 10, 60, 1000])
    func burst(limit: Int) {
        var table = RateTable(limit: limit)
        for _ in 0..<limit {
            #expect(table.check("a", at: 0) == .allowed)
            table.charge("a", at: 0)
        }
        guard case .refused(let wait) = table.check("a", at: 0) else {
            Issue.record("one too many")
            return
        }
        #expect(table.check("a", at: Int64(wait) * 1_000_000) == .allowed)
        #expect(table.check("a", at: Int64(wait - 2) * 1_000_000) != .allowed)
        #expect(table.check("b", at: 0) == .allowed)
    }

    @Test("After a minute all is as before") func minute() {
        var table = RateTable(limit: 10)
        for _ in 0..<10 { table.charge("a", at: 5) }
        for _ in 0..<10 {
            #expect(table.check("a", at: 5 + 60 * second) == .allowed)
            table.charge("a", at: 5 + 60 * second)
        }
        #expect(table.check("a", at: 5 + 60 * second) == .refused(retryAfterMilliseconds: 6000))
    }

    @Test("What is given back counts no more") func refund() {
        var table = RateTable(limit: 2)
        for _ in 0..<10 {
            table.charge("a", at: 0)
            table.charge("a", at: 0)
            #expect(table.check("a", at: 0) != .allowed)
            table.refund("a", at: 0)
            #expect(table.check("a", at: 0) == .allowed)
            table.refund("a", at: 0)
        }
        #expect(table.count == 0)
        table.refund("a", at: 0)
        #expect(table.count == 0)
    }

    @Test("A debt has an end") func debt() {
        var table = RateTable(limit: 10)
        for _ in 0..<10_000 { table.charge("a", at: 0) }
        #expect(table.check("a", at: 0) == .refused(retryAfterMilliseconds: 546_000))
        #expect(table.check("a", at: 546 * second) == .allowed)
    }

    @Test("A flood of names forgets the flood, not the one under attack") func flood() {
        var table = RateTable(limit: 10, capacity: 100)
        for _ in 0..<10 { table.charge("victim", at: 0) }
        for index in 0..<1000 {
            table.charge("name \(index)", at: Int64(index))
            #expect(table.count <= 100)
        }
        #expect(table.check("victim", at: 1000) != .allowed)
    }

    @Test("What is paid back makes room first") func room() {
        var table = RateTable(limit: 60, capacity: 2)
        table.charge("a", at: 0)
        table.charge("b", at: 0)
        table.charge("c", at: 2 * second)
        #expect(table.count == 1)
    }

    @Test("Without a limit nothing is remembered") func noLimit() {
        var table = RateTable(limit: 0)
        for index in 0..<100 {
            table.charge("\(index)", at: 0)
            #expect(table.check("\(index)", at: 0) == .allowed)
        }
        #expect(table.count == 0)
    }
}
