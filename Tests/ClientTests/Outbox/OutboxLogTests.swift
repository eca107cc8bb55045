import ChatKernel
import Testing

@testable import ChatClient

private func item(_ number: Int, _ content: String = "text") -> OutboxItem {
    OutboxItem(to: ConversationID("room"), content: content, clientID: ClientID("\(number)"))
}

@Suite("The lines of an outbox's file")
struct OutboxLogTests {
    private let first = OutboxItem(
        to: ConversationID("c \"1\""), content: "two\nlines, “quoted” 🍵 \u{0}", replyTo: MessageID("m"),
        clientID: ClientID("a"))

    private var bytes: [UInt8] {
        OutboxLog.line(for: "ann") + OutboxLog.line(adding: first) + OutboxLog.line(adding: item(2))
            + OutboxLog.line(settling: first) + OutboxLog.line(adding: item(3))
    }

    @Test("what was added and not settled is there, as it was and in its order")
    func whole() throws {
        let log = try OutboxLog(bytes)
        #expect(log.owner == "ann")
        #expect(log.items == [item(2), item(3)])
        let before = try OutboxLog(OutboxLog.line(for: "ann") + OutboxLog.line(adding: first))
        #expect(before.items == [first])
        #expect(try OutboxLog([]).items.isEmpty)
    }

    @Test("an end that was cut anywhere costs what had not been promised, and nothing else")
    func torn() throws {
        let whole = bytes
        let safe = whole.count - OutboxLog.line(adding: item(3)).count
        // But for its line break it is whole.
        for length in safe..<(whole.count - 1) {
            #expect(try OutboxLog(Array(whole.prefix(length))).items == [item(2)])
            // What the file system has made room for, and not written.
            let room = [UInt8](repeating: 0, count: whole.count - length)
            #expect(try OutboxLog(whole.prefix(length) + room).items == [item(2)])
        }
        for length in 0..<safe { _ = try OutboxLog(Array(whole.prefix(length))) }
    }

    @Test("a changed byte before the last line is damage, and says where")
    func damaged() throws {
        let whole = bytes
        let safe = whole.count - OutboxLog.line(adding: item(3)).count
        for place in 0..<(safe - 1) {
            var changed = whole
            changed[place] ^= 4
            let line = whole.prefix(place).count { $0 == UInt8(ascii: "\n") } + 1
            let damage = #expect(throws: OutboxLog.Damage.self, "byte \(place)") { try OutboxLog(changed) }
            // A line break that is none makes one line of two.
            #expect(damage?.line == line)
        }
    }

    @Test("lines without the owner's, and a second owner, are not taken")
    func order() throws {
        #expect(throws: OutboxLog.Damage(line: 1)) { try OutboxLog(OutboxLog.line(adding: first)) }
        #expect(throws: OutboxLog.Damage(line: 2)) {
            try OutboxLog(OutboxLog.line(for: "ann") + OutboxLog.line(for: "bob"))
        }
    }

    @Test("whatever was written is read again, also what no server would take")
    func odd() throws {
        for id in ["", String(repeating: "x", count: 500)] {
            let odd = OutboxItem(to: ConversationID(id), content: "", replyTo: MessageID(id), clientID: ClientID(id))
            let log = try OutboxLog(
                OutboxLog.line(for: "ann") + OutboxLog.line(adding: odd) + OutboxLog.line(adding: item(2)))
            #expect(log.items == [odd, item(2)])
            let settled = OutboxLog.line(for: "ann") + OutboxLog.line(adding: odd) + OutboxLog.line(settling: odd)
            #expect(try OutboxLog(settled + OutboxLog.line(adding: item(2))).items == [item(2)])
        }
    }
}
