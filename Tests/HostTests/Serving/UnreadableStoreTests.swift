import ChatKernel
import Testing

@Suite("A store that cannot be read while somebody catches up", .serialized)
struct UnreadableStoreTests {
    /// Bob has missed a message that only the store knows, and the store cannot be read.
    /// - Parameter script: is given him, the room, and a cursor from before it.
    private func unreadable(
        _ script: @escaping @Sendable (_ bob: Person, _ room: String, _ cursor: String) throws -> Void
    ) async throws {
        try await withHost(config(store: watchedConfig), catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let cursor = try bob.head()
            let room = try host.room(ann, bob)
            try ann.post("missed", in: room)
            try host.store.fail(StoreError(.unavailable, "the disk is away"))
            try script(bob, room, cursor)
        }
    }

    /// That is said, with nothing of what is wrong inside, and the client is sent away to come again.
    private func expectFarewell(_ socket: WebSocketClient) throws {
        let error = try socket.next("error")
        #expect(error["code"] == "store_unavailable")
        #expect(error["content"].text?.contains("disk") == false)
        #expect(try socket.closed() == .close(code: 1013, reason: "store_unavailable"))
    }

    @Test("is said to a client of v1, which misses nothing when it comes back")
    func v1() async throws {
        try await unreadable { bob, room, _ in
            try expectFarewell(try bob.enter(room, "&after=1"))
            try bob.serving.store.fail(nil)
            #expect(try bob.enter(room, "&after=1").next("message")["content"] == "missed")
        }
    }

    @Test(
        "is said to a client of v2 that comes with a cursor, or with a number, and misses nothing either",
        arguments: [true, false])
    func v2(hasCursor: Bool) async throws {
        try await unreadable { bob, room, cursor in
            func comeBack() throws -> WebSocketClient {
                let socket = try bob.open()
                try socket.send(
                    hasCursor
                        ? #"{"type":"hello","cursor":"\#(cursor)"}"#
                        : #"{"type":"subscribe","conversation_id":"\#(room)","after":1}"#)
                return socket
            }
            try expectFarewell(try comeBack())
            try bob.serving.store.fail(nil)
            #expect(try comeBack().next("message")["content"] == "missed")
        }
    }

    @Test("is the answer to a request, with when to ask again")
    func poll() async throws {
        try await unreadable { bob, _, cursor in
            let refused = try bob.call("GET", "/api/chat/events?cursor=\(cursor)&wait=20")
            #expect(refused.status == 503)
            #expect(try refused.code == "store_unavailable")
            #expect(refused["retry-after"] != nil)
            #expect(refused["cache-control"] == "no-store")
            try bob.serving.store.fail(nil)
            #expect(try bob.events("cursor=\(cursor)").contents == ["missed"])
        }
    }

    @Test("ends a stream, which goes on from its last id")
    func stream() async throws {
        try await unreadable { bob, _, cursor in
            #expect(try bob.stream("&cursor=\(cursor)").next() == nil)
            try bob.serving.store.fail(nil)
            #expect(try bob.stream("&cursor=\(cursor)").next("message").json["content"] == "missed")
        }
    }
}
