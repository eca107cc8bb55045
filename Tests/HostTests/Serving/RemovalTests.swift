import ChatKernel
import Testing

@Suite("Removal", .serialized)
struct RemovalTests {
    @Test("closes the connection with 1008 at the removal, and nothing past it is shown")
    func removed() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let (owner, member) = (try ann.enter(room), try bob.enter(room))
            try owner.here("ann", "bob")
            try ann.post("before", in: room)
            #expect(try ann.call("DELETE", "/api/chat/conversations/\(room)/members/bob").status == 204)
            try ann.post("after", in: room)
            #expect(try member.next("message")["content"] == "before")
            #expect(try member.closed() == .close(code: 1008, reason: "removed"))
            try owner.here("ann")
            #expect(try bob.knock(room).answer().status == 403)
        }
    }

    @Test("a slow reader gets all up to its removal, and nothing past it")
    func slow() async throws {
        let text = config(store: watchedConfig, websocket: #""outboxBytes": 65536"#)
        try await withHost(text, catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let slow = try bob.enter(room, receiveBuffer: 4096)
            try slow.here("bob")
            let padding = String(repeating: "x", count: 60_000)
            let last = max(150, 2 * largestSendBuffer / padding.utf8.count)
            for number in 2...last { try ann.post("\(number) \(padding)", in: room) }
            #expect(try ann.call("DELETE", "/api/chat/conversations/\(room)/members/bob").status == 204)
            #expect(host.kernel.activeUsers(in: ConversationID(room)).isEmpty)
            let witness = try ann.enter(room)
            try witness.send(#"{"type":"message","content":"after"}"#)
            _ = try witness.next("message")
            for number in 2...last { #expect(try slow.next("message")["seq"].number == number) }
            #expect(try slow.frame() == .close(code: 1008, reason: "removed"))
        }
    }

    @Test("a slow reader of v2 is not told who is there, once its user has been removed", arguments: [true, false])
    func slowSecond(isWide: Bool) async throws {
        let text = config(store: watchedConfig, websocket: #""outboxBytes": 65536"#)
        try await withHost(text, catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let slow = try bob.open(receiveBuffer: 4096)
            let cursor = try #require(try slow.next()["cursor"].text)
            try slow.send(
                isWide
                    ? #"{"type":"hello","cursor":"\#(cursor)"}"#
                    : #"{"type":"subscribe","conversation_id":"\#(room)","id":"s"}"#)
            _ = try slow.next("presence")
            let padding = String(repeating: "x", count: 60_000)
            let last = max(150, 2 * largestSendBuffer / padding.utf8.count)
            for number in 2...last { try ann.post("\(number) \(padding)", in: room) }
            #expect(try ann.call("DELETE", "/api/chat/conversations/\(room)/members/bob").status == 204)
            let witness = try ann.enter(room)
            try witness.here("ann")
            try witness.send(#"{"type":"message","content":"after"}"#)
            _ = try witness.next("message")
            try slow.send(#"{"type":"ping","id":"p"}"#)
            var (numbers, here): ([Int], [String]) = ([], [])
            var isOver = false
            while !isOver || numbers.last != last + 1 {
                let frame = try slow.next()
                if let number = frame["seq"].number { numbers.append(number) }
                here += frame["active_users"].items.compactMap(\.text)
                isOver = isOver || frame["type"] == "pong"
            }
            #expect(numbers == Array(2...(last + 1)))
            #expect(!here.contains("ann"))
        }
    }

    @Test("who is removed and comes back stays in its new stay")
    func back() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let members = "/api/chat/conversations/\(room)/members"
            #expect(try ann.call("DELETE", members + "/bob").status == 204)
            try ann.post("between", in: room)
            #expect(try ann.call("POST", members, #"{"user_id":"bob"}"#).status == 201)
            let again = try bob.enter(room, "&after=0")
            try ann.post("now", in: room)
            #expect(try again.next("message")["content"] == "now")
        }
    }
}
