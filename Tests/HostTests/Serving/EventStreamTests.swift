import ChatHost
import ChatKernel
import ChatLongPolling
import Testing

/// Long-polling whose streams live for a second, which is less than a config may ask for.
private enum Brief: TransportAdapter {
    struct Settings: Decodable {}
    static let type = "brief"
    static let guarantees = LongPollingAdapter.guarantees

    static func make(_ settings: Settings, in context: AdapterContext) async throws -> any Transport {
        LongPollingTransport(settings: LongPollingSettings(streamSeconds: 1))
    }
}

@Suite("Server-sent events", .serialized)
struct EventStreamTests {
    @Test("begins with where it begins, and shows what happens with its cursor as id")
    func begins() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let head = try bob.head()
            let stream = try bob.stream()
            let hello = try #require(try stream.next())
            #expect(hello.event == "hello")
            #expect(hello.id == head)
            let room = try host.room(ann, bob)
            try ann.post("hello", in: room)
            #expect(try stream.next("conversation").json["action"] == "created")
            let message = try stream.next("message")
            #expect(try message.json["content"] == "hello")
            #expect(try message.json["cursor"].text == message.id)
        }
    }

    @Test("resumes from its last id, which wins over the query, and shows the bytes that polls show")
    func resumes() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let start = try ann.head()
            let room = try host.room(ann)
            for number in 2...4 { try ann.post("\(number)", in: room) }
            let polled = try ann.events("cursor=\(start)")["events"].items
            let third = try #require(polled[2]["cursor"].text)
            let stream = try ann.stream("&cursor=\(start)", fields: ["Last-Event-ID": third])
            #expect(try stream.next()?.json == polled[3])
            let other = try ann.stream("&cursor=\(start)")
            for event in polled { #expect(try other.next()?.json == event) }
            let refused = try Socket(port: host.port)
            try refused.send(
                request: "GET", "/api/chat/stream?token=\(ann.token)", fields: ["Last-Event-ID": "nonsense"])
            #expect(try refused.answer().status == 400)
        }
    }

    @Test("a ticket opens one stream, once")
    func tickets() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let made = try ann.call("POST", "/api/chat/tickets")
            #expect(made.status == 201)
            #expect(try made.json["expires_in"] == 30)
            let ticket = try #require(try made.json["ticket"].text)
            let stream = try EventSource(port: host.port, path: "/api/chat/stream?ticket=\(ticket)").opened()
            #expect(try stream.next()?.event == "hello")
            let spent = try Socket(port: host.port)
            try spent.send(request: "GET", "/api/chat/stream?ticket=\(ticket)")
            #expect(try spent.answer().status == 401)
        }
    }

    @Test("has a bounded life, ends behind a whole event, and goes on in the next from its last id")
    func brief() async throws {
        let text = config().replacing("long-polling", with: "brief")
        try await withHost(text, catalog: .standard.adding(Brief.self)) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let stream = try ann.stream()
            let hello = try stream.next("hello")
            #expect(try stream.next() == nil)
            try ann.post("meanwhile", in: room)
            let next = try ann.stream(fields: ["Last-Event-ID": try #require(hello.id)])
            #expect(try next.next("message").json["content"] == "meanwhile")
            #expect(try next.next() == nil)
        }
    }

    @Test("a reader that does not read gets everything when it does, and is not queued for")
    func slow() async throws {
        let text = config(store: #"{ "type": "watched", "path": "chat.db" }"#)
        try await withHost(text, catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let stream = try bob.stream(receiveBuffer: 4096)
            _ = try stream.next("hello")
            let padding = String(repeating: "x", count: 30_000)
            // Three times what its socket's buffer takes.
            let last = max(401, 3 * largestSendBuffer / padding.utf8.count)
            for number in 2...last { try ann.post("\(number) \(padding)", in: room) }
            for number in 2...last { #expect(try stream.next("message").json["seq"].number == number) }
            // Had the rest been queued, it would not have been read.
            #expect(try host.store.entriesRead > last / 3)
            try ann.post("and live again", in: room)
            #expect(try stream.next("message").json["content"] == "and live again")
        }
    }

    @Test("ends when the host stops, and when its client goes it is forgotten")
    func ends() async throws {
        // So long that it is the stream that ends, and not the host that is out of patience.
        try await withHost(config(http: #""drainSeconds": 60"#)) { host in
            let ann = try host.person("ann")
            let (one, two) = (try ann.stream(), try ann.stream())
            for stream in [one, two] { _ = try stream.next("hello") }
            #expect(try host.metric("chat_sessions_open") == 2)
            one.socket.reset()
            try host.awaitMetric("chat_sessions_open", 1)
            host.host.stop()
            #expect(try two.next() == nil)
        }
    }
}
