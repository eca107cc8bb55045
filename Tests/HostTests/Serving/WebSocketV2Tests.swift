import Testing

@Suite("Profile v2 on WebSocket", .serialized)
struct WebSocketV2Tests {
    @Test("greets first, and nothing is subscribed until it is asked for")
    func greeting() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let (one, two) = (try host.room(ann, bob), try host.room(ann, bob))
            let head = try bob.head()
            let socket = try bob.open()
            let hello = try socket.next()
            #expect(hello["type"] == "hello")
            #expect(hello["cursor"].text == head)
            #expect(hello["heartbeat_ms"] == 25_000)
            #expect(hello["limits"]["message_bytes"] == 65_536)
            #expect(hello["guarantee"]["durability"] == "memory")
            try ann.post("unheard", in: one)
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(one)","id":"1"}"#)
            let ack = try socket.answer(to: "1")
            #expect(ack["seq"] == 2)
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(two)","after":0,"id":"2"}"#)
            #expect(try socket.answer(to: "2")["seq"] == 0)
            #expect(try socket.events(through: "caught_up").map { $0["action"] } == ["created"])
            try ann.post("heard", in: one)
            #expect(try socket.event()["content"] == "heard")
            try socket.send(#"{"type":"unsubscribe","conversation_id":"\#(one)","id":"3"}"#)
            _ = try socket.answer(to: "3")
            try ann.post("unheard again", in: one)
            try ann.post("in the other", in: two)
            #expect(try socket.event()["content"] == "in the other")
        }
    }

    @Test("hello with a cursor: all that was missed, everywhere, then what comes, in the bytes that polls show")
    func wide() async throws {
        try await withHost(config(store: #"{ "type": "sqlite", "path": "chat.db" }"#)) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let start = try bob.head()
            let room = try host.room(ann, bob)
            for number in 2...5 { try ann.post("\(number)", in: room) }
            let socket = try bob.open()
            #expect(try socket.next()["type"] == "hello")
            try socket.send(#"{"type":"hello","cursor":"\#(start)","id":"h"}"#)
            _ = try socket.answer(to: "h")
            let missed = try socket.events(through: "caught_up")
            #expect(missed == (try bob.polled(after: start)))
            #expect(missed.count == 5)
            // One that did not exist, and one that he was not in.
            let new = try host.room(ann, bob)
            let other = try host.room(ann)
            try ann.post("not for bob", in: other)
            try ann.post("hello", in: new)
            #expect(try socket.event()["action"] == "created")
            let message = try socket.event()
            #expect(message["content"] == "hello")
            #expect(message["cursor"].text == (try bob.head()))
            try socket.send(#"{"type":"ping","id":"p"}"#)
            let pong = try socket.events(through: "pong")
            #expect(pong.isEmpty)
        }
    }

    @Test("edits, deletions, reactions, read marks, members and details are events, and their senders are told")
    func events() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let (one, two) = (try ann.open(), try bob.open())
            for socket in [one, two] {
                _ = try socket.next()
                try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","id":"s"}"#)
                _ = try socket.answer(to: "s")
            }
            try one.send(#"{"type":"message","conversation_id":"\#(room)","content":"helo","client_id":"c","id":"1"}"#)
            let ack = try one.answer(to: "1")
            #expect(ack["duplicate"] == false)
            let id = try #require(ack["message_id"].text)
            #expect(try two.event()["message_id"].text == id)
            try one.send(#"{"type":"edit","message_id":"\#(id)","content":"hello","id":"2"}"#)
            #expect(try one.answer(to: "2")["seq"] == 3)
            let edited = try two.event()
            #expect(edited["type"] == "edited")
            #expect(edited["content"] == "hello")
            try two.send(#"{"type":"react","message_id":"\#(id)","key":"+1","on":true,"id":"3"}"#)
            #expect(try two.answer(to: "3")["type"] == "ack")
            try two.send(#"{"type":"read","conversation_id":"\#(room)","seq":3}"#)
            #expect(try one.events(through: "read").last?["key"] == "+1")
            #expect(try two.next("read")["read_seq"] == 3)
            try two.send(#"{"type":"edit","message_id":"\#(id)","content":"not mine","id":"4"}"#)
            #expect(try two.answer(to: "4")["code"] == "forbidden")
            try one.send(#"{"type":"delete","message_id":"\#(id)","id":"5"}"#)
            _ = try one.answer(to: "5")
            #expect(try two.event()["type"] == "deleted")
            #expect(try ann.call("PATCH", "/api/chat/conversations/\(room)", #"{"name":"new"}"#).status == 200)
            #expect(try two.event()["name"] == "new")
            try one.send(#"{"type":"history","conversation_id":"\#(room)","after":1,"limit":2,"id":"6"}"#)
            #expect(try one.answer(to: "6")["events"].items.map { $0["type"] } == ["message", "edited"])
        }
    }

    @Test(
        "a removal is the last of a conversation; a socket of many stays open, one of that conversation closes with 4403"
    )
    func removal() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let (room, other) = (try host.room(ann, bob), try host.room(ann, bob))
            let head = try bob.head()
            let (many, wide, only) = (try bob.open(), try bob.open(), try bob.open(room))
            for socket in [many, wide, only] { _ = try socket.next() }
            for conversation in [room, other] {
                try many.send(#"{"type":"subscribe","conversation_id":"\#(conversation)","id":"s"}"#)
                _ = try many.answer(to: "s")
            }
            for socket in [wide, only] {
                try socket.send(#"{"type":"hello","cursor":"\#(head)"}"#)
                _ = try socket.events(through: "caught_up")
            }
            #expect(try ann.call("DELETE", "/api/chat/conversations/\(room)/members/bob").status == 204)
            try ann.post("behind his back", in: room)
            try ann.post("in the other", in: other)
            for socket in [many, wide] {
                #expect(try socket.event()["action"] == "removed")
                #expect(try socket.event()["content"] == "in the other")
            }
            #expect(try only.event()["action"] == "removed")
            #expect(try only.closed() == .close(code: 4403, reason: "removed"))
            try many.send(#"{"type":"subscribe","conversation_id":"\#(room)","id":"again"}"#)
            #expect(try many.answer(to: "again")["code"] == "not_a_member")
        }
    }

    @Test("a cursor takes the place of subscriptions, and to subscribe after it is harmless: nothing comes twice")
    func cursorAndSubscriptions() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let (room, closed) = (try host.room(ann, bob), try host.room(ann))
            let socket = try bob.open()
            _ = try socket.next()
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","id":"1"}"#)
            #expect(try socket.answer(to: "1")["seq"] == 1)
            try socket.send(#"{"type":"hello","cursor":"\#(try bob.head())","id":"2"}"#)
            _ = try socket.answer(to: "2")
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","after":0,"id":"3"}"#)
            #expect(try socket.answer(to: "3")["seq"] == 1)
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(closed)","id":"4"}"#)
            #expect(try socket.answer(to: "4")["code"] == "not_a_member")
            try ann.post("once", in: room)
            try ann.post("the end", in: room)
            #expect(try socket.contents(through: "the end") == ["once", "the end"])
        }
    }

    @Test("who went and came back meanwhile has both, and one conversation's connection stays, and is of no other")
    func backAgain() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let (room, other) = (try host.room(ann, bob), try host.room(ann))
            let head = try bob.head()
            let members = "/api/chat/conversations/\(room)/members"
            #expect(try ann.call("DELETE", "\(members)/bob").status == 204)
            #expect(try ann.call("POST", members, #"{"user_id":"bob"}"#).status == 201)
            let socket = try bob.open(room)
            _ = try socket.next()
            try socket.send(#"{"type":"hello","cursor":"\#(head)"}"#)
            #expect(try socket.events(through: "caught_up").map { $0["action"] } == ["removed", "added"])
            #expect(
                try ann.call("POST", "/api/chat/conversations/\(other)/members", #"{"user_id":"bob"}"#).status == 201)
            try ann.post("welcome back", in: room)
            #expect(try socket.event()["content"] == "welcome back")
            // Whatever an errand would have brought has come before another's answer.
            try socket.send(#"{"type":"history","id":"h"}"#)
            var frame = try socket.next()
            while frame["id"] != "h" {
                #expect(frame["conversation_id"].text == room)
                frame = try socket.next()
            }
            #expect(try ann.call("DELETE", "\(members)/bob").status == 204)
            #expect(try socket.event()["action"] == "removed")
            #expect(try socket.closed() == .close(code: 4403, reason: "removed"))
        }
    }

    @Test("who is there and who types is told in both forms, and not to the connection that types")
    func ephemeral() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let head = try ann.head()
            let wide = try ann.open()
            _ = try wide.next()
            try wide.send(#"{"type":"hello","cursor":"\#(head)"}"#)
            #expect(try wide.next("presence")["user_id"] == "ann")
            let old = try bob.enter(room)
            let came = try wide.next("presence")
            #expect(came["user_id"] == "bob")
            #expect(came["status"] == "online")
            #expect(came["active_users"] == ["ann", "bob"])
            try wide.send(#"{"type":"typing","conversation_id":"\#(room)","on":true,"id":"1"}"#)
            _ = try wide.answer(to: "1")
            #expect(try old.next("typing")["sender_id"] == "ann")
            try old.send(#"{"type":"typing"}"#)
            let typing = try wide.next("typing")
            #expect(typing["sender_id"] == "bob")
            #expect(typing["on"] == true)
            old.socket.close()
            #expect(try wide.next("presence")["status"] == "offline")
        }
    }

    @Test("a user who is here already is told who else is, in both forms")
    func present() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let (head, witness, first) = (try bob.head(), try ann.enter(room), try bob.enter(room))
            try witness.here("ann", "bob")
            try first.here("ann", "bob")
            let wide = try bob.open()
            _ = try wide.next()
            try wide.send(#"{"type":"hello","cursor":"\#(head)"}"#)
            let narrow = try bob.open()
            _ = try narrow.next()
            try narrow.send(#"{"type":"subscribe","conversation_id":"\#(room)"}"#)
            for socket in [wide, narrow] {
                let notice = try socket.next("presence")
                #expect(notice["user_id"] == "bob")
                #expect(notice["status"] == "online")
                #expect(notice["active_users"] == ["ann", "bob"])
            }
            try ann.post("done", in: room)
            for socket in [witness, first] { #expect(try socket.next()["content"] == "done") }
            for socket in [wide, narrow] { #expect(try socket.next()["content"] == "done") }
        }
    }
}
