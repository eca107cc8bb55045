import ChatHost
import ChatKernel
import Testing

private let second = ["Sec-WebSocket-Protocol": "chat.v2"]

extension Person {
    /// A connection of profile v2, admitted; the greeting is still to be read.
    fileprivate func open(_ room: String? = nil, receiveBuffer: Int32? = nil) throws -> WebSocketClient {
        let path = room.map { "/api/chat/ws/\($0)" } ?? "/api/chat/ws"
        return try WebSocketClient(
            port: serving.port, path: "\(path)?token=\(token)", fields: second, receiveBuffer: receiveBuffer
        ).admitted()
    }

    fileprivate func head() throws -> String {
        try #require(try call("GET", "/api/chat/events").json["cursor"].text)
    }

    fileprivate func polled(after cursor: String) throws -> [JSON] {
        try call("GET", "/api/chat/events?cursor=\(cursor)&wait=0&limit=1000").json["events"].items
    }
}

extension WebSocketClient {
    /// The next frames up to one of this type, without those that are not stored.
    fileprivate func events(through type: String) throws -> [JSON] {
        var events: [JSON] = []
        while true {
            let frame = try next()
            if frame["type"].text == type { return events }
            if frame["type"] != "presence", frame["type"] != "typing" { events.append(frame) }
        }
    }

    /// The contents of messages, up to this one.
    fileprivate func contents(through last: String) throws -> [String] {
        var contents: [String] = []
        while contents.last != last {
            let frame = try event()
            if frame["type"] == "message" { contents.append(frame["content"].text ?? "") }
        }
        return contents
    }

    /// The next frame that is stored.
    fileprivate func event() throws -> JSON {
        while true {
            let frame = try next()
            if frame["type"] != "presence", frame["type"] != "typing" { return frame }
        }
    }
}

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

    @Test("credentials: by subprotocol, by ticket, or by hello; a token that will not do ends with 4401")
    func credentials() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            func knock(_ query: String, _ protocols: String = "chat.v2") throws -> WebSocketClient {
                try WebSocketClient(
                    port: host.port, path: "/api/chat/ws\(query)", fields: ["Sec-WebSocket-Protocol": protocols])
            }
            let bySubprotocol = try knock("", "chat.v2, chat.token.\(ann.token)")
            let answer = try bySubprotocol.answer()
            #expect(answer.status == 101)
            #expect(answer["sec-websocket-protocol"] == "chat.v2")
            #expect(try bySubprotocol.next()["type"] == "hello")
            let ticket = try #require(try ann.call("POST", "/api/chat/tickets").json["ticket"].text)
            #expect(try knock("?ticket=\(ticket)").admitted().next()["type"] == "hello")
            #expect(try knock("?ticket=\(ticket)").answer().status == 401)
            #expect(try knock("?token=nonsense").answer().status == 401)
            let byHello = try knock("").admitted()
            try byHello.send(#"{"type":"ping","id":"0"}"#)
            #expect(try byHello.answer(to: "0")["code"] == "token_invalid")
            try byHello.send(#"{"type":"hello","token":"\#(ann.token)","id":"1"}"#)
            #expect(try byHello.next()["id"] == "1")
            try byHello.send(#"{"type":"auth","token":"\#(bob.token)","id":"2"}"#)
            #expect(try byHello.answer(to: "2")["code"] == "forbidden")
            try byHello.send(#"{"type":"auth","token":"\#(ann.token)","id":"3"}"#)
            #expect(try byHello.answer(to: "3")["type"] == "ack")
            let stranger = try knock("").admitted()
            try stranger.send(#"{"type":"hello","token":"nonsense"}"#)
            #expect(try stranger.next("error")["code"] == "token_invalid")
            #expect(try stranger.closed() == .close(code: 4401, reason: "token_invalid"))
            // v1 has no such path, and nobody else's conversation is opened.
            #expect(
                try WebSocketClient(port: host.port, path: "/api/chat/ws?token=\(ann.token)").answer().status == 422)
            let room = try host.room(ann)
            #expect(try knock("/\(room)?token=\(bob.token)").answer().status == 403)
            try host.awaitMetric("chat_sessions_open", 2)
        }
    }

    @Test("a cursor that cannot be served is an error, and the connection stays")
    func cursors() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try ann.open()
            _ = try socket.next()
            for (cursor, code) in [("nonsense", "cursor_invalid"), ("1.1.0", "epoch_changed")] {
                try socket.send(#"{"type":"hello","cursor":"\#(cursor)"}"#)
                #expect(try socket.next("error")["code"].text == code)
            }
            // It is answered once: not acknowledged first.
            try socket.send(#"{"type":"hello","cursor":"nonsense","id":"0"}"#)
            #expect(try socket.answer(to: "0")["code"] == "cursor_invalid")
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","after":7,"id":"1"}"#)
            #expect(try socket.answer(to: "1")["code"] == "cursor_ahead")
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","after":1,"id":"2"}"#)
            #expect(try socket.answer(to: "2")["seq"] == 1)
        }
    }

    @Test(
        "a slow reader is told that it lags, gets everything as it reads, and is told when it has caught up",
        arguments: [true, false])
    func slow(isWide: Bool) async throws {
        let text = config(store: #"{ "type": "sqlite", "path": "chat.db" }"#, websocket: #""outboxBytes": 65536"#)
        try await withHost(text) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let head = try bob.head()
            let socket = try bob.open(receiveBuffer: 4096)
            _ = try socket.next()
            if isWide {
                try socket.send(#"{"type":"hello","cursor":"\#(head)"}"#)
                _ = try socket.events(through: "caught_up")
            } else {
                try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","id":"1"}"#)
                _ = try socket.answer(to: "1")
            }
            let padding = String(repeating: "x", count: 30_000)
            for number in 2...301 { try ann.post("\(number) \(padding)", in: room) }
            let first = try socket.events(through: "lagging")
            let rest = try socket.events(through: "caught_up")
            #expect((first + rest).compactMap { $0["seq"].number } == Array(2...301))
            try ann.post("live again", in: room)
            #expect(try socket.event()["content"] == "live again")
        }
    }

    @Test("a disabled user's connections end, in both profiles, and nothing past that is shown")
    func disabled() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let (first, second) = (try bob.enter(room), try bob.open(room))
            _ = try second.next()
            try second.send(#"{"type":"subscribe","id":"s"}"#)
            _ = try second.answer(to: "s")
            let witness = try ann.enter(room)
            try ann.post("before", in: room)
            host.kernel.dismiss([UserID("bob")])
            try witness.send(#"{"type":"message","content":"after"}"#)
            #expect(try first.next("message")["content"] == "before")
            #expect(try first.closed() == .close(code: 1008, reason: "disabled"))
            #expect(try second.event()["content"] == "before")
            #expect(try second.closed() == .close(code: 4401, reason: "disabled"))
            try witness.here("ann")
            #expect(try host.metric("chat_sessions_open") == 1)
        }
    }

    @Test("a host that stops says so, with 4503")
    func stopping() async throws {
        try await withHost { host in
            let socket = try host.person("ann").open()
            _ = try socket.next()
            host.host.stop()
            #expect(try socket.next()["type"] == "draining")
            #expect(try socket.closed() == .close(code: 4503, reason: "draining"))
        }
    }
}
