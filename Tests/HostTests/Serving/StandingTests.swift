import ChatHost
import ChatKernel
import Testing

@Suite("Where a connection of profile v2 stands", .serialized)
struct StandingTests {
    @Test(
        "no cursor it is told is ahead of what it has been sent, also of what was before it came: another transport goes on from there",
        arguments: [false, true])
    func cursors(ofThePast isPast: Bool) async throws {
        try await withHost(config(store: watchedConfig), catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let (room, other) = (try host.room(ann, bob), try host.room(ann, bob))
            func say() throws { for text in ["one", "two"] { try ann.post(text, in: room) } }
            if isPast { try say() }
            let socket = try bob.open()
            _ = try socket.next()
            // One that has all.
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(other)","id":"o"}"#)
            _ = try socket.answer(to: "o")
            if !isPast { try say() }
            try host.store.pages.close { $0 == 1 }
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","after":1,"id":"s"}"#)
            let ack = try socket.answer(to: "s")
            try host.store.pages.awaitArrival()
            try socket.send(#"{"type":"ping","id":"p"}"#)
            let pong = try socket.next("pong")
            for cursor in [ack["cursor"].text, pong["cursor"].text] {
                let missed = try bob.polled(after: try #require(cursor))
                #expect(missed.compactMap { $0["content"].text } == ["one", "two"])
            }
            try host.store.pages.open()
            #expect(try socket.contents(through: "two") == ["one", "two"])
            let caughtUp = try #require(try socket.next("caught_up")["cursor"].text)
            #expect(try bob.polled(after: caughtUp).isEmpty)
            try ann.post("three", in: room)
            #expect(try socket.contents(through: "three") == ["three"])
            try socket.send(#"{"type":"ping","id":"q"}"#)
            #expect(try bob.polled(after: try #require(try socket.next("pong")["cursor"].text)).isEmpty)
        }
    }

    @Test("a path without such a conversation, or of others, closes with 4404 and 4403, though it is asked by hello")
    func paths() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann)
            for (path, code, word) in [("nope", 4404, "unknown_conversation"), (room, 4403, "not_a_member")] {
                let socket = try WebSocketClient(
                    port: host.port, path: "/api/chat/ws/\(path)", fields: ["Sec-WebSocket-Protocol": "chat.v2"]
                ).admitted()
                try socket.send(#"{"type":"hello","token":"\#(bob.token)","id":"h"}"#)
                #expect(try socket.answer(to: "h")["code"].text == word)
                #expect(try socket.closed() == .close(code: code, reason: word))
            }
        }
    }

    @Test("the path of a conversation one has left gives what there was, and closes with 4403")
    func formerMember() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let before = try bob.head()
            #expect(try ann.call("DELETE", "/api/chat/conversations/\(room)/members/bob").status == 204)
            for (cursor, events) in [(before, ["removed"]), (try bob.head(), [])] {
                let socket = try bob.open(room)
                _ = try socket.next()
                try socket.send(#"{"type":"hello","cursor":"\#(cursor)"}"#)
                var actions: [String] = []
                var frame = try socket.frame()
                while case .text(let event)? = frame {
                    if let action = event["action"].text { actions.append(action) }
                    frame = try socket.frame()
                }
                #expect(actions == events)
                #expect(frame == .close(code: 4403, reason: "removed"))
            }
        }
    }

    @Test("whoever goes over from subscriptions to a cursor, or was away and is back, is seen to come once")
    func presence() async throws {
        try await withHost(time: FastTime()) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let head = try bob.head()
            let members = "/api/chat/conversations/\(room)/members"
            #expect(try ann.call("DELETE", "\(members)/bob").status == 204)
            #expect(try ann.call("POST", members, #"{"user_id":"bob"}"#).status == 201)
            let witness = try ann.enter(room)
            try witness.here("ann")
            let socket = try bob.open()
            _ = try socket.next()
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","id":"s"}"#)
            _ = try socket.answer(to: "s")
            try witness.here("ann", "bob")
            try socket.send(#"{"type":"hello","cursor":"\#(head)"}"#)
            #expect(try socket.events(through: "caught_up").compactMap { $0["action"].text } == ["removed", "added"])
            // Whatever was to be told of its coming and going has been told before it is heard to type.
            for _ in 1...20 {
                try socket.send(#"{"type":"history","conversation_id":"\#(room)","id":"h"}"#)
                _ = try socket.answer(to: "h")
            }
            try socket.send(#"{"type":"typing","conversation_id":"\#(room)","on":true}"#)
            var frame = try witness.next()
            while frame["type"] != "typing" {
                #expect(frame["type"] != "system")
                frame = try witness.next()
            }
        }
    }

    @Test("read marks past the bound of the queue are not queued: the newest of each user comes when there is room")
    func marks() async throws {
        let text = config(store: watchedConfig, websocket: #""outboxBytes": 65536"#)
        try await withHost(text, catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let large = String(repeating: "x", count: 60_000)
            for _ in 2...31 { try bob.post(large, in: room) }
            let slow = try bob.open(receiveBuffer: 4096)
            _ = try slow.next()
            try slow.send(#"{"type":"subscribe","conversation_id":"\#(room)","id":"s"}"#)
            _ = try slow.answer(to: "s")
            // Answers that it does not read: in the end one is queued, and what is asked behind it is not read.
            for number in 1...max(40, 2 * largestSendBuffer / (4 * large.utf8.count)) {
                try slow.send(
                    #"{"type":"history","conversation_id":"\#(room)","before":6,"limit":4,"id":"\#(number)"}"#)
            }
            _ = try host.entriesReadAtRest()
            for seq in 2...31 {
                #expect(
                    try ann.call("POST", "/api/chat/conversations/\(room)/read", #"{"seq":\#(seq)}"#).status < 300)
            }
            var marks: [Int] = []
            while marks.last != 31 { marks.append(Int(try slow.next("read")["read_seq"].number ?? 0)) }
            // The first may have found the last buffers not full yet.
            #expect(marks.count < 15)
        }
    }
}
