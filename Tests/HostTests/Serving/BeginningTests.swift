import ScriptTesting
import Testing

@Suite("What a client begins with", .serialized)
struct BeginningTests {
    private static let stores = [#"{ "type": "memory" }"#, #"{ "type": "sqlite", "path": "chat.db" }"#]
    /// Six times as long in JSON as it is.
    private static let long = String(repeating: "\\u0001", count: 60_000)

    @Test("a list of conversations that is too large for a page goes on in the next", arguments: stores)
    func list(store: String) async throws {
        try await withHost(config(store: store)) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            var rooms: [String] = []
            for _ in 0..<8 {
                rooms.insert(try host.room(ann, bob), at: 0)
                try ann.post(Self.long, in: rooms[0])
            }
            var pages: [[String]] = []
            var path: String? = "/api/chat/conversations?limit=50"
            while let asked = path {
                let page = try bob.call("GET", asked)
                pages.append(try page.json.items.compactMap { $0["id"].text })
                path = page["link"].flatMap { $0.split(separator: ">").first?.dropFirst() }.map { String($0) }
            }
            #expect(pages == [Array(rooms.prefix(5)), Array(rooms.suffix(3))])
        }
    }

    /// No snapshot is larger, so a socket with a larger buffer takes all of it.
    private static let snapshotBytes = 6 << 20

    @Test(
        "snapshots that nobody reads are so many, and then refused until one is read or gone",
        .enabled(if: largestSendBuffer < snapshotBytes))
    func unread() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            // All there may be in one, and more than a socket takes that is not read from.
            for _ in 0..<3 {
                let room = try host.room(ann, bob)
                for _ in 0..<6 { try ann.post(Self.long, in: room) }
            }
            let unread = try (0..<8).map { _ in
                let socket = try Socket(port: host.port, receiveBuffer: 4096)
                try socket.send(request: "GET", "/api/chat/events", fields: ["Authorization": "Bearer \(bob.token)"])
                #expect(try socket.line().contains("200"))
                return socket
            }
            let refused = try bob.call("GET", "/api/chat/events")
            #expect(refused.status == 429)
            #expect(try refused.code == "rate_limited")
            #expect(refused["retry-after"] == "1")
            #expect(try host.metric(#"chat_limited_total{limit="snapshots_per_user"}"#) == 1)
            #expect(try ann.call("GET", "/api/chat/events").status == 200)
            unread[0].reset()
            #expect(try (0..<2000).contains { _ in try bob.call("GET", "/api/chat/events").status == 200 })
            for socket in unread { socket.close() }
        }
    }
}
