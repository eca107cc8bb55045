import ChatHost
import ChatKernel
import Testing

extension JSON {
    /// `1-4` of a gap, the content of a message, or what else it is.
    fileprivate var word: String {
        switch self["type"] {
        case "gap": "\(self["from_seq"].number ?? 0)-\(self["to_seq"].number ?? 0) \(self["reason"].text ?? "")"
        case "message": self["content"].text ?? ""
        default: self["type"].text ?? ""
        }
    }
}

extension WebSocketClient {
    /// The next so many events that are stored, and gaps.
    fileprivate func words(_ count: Int) throws -> [String] {
        var words: [String] = []
        while words.count < count {
            let frame = try next()
            if ["gap", "message", "member", "conversation"].contains(frame["type"].text) { words.append(frame.word) }
        }
        return words
    }
}

@Suite("Numbers that a reader is not shown", .serialized)
struct GapTests {
    @Test("are told as a gap on every transport, and from every cursor of before")
    func everywhere() async throws {
        let text = config(store: #"{ "type": "sqlite", "path": "chat.db" }"#, limits: #""messagesKept": 2"#)
        try await withHost(text) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let start = try #require(try bob.call("GET", "/api/chat/events").json["cursor"].text)
            let room = try host.room(ann, bob)
            for number in 1...3 { _ = try ann.post("\(number)", in: room) }
            let middle = try #require(try bob.call("GET", "/api/chat/events").json["cursor"].text)
            for number in 4...5 { _ = try ann.post("\(number)", in: room) }
            let live = try bob.enter(room)
            let (kernel, id) = (host.kernel, ConversationID(room))
            let went = try waiting { try await kernel.expire() }
            #expect(went == [Expiry(conversation: id, firstSeq: 5)])
            #expect(try host.metric("chat_expiries_total") == 1)

            let polled = try bob.call("GET", "/api/chat/events?cursor=\(start)&wait=0").json
            #expect(polled["events"].items.map(\.word) == ["1-4 retention", "4", "5"])
            #expect(polled["events"][0]["fillable"] == false)
            let one = try bob.call("GET", "/api/chat/events?cursor=\(start)&wait=0&limit=1").json
            #expect(one["events"].items.map(\.word) == ["1-4 retention"])
            #expect(one["cursor"] == one["events"][0]["cursor"])
            #expect(one["more"] == true)
            let later = try bob.call("GET", "/api/chat/events?cursor=\(middle)&wait=0").json
            #expect(later["events"].items.map(\.word) == ["4", "5"])

            let source = try EventSource(
                port: bob.serving.port, path: "/api/chat/stream?token=\(bob.token)&cursor=\(start)"
            ).opened()
            let block = try source.next("gap")
            #expect(try block.json["to_seq"].number == 4)
            #expect(try source.next()?.json["content"] == "4")

            let wide = try bob.open()
            try wide.send(#"{"type":"hello","cursor":"\#(start)"}"#)
            #expect(try wide.words(3) == ["1-4 retention", "4", "5"])
            let narrow = try bob.open()
            try narrow.send(#"{"type":"subscribe","conversation_id":"\#(room)","after":2}"#)
            #expect(try narrow.words(3) == ["3-4 retention", "4", "5"])
            try narrow.send(#"{"type":"history","conversation_id":"\#(room)","limit":50,"id":"h"}"#)
            let history = try narrow.answer(to: "h")
            #expect(history["events"].items.map(\.word) == ["1-4 retention", "4", "5"])
            #expect(history["more"] == false)

            let old = try bob.enter(room, "&after=1").notice("gap")
            #expect(old["content"] == "Messages are not kept any more")
            #expect(old["from_seq"].number == 2)
            #expect(old["to_seq"].number == 4)
            #expect(old["active_users"].items == ["bob"])

            let list = try bob.call("GET", "/api/chat/conversations/\(room)/messages").json
            #expect(list.items.map { $0["content"] } == ["4", "5"])
            #expect(try bob.call("GET", "/api/chat/conversations/\(room)").json["first_seq"].number == 5)
            // Whoever was there all the time is told of nothing.
            _ = try ann.post("6", in: room)
            #expect(try live.next("message")["content"] == "6")
        }
    }

    @Test("of before one came are told too, live as well, and without a cursor of their own")
    func beforeOneCame() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let start = try #require(try bob.call("GET", "/api/chat/events").json["cursor"].text)
            let room = try host.room(ann)
            let wide = try bob.open()
            try wide.send(#"{"type":"hello","cursor":"\#(start)"}"#)
            _ = try wide.next("caught_up")
            _ = try ann.post("before he came", in: room)
            _ = try ann.call("POST", "/api/chat/conversations/\(room)/members", #"{"user_id":"bob"}"#)
            _ = try ann.post("welcome", in: room)
            #expect(try wide.words(3) == ["1-2 membership", "member", "welcome"])
            let polled = try bob.call("GET", "/api/chat/events?cursor=\(start)&wait=0&limit=1").json
            #expect(polled["events"].items.map(\.word) == ["1-2 membership", "member"])
            #expect(polled["events"][0]["cursor"] == nil)
            let rest = try bob.call("GET", "/api/chat/events?cursor=\(polled["cursor"].text ?? "")&wait=0").json
            #expect(rest["events"].items.map(\.word) == ["welcome"])
        }
    }

    @Test("a conversation's own rule is set by its owner, shown to all, and taken away")
    func ownRule() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let made = try ann.call(
                "POST", "/api/chat/conversations",
                #"{"name":"brief","is_group":true,"participant_ids":["bob"],"retention":{"messages":1}}"#)
            #expect(made.status == 201)
            let room = try #require(try made.json["id"].text)
            for text in ["one", "two"] { _ = try ann.post(text, in: room) }
            let kernel = host.kernel
            _ = try waiting { try await kernel.expire() }
            let list = try bob.call("GET", "/api/chat/conversations/\(room)/messages").json
            #expect(list.items.map { $0["content"] } == ["two"])
            #expect(try bob.call("GET", "/api/chat/conversations/\(room)").json["retention"]["messages"].number == 1)
            let path = "/api/chat/conversations/\(room)"
            #expect(try bob.call("PATCH", path, #"{"retention":{}}"#).status == 403)
            #expect(try ann.call("PATCH", path, #"{"retention":{"days":-1}}"#).status == 422)
            #expect(try ann.call("PATCH", path, #"{"retention":7}"#).status == 422)
            #expect(try ann.call("PATCH", path, #"{"name":"still brief"}"#).json["retention"]["messages"].number == 1)
            #expect(try ann.call("PATCH", path, #"{"retention":{}}"#).json["retention"] == nil)
        }
    }

    @Test("a host whose store keeps everything does not start with a rule")
    func unable() async throws {
        let text = config(store: #"{ "type": "watched" }"#, limits: #""messagesKeptDays": 30"#)
        let problems = try await #require(throws: ConfigProblems.self) {
            try await withHost(text, catalog: .standard.adding(WatchedStore.self)) { _ in }
        }
        #expect(
            problems.problems.map(\.text)
                == ["messagesKeptDays and messagesKept: this store keeps everything; only 0 is possible"])
    }
}
