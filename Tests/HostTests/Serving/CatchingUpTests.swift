import ChatKernel
import ScriptTesting
import Synchronization
import Testing

extension WebSocketClient {
    /// Reads messages up to and including one with this content.
    fileprivate func messages(through content: String) throws -> [JSON] {
        var messages: [JSON] = []
        while messages.last?["content"].text != content { messages.append(try next("message")) }
        return messages
    }
}

@Suite("Catching up", .serialized)
struct CatchingUpTests {
    @Test("?after brings what came since, and then what comes, without a hole or a repeat")
    func replay() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            for number in 2...600 { try ann.post("\(number)", in: room) }
            let socket = try ann.enter(room, "&after=100")
            try ann.post("601", in: room)
            let seen = try socket.messages(through: "601").compactMap { $0["seq"].number }
            #expect(seen == Array(101...601))
        }
    }

    @Test("?after=0 is everything; the head is nothing; beyond it is an error, and the connection stays")
    func ends() async throws {
        try await withHost { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            try ann.post("2", in: room)
            let (all, none) = (try ann.enter(room, "&after=0"), try ann.enter(room, "&after=2"))
            let (beyond, empty) = (try ann.enter(room, "&after=9"), try ann.enter(room, "&after="))
            #expect(try beyond.next("error")["code"] == "cursor_ahead")
            try ann.post("3", in: room)
            #expect(try all.messages(through: "3").count == 2)
            for socket in [none, beyond, empty] { #expect(try socket.messages(through: "3").count == 1) }
        }
    }

    @Test("a message sent while somebody is being let in is not missed")
    func admission() async throws {
        try await withHost(config(store: watchedConfig), catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let first = try ann.enter(room)
            try host.store.standings.close { $0 == UserID("bob") }
            let second = try bob.knock(room)
            try host.store.standings.awaitArrival()
            try first.send(#"{"type":"message","content":"meanwhile"}"#)
            #expect(try first.next("message")["content"] == "meanwhile")
            try host.store.standings.open()
            #expect(try second.admitted().next("message")["content"] == "meanwhile")
            try first.send(#"{"type":"message","content":"afterwards"}"#)
            #expect(try second.next("message")["content"] == "afterwards")
        }
    }

    @Test("a client that hangs up while it is being let in leaves nothing behind", arguments: [true, false])
    func hangUp(rudely: Bool) async throws {
        try await withHost(config(store: watchedConfig), catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let witness = try ann.enter(room)
            try witness.here("ann")
            try host.store.standings.close { $0 == UserID("bob") }
            let socket = try bob.knock(room)
            try host.store.standings.awaitArrival()
            #expect(try host.metric("chat_sessions_open") == 2)
            if rudely { socket.socket.reset() } else { socket.socket.close() }
            try host.store.standings.open()
            try host.awaitMetric("chat_sessions_open", 1)
            try witness.send(#"{"type":"message","content":"nobody came"}"#)
            #expect(try witness.next("message")["content"] == "nobody came")
            #expect(host.kernel.activeUsers(in: ConversationID(room)) == [UserID("ann")])
            #expect(host.kernel.connectionCount(in: ConversationID(room)) == 1)
        }
    }

    @Test("a client of v2 that is gone while it is let into a conversation is not let in")
    func goneMeanwhile() async throws {
        try await withHost(config(store: watchedConfig), catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let witness = try ann.enter(room)
            let socket = try bob.open()
            _ = try socket.next()
            try host.store.standings.close { $0 == UserID("bob") }
            try socket.send(#"{"type":"subscribe","conversation_id":"\#(room)","id":"s"}"#)
            try host.store.standings.awaitArrival()
            socket.socket.reset()
            try host.awaitMetric("chat_sessions_open", 1)
            try host.store.standings.open()
            // Whatever comes of it comes while these go round.
            for number in 1...100 {
                try ann.post("\(number)", in: room)
                _ = try ann.call("POST", "/api/chat/conversations/\(room)/typing", "{}")
                #expect(try witness.next("message")["content"].text == "\(number)")
            }
            #expect(host.kernel.connectionCount(in: ConversationID(room)) == 1)
            #expect(host.kernel.activeUsers(in: ConversationID(room)) == [UserID("ann")])
        }
    }

    @Test("what is read while the queue is full is shown once")
    func fullWhileReading() async throws {
        let text = config(store: watchedConfig, websocket: #""outboxBytes": 65536"#)
        try await withHost(text, catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let large = String(repeating: "x", count: 60_000)
            for _ in 2...101 { try ann.post(large, in: room) }
            for number in 102...104 { try ann.post("\(number)", in: room) }
            let witness = try ann.enter(room)
            try host.store.pages.close { $0 == 101 }
            let slow = try bob.enter(room, "&after=101", receiveBuffer: 4096)
            try host.store.pages.awaitArrival()
            try slow.here("ann", "bob")
            // Answers of a quarter of a megabyte that it does not read, twice as many as its socket's buffer takes: in the end one is
            // queued, and what is asked behind it is not read.
            let questions = max(40, 2 * largestSendBuffer / (4 * large.utf8.count))
            for number in 1...questions {
                try slow.send(#"{"type":"history","before":102,"limit":4,"id":"\#(number)"}"#)
            }
            let answered = try host.entriesReadAtRest()
            try ann.post("105", in: room)
            #expect(try witness.next("message")["content"] == "105")
            try host.store.pages.open()
            #expect(answered < 4 * questions)
            try ann.post("106", in: room)
            #expect(try slow.messages(through: "106").compactMap { $0["seq"].number } == Array(102...106))
        }
    }

    @Test("a reader that does not read gets all of twenty thousand messages, once and in order, and is not queued for")
    func slowReader() async throws {
        let text = config(store: watchedConfig, websocket: #""outboxBytes": 65536, "pingSeconds": 600"#)
        let host = try await withHost(text, catalog: watched) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let slow = try bob.enter(room, receiveBuffer: 4096)
            // All of it is five times what its socket's buffer takes: had the rest been queued, it would not have been read.
            let padding = String(repeating: "x", count: max(1000, 5 * largestSendBuffer / 20_000))
            let posted = Bell()
            Task {
                for wave in 0..<20 {
                    await withTaskGroup(of: Void.self) { group in
                        for number in 0..<1000 {
                            group.addTask {
                                let content = "\(wave * 1000 + number) \(padding)"
                                _ = try? await host.kernel.perform(
                                    .post(ConversationID(room), content: content), as: UserID("ann"))
                            }
                        }
                    }
                }
                posted.ring()
            }
            try posted.await()
            var contents: Set<String> = []
            for seq in 2...20_001 {
                let message = try slow.next("message")
                guard message["seq"].number == seq else {
                    throw Trouble("\(message["seq"]) came where \(seq) was due")
                }
                contents.insert(message["content"].text ?? "")
            }
            #expect(contents.count == 20_000)
            let read = try host.store.entriesRead
            #expect(read > 10_000)
            #expect(read < 21_000)
            // And it is live again.
            try ann.post("the end", in: room)
            #expect(try slow.next("message")["content"] == "the end")
            return host
        }
        #expect(host.kernel.metrics.read().openSessions == 0)
    }

    @Test("who follows all conversations and does not read gets each message once and in order, and then what comes")
    func farBehind() async throws {
        let text = config(websocket: #""outboxBytes": 65536, "pingSeconds": 600"#)
        try await withHost(text) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let cursor = try bob.head()
            let socket = try bob.open(receiveBuffer: 4096)
            try socket.send(#"{"type":"hello","cursor":"\#(cursor)"}"#)
            let stream = try bob.stream("&cursor=\(cursor)", receiveBuffer: 4096)
            // Twice what its socket's buffer takes, and more than two mailboxes full.
            let padding = String(repeating: "x", count: max(4000, 2 * largestSendBuffer / 2000))
            let posted = Bell()
            Task {
                for wave in 0..<40 {
                    await withTaskGroup(of: Void.self) { group in
                        for number in 0..<50 {
                            group.addTask {
                                _ = try? await host.kernel.perform(
                                    .post(ConversationID(room), content: "\(wave * 50 + number) \(padding)"),
                                    as: UserID("ann"))
                            }
                        }
                    }
                }
                posted.ring()
            }
            try posted.await()
            for seq in 2...2001 {
                #expect(try socket.next("message")["seq"].number == seq)
                #expect(try stream.next("message").json["seq"].number == seq)
            }
            for _ in 0..<3 {
                try ann.post("now", in: room)
                #expect(try socket.next("message")["content"] == "now")
                #expect(try stream.next("message").json["content"] == "now")
            }
        }
    }

    @Test("a reader that talks and does not read is closed, and comes back to what it missed")
    func talksAndNeverReads() async throws {
        let text = config(websocket: #""outboxBytes": 65536, "pingSeconds": 1, "pongSeconds": 1"#)
        try await withHost(text) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let deaf = try bob.enter(room, receiveBuffer: 4096)
            try deaf.here("bob")
            let large = String(repeating: "x", count: 60_000)
            let last = max(101, 3 * largestSendBuffer / 2 / large.utf8.count)
            for _ in 2...last { try ann.post(large, in: room) }
            // A sign of life with each look, until it is gone and there is nobody to send one to.
            let patience = ContinuousClock.now + .seconds(300)
            while try host.metric("chat_sessions_open") == 1, (try? deaf.send(opcode: 10, [])) != nil {
                guard ContinuousClock.now < patience else { throw Trouble("it is still there") }
            }
            try host.awaitMetric("chat_sessions_open", 0)
            let again = try bob.enter(room, "&after=1")
            for seq in 2...last { #expect(try again.next("message")["seq"].number == seq) }
        }
    }

    @Test("a page of long messages ends early, over REST and WebSocket, and the next ones hold the rest")
    func longPages() async throws {
        try await withHost(config(store: #"{ "type": "memory" }"#)) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let large = String(repeating: "x", count: 60_000)
            for _ in 2...41 { try ann.post(large, in: room) }
            for start in ["?limit=200", "?limit=200&after_seq=0"] {
                var path: String? = "/api/chat/conversations/\(room)/messages\(start)"
                var seen: [[Int]] = []
                while let next = path {
                    let page = try ann.call("GET", next)
                    #expect(page.text.utf8.count < 500_000)
                    seen.append(try page.json.items.compactMap { $0["seq"].number })
                    path = page["link"].flatMap { $0.split(separator: ">").first.map { String($0.dropFirst()) } }
                }
                let pages = start.contains("after") ? seen : seen.reversed()
                #expect(pages.flatMap { $0 } == Array(2...41))
            }
            let socket = try ann.enter(room)
            var (before, more) = (42, true)
            var seen: [Int] = []
            while more {
                try socket.send(#"{"type":"history","before":\#(before),"limit":200,"id":"\#(before)"}"#)
                let page = try socket.answer(to: "\(before)")
                let seqs = page["events"].items.compactMap { $0["seq"].number }
                #expect(seqs.count < 10)
                seen = seqs + seen
                before = try #require(seqs.first)
                more = page["more"] == true
            }
            #expect(seen == Array(1...41))
        }
    }

    @Test("questions without end are answered one after the other, not all at once")
    func questions() async throws {
        try await withHost(config(store: watchedConfig), catalog: watched) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try ann.enter(room)
            try ann.post("one", in: room)
            try host.store.pages.close { _ in true }
            for number in 1...300 { try socket.send(#"{"type":"history","id":"\#(number)"}"#) }
            try socket.send(#"{"type":"message","content":"behind them"}"#)
            try host.store.pages.awaitArrival()
            // Whatever else would come comes while the host answers others.
            _ = try host.entriesReadAtRest()
            try host.store.pages.open()
            for number in 1...300 { #expect(try socket.answer(to: "\(number)")["type"] == "ack") }
            #expect(try socket.next("message")["content"] == "behind them")
            #expect(try host.store.pages.most == 1)
        }
    }
}
