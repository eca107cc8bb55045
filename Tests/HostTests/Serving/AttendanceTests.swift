import ChatKernel
import Testing

@Suite("Who only asks", .serialized)
struct AttendanceTests {
    @Test("is here while it waits, and where it is let in meanwhile")
    func presence() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let witness = try ann.enter(room)
            try witness.here("ann")
            let cursor = try bob.head()
            let waiting = try bob.wait("cursor=\(cursor)")
            try witness.here("ann", "bob")
            #expect(try ann.call("DELETE", "/api/chat/conversations/\(room)/members/bob").status == 204)
            #expect(try waiting.answer().json.types == ["member"])
            try witness.here("ann")
            _ = try ann.call("POST", "/api/chat/conversations/\(room)/members", #"{"user_id":"bob"}"#)
            try witness.here("ann", "bob")
        }
    }

    @Test("and comes back to WebSocket, is told who is here")
    func comesBack() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let witness = try ann.enter(room)
            let waiting = try bob.wait("cursor=\(try bob.head())")
            try witness.here("ann", "bob")
            let socket = try bob.enter(room)
            #expect(try socket.here("ann", "bob")["event"] == "present")
            try ann.post("done", in: room)
            #expect(try witness.next()["content"] == "done")
            #expect(try waiting.answer().json.contents == ["done"])
        }
    }

    @Test("and is disabled, is refused where it waits")
    func disabled() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let cursor = try bob.head()
            let waiting = try bob.wait("cursor=\(cursor)")
            let stream = try bob.stream("&cursor=\(cursor)")
            try ann.post("before", in: room)
            #expect(try waiting.answer().json.contents == ["before"])
            let again = try bob.wait("cursor=\(try bob.head())")
            host.kernel.dismiss([UserID("bob")])
            #expect(try again.answer().status == 401)
            #expect(try stream.next("message").json["content"] == "before")
            #expect(try stream.next() == nil)
            let witness = try ann.enter(room)
            try witness.here("ann")
        }
    }
}
