import ScriptTesting
import Testing

@Suite("A conversation over WebSockets", .serialized)
struct WebSocketTests {
    @Test("both see both join, and then every message once and in order, the sender too")
    func talk() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let first = try ann.enter(room)
            let joined = try first.here("ann")
            #expect(joined["content"] == "User joined")
            #expect(joined["event"] == "joined")
            #expect(joined["user_id"] == "ann")
            let second = try bob.enter(room)
            try first.here("ann", "bob")
            try second.here("ann", "bob")
            for number in 1...20 {
                let socket = number.isMultiple(of: 2) ? first : second
                try socket.send(#"{"type":"message","content":"\#(number)"}"#)
                // Whose message is first when two send at once is nobody's promise.
                let frames = [try first.next("message"), try second.next("message")]
                #expect(frames[0] == frames[1])
                #expect(frames[0]["content"].text == "\(number)")
                #expect(frames[0]["seq"].number == number + 1)
            }
        }
    }

    @Test("a message frame has the seed's fields first, in its order")
    func shape() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try ann.enter(room)
            try socket.here("ann")
            try socket.send(#"{"type":"message","content":"Hello!"}"#)
            guard try socket.socket.read(1)[0] == 0x81 else { throw Trouble("no text frame") }
            let length = try socket.socket.read(1)[0]
            let size = length == 126 ? try socket.socket.read(2).reduce(0) { $0 << 8 | Int($1) } : Int(length)
            let text = String(decoding: try socket.socket.read(size), as: UTF8.self)
            let names = text.split(separator: "\"").filter { text.contains("\"\($0)\":") }
            #expect(
                names == [
                    "type", "content", "sender_id", "sender_username", "message_id", "timestamp", "is_edited",
                    "conversation_id", "seq", "pos",
                ])
        }
    }

    @Test("typing reaches the others, not the connection it came from")
    func typing() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let sockets = [try ann.enter(room), try ann.enter(room), try bob.enter(room)]
            for socket in sockets { try socket.here("ann", "bob") }
            try sockets[0].send(#"{"type":"typing"}"#)
            try sockets[0].send(#"{"type":"message","content":"done"}"#)
            #expect(try sockets[0].next()["type"] == "message")
            for other in sockets.dropFirst() {
                let notice = try other.next("typing")
                #expect(notice["sender_id"] == "ann")
                #expect(notice["conversation_id"].text == room)
            }
        }
    }

    @Test("a flood of typing is not passed on")
    func typingFlood() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let (mine, theirs) = (try ann.enter(room), try bob.enter(room))
            try theirs.here("ann", "bob")
            for _ in 0..<1000 { try mine.send(#"{"type":"typing"}"#) }
            try mine.send(#"{"type":"message","content":"done"}"#)
            var notices = 0
            while try theirs.next()["type"] == "typing" { notices += 1 }
            #expect(notices >= 1)
            #expect(notices < 500)
        }
    }

    @Test("joining and leaving are of a user, not of a connection")
    func presence() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let socket = try ann.enter(room)
            let two = [try bob.enter(room), try bob.enter(room)]
            try socket.here("ann", "bob")
            try two[0].send(opcode: 8, [0x03, 0xE8])
            #expect(try two[0].closed() == .close(code: 1000, reason: ""))
            // The second connection keeps bob here: the next notice is of the last one's end.
            try two[1].send(#"{"type":"message","content":"still here"}"#)
            #expect(try socket.next()["content"] == "still here")
            two[1].socket.close()
            let left = try socket.here("ann")
            #expect(left["content"] == "User left")
            #expect(left["user_id"] == "bob")
        }
    }

    @Test("a second connection of a user is told who is here, and the others are not told of it")
    func secondConnection() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let (witness, first) = (try ann.enter(room), try bob.enter(room))
            for socket in [witness, first] { try socket.here("ann", "bob") }
            let second = try bob.enter(room)
            let notice = try second.next()
            #expect(notice["type"] == "system")
            #expect(notice["content"] == "Users present")
            #expect(notice["event"] == "present")
            #expect(notice["active_users"] == ["ann", "bob"])
            #expect(notice["user_id"] == "bob")
            #expect(notice["conversation_id"].text == room)
            try second.send(#"{"type":"message","content":"done"}"#)
            for socket in [witness, first, second] { #expect(try socket.next()["content"] == "done") }
        }
    }

    @Test("an edit comes as the message again, a deletion as a notice")
    func editing() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let (mine, theirs) = (try ann.enter(room), try bob.enter(room))
            try mine.send(#"{"type":"message","content":"helo","id":1}"#)
            let id = try mine.next("ack")["message_id"].text ?? ""
            try mine.send(#"{"type":"edit","message_id":"\#(id)","content":"hello","id":"e"}"#)
            #expect(try mine.answer(to: "e")["seq"] == 3)
            try mine.send(#"{"type":"delete","message_id":"\#(id)","id":"d"}"#)
            #expect(try mine.answer(to: "d")["seq"] == 4)
            #expect(try theirs.next("message")["content"] == "helo")
            let edited = try theirs.next("message")
            #expect(edited["message_id"].text == id)
            #expect(edited["is_edited"] == true)
            #expect(edited["content"] == "hello")
            #expect(edited["seq"] == 3)
            let deleted = try theirs.notice("message_deleted")
            #expect(deleted["message_id"].text == id)
            #expect(deleted["seq"] == 4)
        }
    }

    @Test("a frame with an id is answered with it, whatever its type")
    func acknowledged() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try ann.enter(room)
            try socket.here("ann")
            try socket.send(#"{"type":"message","content":"once","client_id":"k","id":"a"}"#)
            try socket.send(#"{"type":"message","content":"once","client_id":"k","id":"b"}"#)
            let (first, again) = (try socket.answer(to: "a"), try socket.answer(to: "b"))
            #expect(first["type"] == "ack")
            #expect(first["durability"] == "memory")
            #expect(first["duplicate"] == false)
            #expect(first["client_id"] == "k")
            #expect(again["duplicate"] == true)
            #expect(again["message_id"] == first["message_id"])
            try socket.send(#"{"type":"message","content":"twice","client_id":"k","id":"c"}"#)
            #expect(try socket.answer(to: "c")["code"] == "idempotency_mismatch")
            try socket.send(#"{"type":"ping","id":"p"}"#)
            #expect(try socket.answer(to: "p")["type"] == "ack")
            try socket.send(#"{"type":"typing","on":true,"id":"t"}"#)
            #expect(try socket.answer(to: "t")["type"] == "ack")
            try socket.send(#"{"type":"read","seq":2,"id":"r"}"#)
            #expect(try socket.answer(to: "r")["type"] == "ack")
            try socket.send(#"{"type":"subscribe","id":"s"}"#)
            #expect(try socket.answer(to: "s")["seq"] == 2)
            try socket.send(#"{"type":"history","limit":1,"id":"h"}"#)
            let history = try socket.answer(to: "h")
            #expect(history["events"][0]["content"] == "once")
            #expect(history["more"] == true)
        }
    }

    @Test(
        "a frame that will not do is an error, and the socket stays open",
        arguments: [
            ("nonsense", "bad_json"), ("[]", "bad_json"), (#"{"type":"message","type":"typing"}"#, "bad_json"),
            ("{}", "missing_field"), (#"{"type":"dance"}"#, "unknown_type"),
            (#"{"type":"message"}"#, "missing_field"), (#"{"type":"message","content":5}"#, "invalid_field"),
            (#"{"type":"message","content":""}"#, "message_empty"),
            (#"{"type":"message","content":" \n\u00a0"}"#, "message_empty"),
            (#"{"type":"message","content":"12345678901"}"#, "message_too_large"),
            (#"{"type":"message","content":"x","conversation_id":"other"}"#, "invalid_field"),
            (#"{"type":"message","content":"x","reply_to":"none"}"#, "unknown_message"),
            (#"{"type":"ping"}"#, "unknown_type"), (#"{"type":"hello","id":1}"#, "unknown_type"),
            (#"{"type":"edit","message_id":"none","content":"x","id":1}"#, "unknown_message"),
        ])
    func errors(frame: String, code: String) async throws {
        try await withHost(config(limits: #""messageBytes": 10"#)) { host in
            let ann = try host.person("ann")
            let socket = try ann.enter(try host.room(ann))
            try socket.here("ann")
            try socket.send(frame)
            let error = try socket.next()
            #expect(error["type"] == "error")
            #expect(error["code"].text == code)
            #expect(error["content"].text?.isEmpty == false)
            if code == "message_empty" { #expect(error["content"] == "Message cannot be empty") }
            try socket.send(#"{"type":"message","content":"go on"}"#)
            #expect(try socket.next()["content"] == "go on")
        }
    }

    @Test(
        "a peer that breaks the protocol is told its code and closed",
        arguments: [
            (WebSocketClient.frame(opcode: 2, [1]), 1003),
            (WebSocketClient.frame(opcode: 1, [0xFF]), 1007),
            ([0x81, 0x01, 0x61] as [UInt8], 1002),
            (WebSocketClient.frame(opcode: 3, []), 1002),
            (Array(WebSocketClient.frame(opcode: 1, [UInt8](repeating: 0x20, count: 2000)).prefix(8)), 1009),
        ])
    func violations(bytes: [UInt8], code: Int) async throws {
        try await withHost(config(websocket: #""frameBytes": 1024"#)) { host in
            let ann = try host.person("ann")
            let socket = try ann.enter(try host.room(ann))
            try socket.socket.send(bytes)
            guard case .close(let said, _) = try socket.closed() else { throw Trouble("no close frame") }
            #expect(said == code)
            #expect(try socket.frame() == nil)
            socket.socket.close()
            try host.awaitMetric("chat_sessions_open", 0)
        }
    }

    @Test("the longest content there may be passes with every character escaped")
    func longest() async throws {
        try await withHost(config(limits: #""messageBytes": 200000"#)) { host in
            let ann = try host.person("ann")
            let socket = try ann.enter(try host.room(ann))
            let escaped = String(repeating: #"\u0061"#, count: 200_000)
            try socket.send(#"{"type":"message","content":"\#(escaped)"}"#)
            #expect(try socket.next("message")["content"].text == String(repeating: "a", count: 200_000))
        }
    }

    @Test("pings are answered, and a close is answered with the same code")
    func control() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let socket = try ann.enter(try host.room(ann))
            try socket.here("ann")
            try socket.send(opcode: 9, Array("echo".utf8))
            #expect(try socket.frame() == .pong(Array("echo".utf8)))
            try socket.send(opcode: 8, [0x0F, 0xA0] + Array("bye".utf8))
            #expect(try socket.closed() == .close(code: 4000, reason: ""))
        }
    }
}
