import ChatKernel
import Testing

@Suite("Who may have a WebSocket", .serialized)
struct AdmissionTests {
    @Test("whoever may not come in is told so in HTTP, before the upgrade")
    func refusals() async throws {
        let time = TestTime()
        try await withHost(time: time) { host in
            let old = try host.token("ann", lasting: 60)
            time.set(TestTime.start.advanced(bySeconds: 91))
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann)
            func refusal(_ path: String) throws -> Answer {
                try WebSocketClient(port: host.port, path: "/api/chat/ws/" + path).answer()
            }
            for (path, status, code) in [
                ("\(room)", 401, "token_invalid"), ("\(room)?token=x", 401, "token_invalid"),
                ("\(room)?token=\(old)", 401, "token_expired"),
                ("\(room)?token=\(bob.token)", 403, "not_a_member"),
                ("none?token=\(ann.token)", 404, "unknown_conversation"),
                ("\(room)?token=\(ann.token)&after=x", 422, "invalid_field"),
                ("\(room)?token=\(ann.token)&after=-1", 422, "invalid_field"),
                ("\(room)?token=%zz", 400, "bad_request"),
            ] {
                let answer = try refusal(path)
                #expect(answer.status == status)
                #expect(try answer.code == code)
                #expect((answer["www-authenticate"] != nil) == (status == 401))
            }
            #expect(try ann.call("GET", "/api/chat/ws/\(room)").status == 426)
            #expect(try host.metric("chat_sessions_open") == 0)
        }
    }

    @Test("a token in the Authorization field will do as well")
    func bearer() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try WebSocketClient(
                port: host.port, path: "/api/chat/ws/\(room)", fields: ["Authorization": "bearer \(ann.token)"])
            try socket.admitted().here("ann")
        }
    }

    @Test("a user has as many connections as the config says, and room again when one has gone")
    func perUser() async throws {
        try await withHost(config(limits: #""connectionsPerUser": 2"#)) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let first = try ann.enter(room)
            let second = try ann.enter(room)
            let refused = try ann.knock(room).answer()
            #expect(refused.status == 429)
            #expect(refused["retry-after"] != nil)
            first.socket.close()
            try host.awaitMetric("chat_sessions_open", 1)
            try ann.enter(room).socket.close()
            second.socket.close()
        }
    }
}
