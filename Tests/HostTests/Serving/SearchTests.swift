import ChatHost
import Testing

@Suite("Search", .serialized)
struct SearchTests {
    private static let path = "/api/chat/search"

    /// In a config's words.
    private static let stores = [#"{ "type": "memory" }"#, #"{ "type": "sqlite", "path": "chat.db" }"#]

    @Test("finds what one's own conversations hold, newest first, and nothing of others'", arguments: stores)
    func own(store: String) async throws {
        try await withHost(config(store: store)) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let (both, alone) = (try host.room(ann, bob), try host.room(ann))
            try bob.post("Where is the teapot?", in: both)
            try ann.post("My secret teapot", in: alone)
            func found(_ person: Person, _ query: String) throws -> [String] {
                try person.call("GET", Self.path + query).json.items.compactMap { $0["content"].text }
            }
            #expect(try found(ann, "?q=TEAPOT") == ["My secret teapot", "Where is the teapot?"])
            #expect(try found(bob, "?q=teapot") == ["Where is the teapot?"])
            #expect(try found(ann, "?q=teapot&conversation_id=\(alone)") == ["My secret teapot"])
            #expect(try found(ann, "?q=%22the+teapot%22") == ["Where is the teapot?"])
            #expect(try found(ann, "?q=secret+teap*") == ["My secret teapot"])
            #expect(try found(ann, "?q=kettle") == [])
        }
    }

    @Test("has messages as they stand: edited ones by their newest text, deleted ones not", arguments: stores)
    func standing(store: String) async throws {
        try await withHost(config(store: store)) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let (one, two) = (try ann.post("teepot", in: room)["id"], try ann.post("teapot two", in: room)["id"])
            _ = try ann.call("PATCH", "/api/chat/messages/\(one.text ?? "")", #"{"content":"teapot one"}"#)
            let found = try ann.call("GET", Self.path + "?q=teapot").json
            #expect(found.items.map { $0["id"] } == [two, one])
            let edited = try ann.call("GET", "/api/chat/messages/\(one.text ?? "")").json
            #expect(found[1] == edited)
            #expect(try ann.call("GET", Self.path + "?q=teepot").json.items == [])
            #expect(try ann.call("DELETE", "/api/chat/messages/\(two.text ?? "")").status == 204)
            #expect(try ann.call("GET", Self.path + "?q=two").json.items == [])
        }
    }

    @Test("comes in pages, and the links lead through all of them, whatever is said meanwhile", arguments: stores)
    func pages(store: String) async throws {
        try await withHost(config(store: store)) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            for number in 1...7 { try ann.post("cup & saucer \(number)", in: room) }
            var next: String? = Self.path + "?q=%22cup+%26+saucer%22&limit=3&conversation_id=\(room)"
            var found: [[String?]] = []
            while let page = try next.map({ try ann.call("GET", $0) }) {
                found.append(try page.json.items.map { $0["content"].text })
                next = page["link"].flatMap { $0.split(separator: ">").first.map { String($0.dropFirst()) } }
                try ann.post("cup & saucer, again", in: room)
            }
            #expect(found.map(\.count) == [3, 3, 1])
            #expect(found.flatMap(\.self) == (1...7).reversed().map { "cup & saucer \($0)" })
        }
    }

    @Test("mentions are what others say of one by name, page by page, and nothing else", arguments: stores)
    func mentions(store: String) async throws {
        try await withHost(config(store: store)) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let (room, other) = (try host.room(ann, bob), try host.room(bob))
            for text in ["@bob, one", "bob, none", "@bobby", "mail@bob", "(@BOB!) two"] { try ann.post(text, in: room) }
            try bob.post("I am @bob", in: room)
            try bob.post("@ann here", in: other)
            try ann.post("three @bob", in: room)
            var next: String? = "/api/chat/mentions?limit=2&conversation_id=\(room)"
            var found: [String?] = []
            while let page = try next.map({ try bob.call("GET", $0) }) {
                #expect(page.status == 200)
                found += try page.json.items.map { $0["content"].text }
                next = page["link"].flatMap { $0.split(separator: ">").first.map { String($0.dropFirst()) } }
            }
            #expect(found == ["three @bob", "(@BOB!) two", "@bob, one"])
            #expect(try ann.call("GET", "/api/chat/mentions").json.items == [])
            #expect(try ann.call("GET", "/api/chat/mentions?conversation_id=\(other)").code == "not_a_member")
        }
    }

    @Test(
        "every refusal has its status and its word",
        arguments: [
            ("", 422, "missing_field"), ("?q=", 422, "invalid_field"), ("?q=:-)", 422, "invalid_field"),
            ("?q=te*", 422, "invalid_field"), ("?q=\(String(repeating: "x", count: 257))", 422, "invalid_field"),
            ("?q=tea&limit=0", 422, "invalid_field"), ("?q=tea&before=0", 422, "invalid_field"),
            ("?q=tea&conversation_id=", 422, "invalid_field"),
            ("?q=tea&conversation_id=none", 404, "unknown_conversation"),
            ("?q=tea&conversation_id=ROOM", 403, "not_a_member"),
        ] as [(String, Int, String)])
    func refusals(query: String, status: Int, code: String) async throws {
        let answer = try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(bob)
            return try ann.call("GET", Self.path + query.replacing("ROOM", with: room))
        }
        #expect(answer.status == status)
        #expect(try answer.code == code)
    }

    @Test("is refused by a host whose store cannot, and its info says which it is")
    func without() async throws {
        let catalog = AdapterCatalog.standard.adding(WatchedStore.self)
        try await withHost(config(store: #"{ "type": "watched" }"#), catalog: catalog) { host in
            let answer = try host.person("ann").call("GET", Self.path + "?q=tea")
            #expect(answer.status == 422)
            #expect(try answer.code == "unknown_type")
            let info = try host.call("GET", "/api/chat/info").json
            #expect(info["store"]["search"] == false)
        }
        try await withHost { host in
            let info = try host.call("GET", "/api/chat/info").json
            #expect(info["store"]["search"] == true)
        }
    }
}
