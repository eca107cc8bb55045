import ChatKernel
import Testing

@testable import ChatAuth

@Suite("Tickets") struct TicketTests {
    private static let second: Int64 = 1_000_000_000

    private func identity(_ name: String) -> Identity {
        Identity(user: UserReference(id: UserID(name), username: name))
    }

    @Test("One is good for less than half a minute, and once") func lifetime() {
        var table = TicketTable()
        for text in ["one", "two"] { table.add(text, for: identity("ada"), now: 5) }
        #expect(table.redeem("one", now: 5 + 30 * Self.second - 1) == identity("ada"))
        #expect(table.redeem("one", now: 5) == nil)
        #expect(table.redeem("two", now: 5 + 30 * Self.second) == nil)
        #expect(table.redeem("two", now: 5) == nil)
        #expect(table.redeem("three", now: 5) == nil)
        #expect(table.count == 0)
    }

    @Test("Of one user the oldest goes when there are 64, and nobody else's") func perUser() {
        var table = TicketTable()
        table.add("eve's", for: identity("eve"), now: 0)
        for index in 1...65 { table.add("\(index)", for: identity("ada"), now: 0) }
        #expect(table.count == 65)
        #expect(table.redeem("1", now: 0) == nil)
        #expect(table.redeem("2", now: 0) == identity("ada"))
        #expect(table.redeem("65", now: 0) == identity("ada"))
        #expect(table.redeem("eve's", now: 0) == identity("eve"))
    }

    @Test("Those that are gone are not remembered behind one that lasts") func memory() {
        var table = TicketTable()
        table.add("eve's", for: identity("eve"), now: 0)
        for index in 0..<1000 {
            table.add("used \(index)", for: identity("ada"), now: 0)
            #expect(table.redeem("used \(index)", now: 0) == identity("ada"))
            #expect(table.remembered < 100)
        }
        for index in 0..<1000 { table.add("\(index)", for: identity("ada"), now: 0) }
        #expect(table.count == 65)
        #expect(table.remembered < 200)
        #expect(table.redeem("eve's", now: 0) == identity("eve"))
        #expect(table.redeem("936", now: 0) == identity("ada"))
        #expect(table.redeem("935", now: 0) == nil)
    }

    @Test("Of all the oldest go when there are as many as there may be, and those that have ended before")
    func capacity() {
        var table = TicketTable(capacity: 10)
        for index in 0..<1000 {
            table.add("\(index)", for: identity("\(index)"), now: 0)
            #expect(table.count <= 10)
        }
        #expect(table.redeem("989", now: 0) == nil)
        for index in 990..<1000 { #expect(table.redeem("\(index)", now: 0) == identity("\(index)")) }
        for index in 0..<10 { table.add("\(index)", for: identity("\(index)"), now: 0) }
        table.add("late", for: identity("ada"), now: 30 * Self.second)
        #expect(table.count == 1)
    }

    @Test("A ticket that was good is somebody's, once, and no longer than they are") func redeemed() async throws {
        let desk = try await Desk()
        let ada = try await desk.identify(Signed.hs256.token)
        let tickets = try (0..<3).map { _ in try desk.authority.issueTicket(to: ada) }
        #expect(Set(tickets.map(\.text)).count == 3)
        #expect(tickets[0].expiresInSeconds == 30)
        #expect(await desk.outcome(ticket: tickets[0]) == "ada")
        #expect(await desk.outcome(ticket: tickets[0]) == "token_invalid")
        try await desk.save("ada", isActive: false)
        desk.time.advance(seconds: 2)
        #expect(await desk.outcome(ticket: tickets[1]) == "token_invalid")
        try await desk.save("ada", isActive: true)
        desk.time.advance(milliseconds: 27_999)
        #expect(await desk.outcome(ticket: try desk.authority.issueTicket(to: ada)) == "ada")
        desk.time.advance(milliseconds: 1)
        #expect(await desk.outcome(ticket: tickets[2]) == "token_invalid")
    }
}
