import ChatHost
import ChatKernel
import ScriptTesting
import Testing

@Suite("Long polling", .serialized)
struct LongPollingTests {
    @Test("a request that waits is answered when something happens, in whatever conversation")
    func waits() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let head = try bob.head()
            let waiting = try bob.wait("cursor=\(head)")
            let room = try host.room(ann, bob)
            let first = try waiting.answer().json
            #expect(first.types == ["conversation"])
            let cursor = try #require(first["cursor"].text)
            let again = try bob.wait("cursor=\(cursor)")
            try ann.post("hello", in: room)
            let second = try again.answer().json
            #expect(second.contents == ["hello"])
            #expect(second["events"][0]["cursor"] == second["cursor"])
            #expect(second["more"] == false)
        }
    }

    @Test("the same request twice, at once and after its answer was lost, brings the same")
    func repeatable() async throws {
        try await withHost(config(store: #"{ "type": "sqlite", "path": "chat.db" }"#)) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let cursor = try bob.head()
            let (one, two) = (try bob.wait("cursor=\(cursor)"), try bob.wait("cursor=\(cursor)", others: 1))
            try ann.post("hello", in: room)
            let answers = [try one.answer().text, try two.answer().text]
            #expect(answers[0] == answers[1])
            #expect(try bob.call("GET", "/api/chat/events?cursor=\(cursor)&wait=0").text == answers[0])
            try ann.post("and more", in: room)
            #expect(
                try bob.call("GET", "/api/chat/events?cursor=\(cursor)&wait=0&limit=1").json["events"]
                    == JSON(parsing: Array(answers[0].utf8))["events"])
        }
    }

    @Test("memory and store show the same bytes")
    func sameBytes() async throws {
        let text = config(store: #"{ "type": "watched", "path": "chat.db" }"#)
        try await withHost(text, catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let cursor = try bob.head()
            // Who has asked once has a mailbox.
            _ = try bob.events("cursor=\(cursor)&wait=0")
            let room = try host.room(ann, bob)
            for number in 0..<10 { try ann.post("number \(number)", in: room) }
            _ = try bob.call("POST", "/api/chat/conversations/\(room)/read", #"{"seq":5}"#)
            let read = try host.store.entriesRead
            let question = "/api/chat/events?cursor=\(cursor)&wait=0&limit=12"
            func contents() throws -> String { try bob.call("GET", question).text }
            try ann.post("and more", in: room)
            let fromMemory = try contents()
            #expect(try host.store.entriesRead == read)
            // More than the mailbox holds.
            let large = String(repeating: "x", count: Mailbox.bytes / 20)
            for _ in 0..<21 { try ann.post(large, in: room) }
            let fromStore = try contents()
            #expect(try host.store.entriesRead > read)
            #expect(fromStore == fromMemory)
            #expect(try JSON(parsing: Array(fromStore.utf8))["events"].items.count == 12)
        }
    }

    @Test("when nothing happens an empty list still brings a cursor, which has passed over what was for others")
    func nothing() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let before = try bob.head()
            let room = try host.room(ann)
            try ann.post("to herself", in: room)
            let empty = try bob.events("cursor=\(before)&wait=0")
            #expect(empty["events"] == [])
            #expect(empty["cursor"].text != before)
            #expect(try empty["cursor"].text == ann.head())
        }
    }

    @Test("limit cuts, more says whether something follows, and a limit out of range is the nearest that is not")
    func limits() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            for number in 2...5 { try ann.post("\(number)", in: room) }
            let head = try ann.head()
            let start = head.split(separator: ".").dropLast().joined(separator: ".") + ".0"
            let page = try ann.events("cursor=\(start)&limit=3")
            #expect(page["events"].items.count == 3)
            #expect(page["more"] == true)
            let next = try #require(page["cursor"].text)
            let rest = try ann.events("cursor=\(next)&limit=2")
            #expect(rest.contents == ["4", "5"])
            #expect(rest["more"] == false)
            #expect(try ann.events("cursor=\(start)&limit=0")["events"].items.count == 1)
            #expect(try ann.events("cursor=\(start)&limit=100000")["events"].items.count == 5)
            #expect(try ann.call("GET", "/api/chat/events?cursor=\(start)&limit=few").status == 422)
        }
    }

    @Test("a filter leaves the others out, and the cursor passes over them; one the caller was never in is refused")
    func filters() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let (one, two, foreign) = (try host.room(ann), try host.room(ann), try host.room(bob))
            let cursor = try ann.head()
            let waiting = try ann.wait("cursor=\(cursor)&conversations=\(one)")
            try ann.post("not this", in: two)
            try ann.post("this", in: one)
            let answer = try waiting.answer().json
            #expect(answer.contents == ["this"])
            #expect(try answer["cursor"].text == ann.head())
            let next = try ann.events("cursor=\(cursor)&wait=0&conversations=\(two),\(one)")
            #expect(next.contents == ["not this", "this"])
            #expect(try ann.call("GET", "/api/chat/events?conversations=\(foreign)").code == "not_a_member")
            #expect(try ann.call("GET", "/api/chat/events?conversations=nowhere").code == "unknown_conversation")
        }
    }

    @Test("without a cursor: how things stand, and where to go on from")
    func snapshot() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            for number in 2...4 { try ann.post("\(number)", in: room) }
            _ = try bob.call("POST", "/api/chat/conversations/\(room)/read", #"{"seq":3}"#)
            let start = try bob.events("cursor=")
            #expect(start["events"] == [])
            #expect(start["more"] == false)
            let conversation = start["snapshot"]["conversations"][0]
            #expect(conversation["id"].text == room)
            #expect(conversation["unread_count"] == 1)
            #expect(conversation["messages"].items.compactMap { $0["content"].text } == ["2", "3", "4"])
            #expect(conversation["read_marks"]["bob"] == 3)
            #expect(conversation["read_marks"]["ann"] == 4)
            try ann.post("5", in: room)
            #expect(try bob.events("cursor=\(start["cursor"].text ?? "")").contents == ["5"])
        }
    }

    @Test("a cursor that cannot be served is refused with why")
    func cursors() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let head = try ann.head()
            let epoch = try #require(head.split(separator: ".").dropFirst().first)
            for (cursor, status, code) in [
                ("nonsense", 400, "cursor_invalid"), ("1.\(epoch).99", 409, "cursor_ahead"),
                ("1.1.0", 409, "epoch_changed"),
            ] {
                let answer = try ann.call("GET", "/api/chat/events?cursor=\(cursor)")
                #expect(answer.status == status)
                #expect(try answer.code == code)
            }
            #expect(try host.call("GET", "/api/chat/events").code == "token_invalid")
        }
    }

    @Test("the removal is the last that a removed user gets, and a new stay is another")
    func removal() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let cursor = try bob.head()
            let waiting = try bob.wait("cursor=\(cursor)")
            #expect(try ann.call("DELETE", "/api/chat/conversations/\(room)/members/bob").status == 204)
            let last = try waiting.answer().json
            #expect(last["events"][0]["action"] == "removed")
            let next = try bob.wait("cursor=\(last["cursor"].text ?? "")")
            try ann.post("behind his back", in: room)
            _ = try ann.call("POST", "/api/chat/conversations/\(room)/members", #"{"user_id":"bob"}"#)
            let back = try next.answer().json
            #expect(back.types == ["gap", "member"])
            #expect(back["events"][0]["from_seq"].number == 3)
            #expect(back["events"][0]["to_seq"].number == 3)
            #expect(back["events"][0]["reason"] == "membership")
            #expect(back["events"][1]["action"] == "added")
            try ann.post("welcome", in: room)
            let all = try bob.events("cursor=\(cursor)&wait=0")
            #expect(all["events"].items.compactMap { $0["action"].text } == ["removed", "added"])
            #expect(all.contents == ["welcome"])
        }
    }

    @Test("what was deleted before it was fetched comes without its content")
    func erased() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let cursor = try ann.head()
            // Somebody waits, so that there is a mailbox.
            let waiting = try ann.wait("cursor=\(cursor)")
            let message = try #require(try ann.post("a secret", in: room)["id"].text)
            _ = try waiting.answer()
            #expect(try ann.call("DELETE", "/api/chat/messages/\(message)").status == 204)
            let answer = try ann.call("GET", "/api/chat/events?cursor=\(cursor)&wait=0")
            #expect(!answer.text.contains("a secret"))
            #expect(try answer.json.types == ["message", "deleted"])
        }
    }

    @Test("requests of two users on one connection, as a proxy may send them, are each their own user's")
    func sharedConnection() async throws {
        try await withHost { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let cursor = try ann.head()
            try ann.post("hers", in: host.room(ann))
            try bob.post("his", in: host.room(bob))
            let proxy = try Socket(port: host.port)
            let long = String(repeating: "x", count: 3000)
            for (person, padding) in [
                (ann, ""), (ann, ""), (bob, ""), (bob, ""), (ann, ""), (bob, long), (ann, ""), (ann, long), (bob, ""),
                (bob, long), (bob, long), (ann, long), (ann, ""), (ann, ""),
            ] {
                try proxy.send(
                    request: "GET", "/api/chat/events?cursor=\(cursor)&wait=0",
                    fields: ["Authorization": "Bearer \(person.token)", "X-Padding": padding])
                #expect(try proxy.answer().json.contents == [person.token == ann.token ? "hers" : "his"])
            }
        }
    }

    @Test("a host that stops answers who waits, with a cursor to go on from elsewhere")
    func stopping() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let cursor = try ann.head()
            let waiting = try ann.wait("cursor=\(cursor)")
            host.host.stop()
            let answer = try waiting.answer()
            #expect(answer.status == 200)
            #expect(try answer.json["cursor"].text == cursor)
        }
    }

    @Test("who hangs up is forgotten, and one user's requests are bounded")
    func bounded() async throws {
        try await withHost(config(limits: #""connectionsPerUser": 2"#)) { host in
            let ann = try host.person("ann")
            let cursor = try ann.head()
            let one = try ann.wait("cursor=\(cursor)")
            let two = try ann.wait("cursor=\(cursor)", others: 1)
            let refused = try ann.call("GET", "/api/chat/events?cursor=\(cursor)")
            #expect(refused.status == 429)
            #expect(refused["retry-after"] != nil)
            one.reset()
            two.close()
            try host.awaitMetric("chat_polls_waiting", 0)
            #expect(try ann.events("cursor=\(cursor)&wait=0")["events"] == [])
        }
    }
}
