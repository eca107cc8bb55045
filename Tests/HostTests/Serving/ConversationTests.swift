import ChatHost
import Testing

@Suite("Conversations over REST", .serialized)
struct ConversationTests {
    @Test("a conversation is made with its members, and has the shape of the protocol")
    func made() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let made = try ann.call(
                "POST", "/api/chat/conversations",
                #"{"name":"plans","description":"d","is_group":true,"participant_ids":["bob","bob","ann"]}"#)
            #expect(made.status == 201)
            let json = try made.json
            #expect(
                json.names == [
                    "id", "name", "description", "is_group", "created_at", "updated_at", "participants", "last_seq",
                    "unread_count", "last_message",
                ])
            #expect(json["participants"].items.map { $0["id"] } == ["ann", "bob"])
            #expect(json["participants"].items.map { $0["role"] } == ["owner", "member"])
            #expect(json["last_seq"] == 1)
            #expect(json["last_message"] == nil)
            let seen = try bob.call("GET", "/api/chat/conversations/\(json["id"].text ?? "")")
            #expect(try seen.json["name"] == "plans")
        }
    }

    @Test("two people have one conversation, whoever asks for it")
    func pair() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let first = try ann.call(
                "POST", "/api/chat/conversations", #"{"name":"us","is_group":false,"participant_ids":["bob"]}"#)
            let again = try bob.call(
                "POST", "/api/chat/conversations", #"{"name":"we","is_group":false,"participant_ids":["ann"]}"#)
            #expect(first.status == 201)
            #expect(again.status == 200)
            #expect(try first.json["id"] == again.json["id"])
        }
    }

    @Test("the list is newest activity first, page by page")
    func list() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let rooms = [try host.room(ann), try host.room(ann), try host.room(ann)]
            try ann.post("up", in: rooms[0])
            var path: String? = "/api/chat/conversations?limit=2"
            var seen: [String?] = []
            var pages = 0
            while let next = path {
                let page = try ann.call("GET", next)
                seen += try page.json.items.map { $0["id"].text }
                pages += 1
                path = page["link"].flatMap { $0.split(separator: ">").first.map { String($0.dropFirst()) } }
            }
            #expect(seen == [rooms[0], rooms[2], rooms[1]])
            #expect(pages == 2)
        }
    }

    @Test("messages come in pages of ascending numbers, and the links lead through all of them")
    func pages() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            for number in 1...7 { try ann.post("\(number)", in: room) }
            let path = "/api/chat/conversations/\(room)/messages"
            func contents(_ query: String) throws -> [String] {
                try ann.call("GET", path + query).json.items.compactMap { $0["content"].text }
            }
            #expect(try contents("") == ["1", "2", "3", "4", "5", "6", "7"])
            #expect(try contents("?limit=2") == ["6", "7"])
            #expect(try contents("?limit=2&offset=2") == ["4", "5"])
            #expect(try contents("?limit=2&before_seq=4") == ["1", "2"])
            #expect(try contents("?limit=2&after_seq=4") == ["4", "5"])
            #expect(try contents("?after_seq=99") == [])
            for start in ["?limit=3", "?limit=3&after_seq=0"] {
                var next: String? = path + start
                var all: Set<String> = []
                while let page = try next.map({ try ann.call("GET", $0) }) {
                    all.formUnion(try page.json.items.compactMap { $0["content"].text })
                    next = page["link"].flatMap { $0.split(separator: ">").first.map { String($0.dropFirst()) } }
                }
                #expect(all.count == 7)
            }
        }
    }

    @Test("a message sent twice with one key is one message")
    func idempotent() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let path = "/api/chat/conversations/\(try host.room(ann))/messages"
            let first = try ann.call("POST", path, #"{"content":"once","client_id":"k1"}"#)
            let again = try ann.call("POST", path, #"{"content":"once"}"#, fields: ["Idempotency-Key": "k1"])
            let other = try ann.call("POST", path, #"{"content":"twice","client_id":"k1"}"#)
            let torn = try ann.call(
                "POST", path, #"{"content":"once","client_id":"k1"}"#, fields: ["Idempotency-Key": "k2"])
            #expect(first.status == 201)
            #expect(again.status == 200)
            #expect(try again.json == first.json)
            #expect(other.status == 409)
            #expect(try other.code == "idempotency_mismatch")
            #expect(torn.status == 422)
            #expect(try ann.call("GET", path).json.items.count == 1)
        }
    }

    @Test("a key sent again brings the first answer again, whatever became of the message since, but nothing erased")
    func repeated() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let path = "/api/chat/conversations/\(try host.room(ann))/messages"
            let first = try ann.call("POST", path, #"{"content":"once","client_id":"k"}"#).json
            let one = "/api/chat/messages/\(try #require(first["id"].text))"
            #expect(try ann.call("PATCH", one, #"{"content":"better"}"#).json["content"] == "better")
            #expect(try ann.call("POST", path, #"{"content":"once","client_id":"k"}"#).json == first)
            #expect(try ann.call("DELETE", one).status == 204)
            let erased = try ann.call("POST", path, #"{"content":"once","client_id":"k"}"#).json
            #expect(erased["id"] == first["id"])
            #expect(erased["content"] == "")
            #expect(erased["is_deleted"] == .bool(true))
        }
    }

    @Test("a message is edited and deleted by its sender; what is deleted is gone but for its number")
    func editing() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let id = try bob.post("helo", in: room)["id"].text ?? ""
            let edited = try bob.call("PATCH", "/api/chat/messages/\(id)", #"{"content":"hello"}"#)
            #expect(edited.status == 200)
            #expect(try edited.json["content"] == "hello")
            #expect(try edited.json["is_edited"] == true)
            #expect(try ann.call("PATCH", "/api/chat/messages/\(id)", #"{"content":"no"}"#).status == 403)
            #expect(try ann.call("DELETE", "/api/chat/messages/\(id)").status == 204)
            #expect(try bob.call("PATCH", "/api/chat/messages/\(id)", #"{"content":"back"}"#).status == 404)
            let left = try bob.call("GET", "/api/chat/conversations/\(room)/messages").json[0]
            #expect(left["content"] == "")
            #expect(left["is_deleted"] == true)
        }
    }

    @Test("reactions, read marks and what is unread")
    func marks() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let id = try ann.post("one", in: room)["id"].text ?? ""
            try ann.post("two", in: room)
            let liked = try bob.call("PUT", "/api/chat/messages/\(id)/reactions/%F0%9F%91%8D")
            #expect(try liked.json["reactions"][0]["key"] == "👍")
            #expect(try liked.json["reactions"][0]["user_ids"] == ["bob"])
            let path = "/api/chat/conversations/\(room)"
            #expect(try bob.call("GET", path).json["unread_count"] == 2)
            #expect(try bob.call("POST", path + "/read", #"{"seq":2}"#).status == 204)
            #expect(try bob.call("GET", path).json["unread_count"] == 1)
            #expect(try bob.call("POST", path + "/read", #"{"seq":1}"#).status == 204)
            #expect(try bob.call("GET", path).json["unread_count"] == 1)
            #expect(try bob.call("POST", path + "/read", #"{"seq":-1}"#).status == 422)
            #expect(try bob.call("POST", path + "/typing", #"{"on":true}"#).status == 204)
        }
    }

    @Test("members come and go; the last owner stays")
    func members() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let cal = try host.person("cal")
            let room = try host.room(ann, bob)
            let path = "/api/chat/conversations/\(room)/members"
            #expect(try bob.call("POST", path, #"{"user_id":"cal"}"#).status == 403)
            #expect(try ann.call("POST", path, #"{"user_id":"cal"}"#).status == 201)
            #expect(try ann.call("POST", path, #"{"user_id":"cal","role":"admin"}"#).status == 200)
            #expect(try ann.call("POST", path, #"{"user_id":"dan"}"#).status == 404)
            #expect(try cal.call("DELETE", path + "/bob").status == 204)
            #expect(try bob.call("GET", "/api/chat/conversations/\(room)").status == 403)
            #expect(try cal.call("DELETE", path + "/me").status == 204)
            #expect(try ann.call("DELETE", path + "/me").status == 204)
        }
    }

    @Test(
        "every refusal has its status and its word",
        arguments: [
            ("GET", "/api/chat/conversations/none", nil, 404, "unknown_conversation"),
            ("GET", "/api/chat/messages/none", nil, 404, "unknown_message"),
            ("GET", "/api/chat/conversations?limit=0", nil, 422, "invalid_field"),
            ("GET", "/api/chat/conversations?limit=201", nil, 422, "invalid_field"),
            ("GET", "/api/chat/conversations?after=x", nil, 422, "invalid_field"),
            ("GET", "/api/chat/conversations?limit=%zz", nil, 400, "bad_request"),
            ("GET", "/api/chat/conversations/ROOM/messages?before_seq=1&after_seq=1", nil, 422, "invalid_field"),
            ("POST", "/api/chat/conversations", #"{"participant_ids":["nobody"]}"#, 404, "unknown_user"),
            ("POST", "/api/chat/conversations", #"{}"#, 422, "missing_field"),
            ("POST", "/api/chat/conversations/ROOM/messages", #"{"content":" "}"#, 422, "message_empty"),
            ("POST", "/api/chat/conversations/ROOM/messages", "{}", 422, "missing_field"),
            ("POST", "/api/chat/conversations/none/messages", #"{"content":"x"}"#, 404, "unknown_conversation"),
            ("PUT", "/api/chat/conversations", "{}", 405, "method_not_allowed"),
            ("GET", "/api/chat/nothing", nil, 404, "not_found"),
        ] as [(String, String, String?, Int, String)])
    func refusals(method: String, path: String, body: String?, status: Int, code: String) async throws {
        let answer = try await withHost { host in
            let ann = try host.person("ann")
            let path = path.replacing("ROOM", with: path.contains("ROOM") ? try host.room(ann) : "")
            return try ann.call(method, path, body)
        }
        #expect(answer.status == status)
        #expect(try answer.code == code)
        #expect(try answer.json["detail"].text?.isEmpty == false)
    }

    @Test("a message of the largest size passes, one byte more does not")
    func largest() async throws {
        try await withHost(config(limits: #""messageBytes": 1000"#)) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            try ann.post(String(repeating: "x", count: 1000), in: room)
            let refused = try ann.call(
                "POST", "/api/chat/conversations/\(room)/messages",
                "{\"content\":\"\(String(repeating: "x", count: 1001))\"}")
            #expect(refused.status == 413)
            #expect(try refused.code == "message_too_large")
        }
    }

    @Test("a store that takes less than the config allows has the last word")
    func store() async throws {
        let catalog = AdapterCatalog.standard.adding(WatchedStore.self)
        try await withHost(config(store: #"{ "type": "watched", "largest": 10 }"#), catalog: catalog) { host in
            let ann = try host.person("ann")
            let path = "/api/chat/conversations/\(try host.room(ann))/messages"
            #expect(try ann.call("POST", path, #"{"content":"1234567890"}"#).status == 201)
            #expect(try ann.call("POST", path, #"{"content":"12345678901"}"#).status == 413)
            #expect(try host.call("GET", "/api/chat/info").json["limits"]["message_bytes"] == 10)
        }
    }

    @Test("a long message passes with every character escaped")
    func escaped() async throws {
        try await withHost(config(limits: #""messageBytes": 0"#)) { host in
            let ann = try host.person("ann")
            let content = String(repeating: #"\u0061"#, count: 300_000)
            #expect(try ann.post(content, in: try host.room(ann))["content"].text?.count == 300_000)
        }
    }

    @Test("the config's rate of messages holds, and says when to come back")
    func rate() async throws {
        let slow = config().replacing(#""messagesPerUserPerSecond": 0"#, with: #""messagesPerUserPerSecond": 1"#)
        try await withHost(slow) { host in
            let ann = try host.person("ann")
            _ = try host.room(ann)
            // Not all of them within a second on every machine; but some two of them.
            var refused: Answer?
            for _ in 0..<100 where refused?.status != 429 {
                refused = try ann.call("POST", "/api/chat/conversations", #"{"participant_ids":[]}"#)
            }
            #expect(refused?.status == 429)
            #expect(refused?["retry-after"] == "1")
            #expect(try refused?.code == "rate_limited")
        }
    }
}
