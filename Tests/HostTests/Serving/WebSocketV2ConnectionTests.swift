import ChatHost
import ChatKernel
import Testing

@Suite("Connections of profile v2", .serialized)
struct WebSocketV2ConnectionTests {
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
            let last = max(301, 2 * largestSendBuffer / padding.utf8.count)
            for number in 2...last { try ann.post("\(number) \(padding)", in: room) }
            let first = try socket.events(through: "lagging")
            let rest = try socket.events(through: "caught_up")
            #expect((first + rest).compactMap { $0["seq"].number } == Array(2...last))
            try ann.post("live again", in: room)
            #expect(try socket.event()["content"] == "live again")
        }
    }

    @Test("who sends without waiting for thousands of answers is refused nothing, and keeps its order")
    func window() async throws {
        try await withHost(config(store: watchedConfig), catalog: watched) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try ann.open(room)
            _ = try socket.next()
            try host.store.commits.close { _ in true }
            let count = 5000
            for number in 1...count { try socket.send(#"{"type":"message","content":"\#(number)","id":\#(number)}"#) }
            try host.store.commits.awaitArrival()
            // All that it will read meanwhile it has read by then.
            for _ in 0..<200 { _ = try host.metric("chat_sessions_open") }
            try host.store.commits.open()
            for number in 1...count {
                let answer = try socket.next()
                #expect(answer["type"] == "ack" && answer["id"].number == number && answer["seq"].number == number + 1)
            }
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

    @Test("a host that stops answers first what is being asked")
    func stoppingWhileAsked() async throws {
        try await withHost(config(store: watchedConfig), catalog: watched) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let (asker, witness) = (try ann.open(room), try ann.open(room))
            for socket in [asker, witness] { _ = try socket.next() }
            try host.store.pages.close { $0 == 0 }
            try asker.send(#"{"type":"history","after":0,"id":"h"}"#)
            try host.store.pages.awaitArrival()
            host.host.stop()
            // The one is gone, so the other would be.
            #expect(try witness.closed() == .close(code: 4503, reason: "draining"))
            try host.store.pages.open()
            #expect(try asker.next()["id"] == "h")
            #expect(try asker.next()["type"] == "draining")
            #expect(try asker.closed() == .close(code: 4503, reason: "draining"))
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
