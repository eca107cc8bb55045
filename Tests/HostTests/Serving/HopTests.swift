import ChatHost
import ChatKernel
import ChatWire
import ScriptTesting
import Testing

/// Somebody with nothing but a cursor, who goes on from it in another way after every event.
private struct Traveller {
    enum Way: CaseIterable { case socket, poll, stream, process }

    let person: Person
    var cursor: String
    /// What came, in its order.
    var log: [JSON] = []

    /// Takes the next event that is stored. In process there is no waiting: false when there is none.
    mutating func hop(by way: Way) throws -> Bool {
        let events =
            switch way {
            case .socket: try overSocket()
            case .poll: try polled(limit: 1)
            case .stream: try streamed()
            case .process: try inProcess(limit: 1)
            }
        guard let last = events.last else { return false }
        cursor = try #require(last["cursor"].text)
        log += events
        return true
    }

    /// An event, and the gap in front of it if there is one: that has no cursor of its own.
    private func overSocket() throws -> [JSON] {
        let socket = try person.open()
        try socket.send(#"{"type":"hello","cursor":"\#(cursor)"}"#)
        var events: [JSON] = []
        while true {
            let frame = try socket.next()
            if frame["type"] == "gap" || frame["pos"].number != nil { events.append(frame) }
            if frame["pos"].number != nil { return events }
        }
    }

    private func streamed() throws -> [JSON] {
        let source = try EventSource(
            port: person.serving.port, path: "/api/chat/stream?token=\(person.token)",
            fields: ["Last-Event-ID": cursor]
        ).opened()
        var events: [JSON] = []
        while events.last?["cursor"].text == nil { events.append(try #require(try source.next()).json) }
        return events
    }

    /// Everything behind the cursor, as a poll has it.
    func polled(limit: Int = 1000) throws -> [JSON] {
        let answer = try person.call("GET", "/api/chat/events?cursor=\(cursor)&limit=\(limit)")
        guard answer.status == 200 else { throw Trouble("\(answer.status) \(answer.text)") }
        return try answer.json["events"].items
    }

    /// The same for a program that has the kernel inside it.
    func inProcess(limit: Int = 1000) throws -> [JSON] {
        let (kernel, user, cursor) = (person.serving.kernel, UserID(person.id), cursor)
        return try waiting {
            let position = try await kernel.position(of: cursor) ?? 0
            let page = try await kernel.events(of: user, after: position, limit: limit)
            let epoch = try await kernel.head().epoch
            return try page.entries.map { entry in
                var bytes: [UInt8] = []
                V2.append(entry, epoch: epoch, to: &bytes)
                return try JSON(parsing: bytes)
            }
        }
    }
}

/// The same numbers for the same seed (Marsaglia, "Xorshift RNGs", 2003).
private struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}

@Suite("Hopping from transport to transport", .serialized)
struct HopTests {
    @Test(
        "one cursor, carried between WebSocket, poll, stream and the process after every event, misses nothing",
        arguments: [1, 2, 3])
    func hop(seed: UInt64) async throws {
        try await withHost(config(store: #"{ "type": "sqlite", "path": "chat.db" }"#)) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let start = try #require(try bob.call("GET", "/api/chat/events").json["cursor"].text)
            let (one, two) = (try host.room(ann, bob), try host.room(ann, bob))
            // While he travels, she talks in both rooms, and from one of them he is away for a while, again and again.
            let done = Bell()
            Task {
                let (kernel, ann, bob) = (host.kernel, UserID("ann"), UserID("bob"))
                let rooms = [ConversationID(one), ConversationID(two)]
                for number in 1...100 {
                    _ = try? await kernel.perform(.post(rooms[number % 2], content: "\(number)"), as: ann)
                    if number % 10 == 3 { _ = try? await kernel.perform(.removeMember(rooms[1], bob), as: ann) }
                    if number % 10 == 7 { _ = try? await kernel.perform(.addMember(rooms[1], bob, .member), as: ann) }
                }
                _ = try? await kernel.perform(.post(rooms[0], content: "the end"), as: ann)
                done.ring()
            }
            var dice = Dice(seed: seed)
            var traveller = Traveller(person: bob, cursor: start)
            while traveller.log.last?["content"] != "the end" {
                // In the process there may be nothing yet; the others wait.
                if try !traveller.hop(by: Traveller.Way.allCases.randomElement(using: &dice) ?? .poll) {
                    _ = try traveller.hop(by: .poll)
                }
            }
            try done.await()
            let stored = Traveller(person: bob, cursor: start)
            #expect(traveller.log == (try stored.polled()))
            #expect(traveller.log == (try stored.inProcess()))
            // Two beginnings, the posts he was there for, ten removals, ten returns, the end.
            #expect(traveller.log.filter { $0["type"] == "message" && $0["conversation_id"].text == one }.count == 51)
            #expect(traveller.log.filter { $0["action"] == "removed" }.count == 10)
            #expect(traveller.log.filter { $0["action"] == "added" }.count == 10)
        }
    }
}
