import ChatHost
import Testing

@Suite("Limits are answered, and counted", .serialized)
struct LimitTests {
    private static let make = #"{"name":"one more","is_group":true,"participant_ids":[]}"#

    private func limited(_ host: Serving, _ limit: String) throws -> Int? {
        try host.metric(#"chat_limited_total{limit="\#(limit)"}"#)
    }

    @Test("conversations and members are 409 conflict")
    func conversations() async throws {
        try await withHost(config(limits: #""conversationsPerUser": 1, "membersPerConversation": 2"#)) { host in
            let (ann, bob, cat) = (try host.person("ann"), try host.person("bob"), try host.person("cat"))
            let room = try host.room(ann, bob)
            let second = try ann.call("POST", "/api/chat/conversations", Self.make)
            #expect(second.status == 409)
            #expect(try second.code == "conflict")
            let third = try ann.call("POST", "/api/chat/conversations/\(room)/members", #"{"user_id":"\#(cat.id)"}"#)
            #expect(third.status == 409)
            #expect(try third.code == "conflict")
            #expect(try limited(host, "conversations_per_user") == 1)
            #expect(try limited(host, "members_per_conversation") == 1)
            #expect(try bob.call("POST", "/api/chat/conversations", Self.make).status == 201)
        }
    }

    @Test("typing over REST is 429 like the rest, and not passed on")
    func typing() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let path = "/api/chat/conversations/\(room)/typing"
            for _ in 0..<20 { #expect(try bob.call("POST", path).status == 204) }
            // On a slow machine so few fit into a second that none is refused: a hundred in one breath, and again if the machine
            // paused just then.
            let socket = try Socket(port: host.port)
            var refusals: [Answer] = []
            for _ in 0..<50 where refusals.isEmpty {
                for _ in 0..<100 {
                    try socket.send(request: "POST", path, fields: ["Authorization": "Bearer \(bob.token)"], body: "")
                }
                for _ in 0..<100 {
                    let answer = try socket.answer()
                    if answer.status == 429 { refusals.append(answer) }
                }
            }
            let answer = try #require(refusals.first)
            #expect(try answer.code == "rate_limited")
            #expect(answer["retry-after"] == "1")
            #expect(try limited(host, "typing_per_user_per_second") == refusals.count)
        }
    }

    @Test("who asked for an answer is told that its typing was not passed on")
    func typingAnswered() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let socket = try ann.enter(try host.room(ann))
            for number in 0..<100 { try socket.send(#"{"type":"typing","id":"\#(number)"}"#) }
            var refusals: [JSON] = []
            for number in 0..<100 {
                let answer = try socket.answer(to: "\(number)")
                if answer["type"] == "error" { refusals.append(answer) }
            }
            let last = try #require(refusals.last)
            #expect(last["code"] == "rate_limited")
            #expect(last["status"] == 429)
            #expect(last["retryable"] == true)
            #expect(last["retry_after_ms"].number ?? 0 > 0)
        }
    }

    @Test("messages and read marks, by WebSocket and by REST")
    func messages() async throws {
        let text = config().replacing(#""messagesPerUserPerSecond": 0"#, with: #""messagesPerUserPerSecond": 1"#)
        try await withHost(text) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try ann.enter(room)
            // A burst: however slow the machine is, it does not take a second for each.
            for number in 0..<20 { try socket.send(#"{"type":"message","content":"\#(number)"}"#) }
            let error = try socket.next("error")
            #expect(error["code"] == "rate_limited")
            #expect(error["retry_after_ms"].number ?? 0 > 0)
            func burst(_ path: String, _ body: String) throws -> Answer? {
                let answers = try (0..<20).map { _ in
                    try ann.call("POST", "/api/chat/conversations/\(room)/\(path)", body)
                }
                return answers.first { $0.status == 429 }
            }
            for (path, body) in [("messages", #"{"content":"by REST"}"#), ("read", #"{"seq":1}"#)] {
                let refused = try #require(try burst(path, body))
                #expect(try refused.code == "rate_limited")
                #expect(refused["retry-after"] == "1")
            }
            #expect(try limited(host, "messages_per_user_per_second") ?? 0 > 1)
            #expect(try limited(host, "read_marks_per_user_per_second") ?? 0 > 0)
        }
    }

    @Test("what clients should know of them is in the info")
    func info() async throws {
        let limits = #""conversationsPerUser": 7, "membersPerConversation": 0"#
        try await withHost(config(limits: limits)) { host in
            let info = try host.call("GET", "/api/chat/info").json["limits"]
            #expect(info["conversations_per_user"] == 7)
            #expect(info["members_per_conversation"] == 0)
            #expect(info["messages_per_user_per_second"] == 0)
            #expect(info["typing_per_user_per_second"] == 20)
        }
    }

    @Test("every limit is in the metrics from the beginning")
    func metrics() async throws {
        try await withHost { host in
            for limit in [
                "connections", "connections_per_address", "connections_per_user", "conversations_per_user",
                "snapshots_per_user",
                "members_per_conversation", "message_bytes", "messages_per_user_per_second",
                "read_marks_per_user_per_second", "typing_per_user_per_second", "password_attempts_per_minute",
                "registrations_per_address_per_minute", "waiting_commands", "waiting_passwords",
            ] {
                let count = try limited(host, limit)
                #expect(count == 0, "\(limit)")
            }
        }
    }
}
