import ChatKernel
import ChatWire

/// What stands in the file of an outbox: lines of JSON, each behind a checksum of its own (pure).
///
///     af63dc4c8601ec8c {"owner":"ann"}
///     0d3b7a40e1f5c2d9 {"add":{"client_id":"1","conversation_id":"c","content":"Hello"}}
///     5c1e9b02a7d3f846 {"done":{"client_id":"1","conversation_id":"c"}}
///
/// A line is written when all before it are safe. So what a crash leaves half done is at the end, and whoever was told that a message is
/// kept is not meant by it: such an end is passed over. A line that is broken before one that is whole is damage, as is one that does not
/// belong where it stands.
struct OutboxLog {
    /// A line, counted from 1, cannot be read, and others behind it can.
    struct Damage: Error, Equatable {
        let line: Int
    }

    /// Whose it is; nil when the file has not come so far.
    private(set) var owner: String?
    /// What is still to be sent, in the order in which it was added.
    private(set) var items: [OutboxItem] = []

    private enum Line {
        case owner(String)
        case add(OutboxItem)
        case done(ClientID, ConversationID)
    }

    init(_ bytes: [UInt8]) throws(Damage) {
        var broken: Int?
        for (place, text) in bytes.split(separator: Self.newline, omittingEmptySubsequences: false).enumerated() {
            guard let line = Self.read(text) else {
                broken = broken ?? place + 1
                continue
            }
            guard broken == nil, isExpected(line) else { throw Damage(line: broken ?? place + 1) }
            take(line)
        }
    }

    private static let newline = UInt8(ascii: "\n")

    /// The owner is said first, and once.
    private func isExpected(_ line: Line) -> Bool {
        if case .owner = line { owner == nil } else { owner != nil }
    }

    private mutating func take(_ line: Line) {
        switch line {
        case .owner(let name): owner = name
        case .add(let item): items.append(item)
        case .done(let id, let conversation):
            items.removeAll { $0.clientID == id && $0.conversation == conversation }
        }
    }

    /// Takes whatever was written: what a server makes of it the server will say.
    private static func read(_ line: ArraySlice<UInt8>) -> Line? {
        let json = Array(line.dropFirst(17))
        guard line.starts(with: checksum(of: json)), let value = try? JSONValue(parsing: json) else { return nil }
        do throws(ChatError) {
            if let owner = try value.optionalText("owner") { return .owner(owner) }
            if let item = value["add"] {
                return .add(
                    OutboxItem(
                        to: ConversationID(try item.text("conversation_id")), content: try item.text("content"),
                        replyTo: try item.optionalText("reply_to").map { MessageID($0) },
                        clientID: ClientID(try item.text("client_id"))))
            }
            guard let item = value["done"] else { return nil }
            return .done(
                ClientID(try item.text("client_id")), ConversationID(try item.text("conversation_id")))
        } catch {
            return nil
        }
    }

    // MARK: Lines

    static func line(for owner: String) -> [UInt8] { line { $0.member("owner", owner) } }

    static func line(adding item: OutboxItem) -> [UInt8] {
        line { object in
            object.object("add") { object in
                object.member("client_id", item.clientID.text)
                object.member("conversation_id", item.conversation.text)
                object.member("content", item.content)
                if let replyTo = item.replyTo { object.member("reply_to", replyTo.text) }
            }
        }
    }

    static func line(settling item: OutboxItem) -> [UInt8] {
        line { object in
            object.object("done") { object in
                object.member("client_id", item.clientID.text)
                object.member("conversation_id", item.conversation.text)
            }
        }
    }

    private static func line(_ fill: (inout JSONObjectBuilder) -> Void) -> [UInt8] {
        var json: [UInt8] = []
        json.appendObject(fill)
        return checksum(of: json) + json + [newline]
    }

    /// FNV-1a of 64 bits in hexadecimal, and a blank: against disks, not against malice.
    private static func checksum(of json: [UInt8]) -> [UInt8] {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in json { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        let digits = Array(String(hash, radix: 16).utf8)
        return Array(repeating: UInt8(ascii: "0"), count: 16 &- digits.count) + digits + [UInt8(ascii: " ")]
    }
}
