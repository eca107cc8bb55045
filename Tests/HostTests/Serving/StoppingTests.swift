import ChatHost
import ChatKernel
import ScriptTesting
import Synchronization
import Testing

/// A transport that fails when it has been told to, or cannot be made at all.
private enum Brittle: TransportAdapter {
    struct Settings: Decodable { let breaks: String }
    struct Broken: Error, CustomStringConvertible { let description = "the wire is cut" }

    struct Wire: Transport {
        var endpoints: [Endpoint] { [] }
        func run(serving kernel: Kernel) async throws { throw Broken() }
    }

    static let type = "brittle"
    static let guarantees = TransportGuarantees(resume: true, ordered: true)

    static func make(_ settings: Settings, in context: AdapterContext) async throws -> any Transport {
        if settings.breaks == "early" { throw Broken() }
        return Wire()
    }
}

/// Tells the test which store was opened.
private enum Lent: StoreAdapter {
    struct Settings: Decodable {}
    static let type = "lent"
    static let stores = Mutex<[String: WatchedStore]>([:])

    static func open(_ settings: Settings, in context: AdapterContext) async throws -> any Store {
        let store = WatchedStore()
        stores.withLock { $0[context.directory] = store }
        return store
    }
}

@Suite("Stopping, and not starting", .serialized)
struct StoppingTests {
    @Test("a host that is stopped says 1001 to its clients, and its run returns with the store closed")
    func drain() async throws {
        let folder = try TemporaryFolder()
        let catalog = AdapterCatalog.standard.adding(Lent.self)
        try await withHost(config(store: #"{ "type": "lent" }"#), catalog: catalog, folder: folder) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let sockets = [try ann.enter(room), try bob.enter(room)]
            try sockets[1].here("ann", "bob")
            host.host.stop()
            for socket in sockets {
                #expect(try socket.closed() == .close(code: 1001, reason: "draining"))
                try socket.send(opcode: 8, [0x03, 0xE9])
                #expect(try socket.frame() == nil)
            }
        }
        #expect(Lent.stores.withLock { $0[folder.path] }?.isClosed.load(ordering: .relaxed) == true)
    }

    @Test("what was accepted before the stop is kept, and all of it that was shown")
    func accepted() async throws {
        let folder = try TemporaryFolder()
        let text = config(store: #"{ "type": "sqlite", "path": "chat.db" }"#)
        let (room, seen) = try await withHost(text, folder: folder) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let socket = try ann.enter(room)
            for number in 1...100 { try socket.send(#"{"type":"message","content":"\#(number)"}"#) }
            #expect(try socket.next("message")["content"] == "1")
            host.host.stop()
            return (room, ["1"] + (try socket.contentsUntilClosed()))
        }
        try await withHost(text, folder: folder) { host in
            let kept = try host.person("ann").call("GET", "/api/chat/conversations/\(room)/messages?limit=200").json
            let contents = kept.items.compactMap { $0["content"].text }
            #expect(contents.starts(with: seen))
            #expect(contents == (1...max(1, contents.count)).map { "\($0)" })
        }
    }

    @Test("one that is stopped before it runs returns at once")
    func early() async throws {
        let host = Host(try HostConfiguration(config(), in: "/nowhere"), log: SilentLog())
        host.stop()
        try await host.run()
    }

    @Test("one whose task is cancelled stops as well")
    func cancelled() async throws {
        let host = Host(try HostConfiguration(config(), in: "/nowhere"), log: SilentLog())
        let (ready, door) = AsyncStream<Void>.makeStream()
        host.whenReady { _ in door.yield() }
        let task = Task { try await host.run() }
        for await _ in ready { break }
        task.cancel()
        try await task.value
    }

    @Test("who is being let in meanwhile is told that the host is stopping")
    func boarding() async throws {
        let catalog = AdapterCatalog.standard.adding(WatchedStore.self)
        let host = try await withHost(config(store: #"{ "type": "watched" }"#), catalog: catalog) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let store = try #require(host.kernel.store as? WatchedStore)
            store.standings.close { $0 == UserID("ann") }
            let socket = try ann.knock(room)
            try store.standings.awaitArrival()
            host.host.stop()
            store.standings.open()
            let answer = try socket.answer()
            #expect(answer.status == 503)
            #expect(try answer.code == "draining")
            #expect(try socket.frame() == nil)
            return host
        }
        #expect(host.kernel.metrics.read().openSessions == 0)
    }

    @Test("while it stops it is not ready")
    func notReady() async throws {
        try await withHost { host in
            let (half, whole) = (try Socket(port: host.port), try Socket(port: host.port))
            try whole.send(request: "GET", "/readyz")
            #expect(try whole.answer().status == 200)
            try half.send(Array("GET /readyz HTTP/1.1\r\nHost: a".utf8))
            // Answered on the same loop: the half has been read by now, or is read before the stop is.
            try whole.send(request: "GET", "/healthz")
            #expect(try whole.answer().status == 200)
            host.host.stop()
            #expect(try whole.byte() == nil)
            try half.send(Array("\r\n\r\n".utf8))
            let answer = try half.answer()
            #expect(answer.status == 503)
            #expect(try answer.json["status"] == "draining")
        }
    }

    @Test("a port that is taken is one sentence")
    func taken() async throws {
        try await withHost { host in
            let text = config().replacing("127.0.0.1:0", with: "127.0.0.1:\(host.port)")
            let bell = Bell()
            let message = Mutex("")
            Task {
                do { try await withHost(text) { _ in } } catch { message.withLock { $0 = "\(error)" } }
                bell.ring()
            }
            try bell.await()
            #expect(
                message.withLock { $0 }
                    == "http.listen: cannot listen on 127.0.0.1:\(host.port): Address already in use")
        }
    }

    @Test("two hosts do not serve one database, and the second says so in a sentence")
    func twoHosts() async throws {
        let folder = try TemporaryFolder()
        let text = config(store: #"{ "type": "sqlite", "path": "chat.db" }"#)
        try await withHost(text, folder: folder) { host in
            let bell = Bell()
            let message = Mutex("")
            Task {
                do { try await withHost(text, folder: folder) { _ in } } catch { message.withLock { $0 = "\(error)" } }
                bell.ring()
            }
            try bell.await()
            #expect(message.withLock { $0 }.hasPrefix("store: "))
            #expect(!message.withLock { $0 }.contains("\n"))
            #expect(try host.call("GET", "/readyz").status == 200)
        }
    }

    @Test("a transport that cannot be made or run ends the host, which says why", arguments: ["early", "late"])
    func brittle(breaks: String) async throws {
        let catalog = AdapterCatalog.standard.adding(Brittle.self).adding(Lent.self)
        let folder = try TemporaryFolder()
        let text = """
            { "store": { "type": "lent" }, "http": { "listen": "127.0.0.1:0", "loops": 1 },
              "transports": [ { "type": "rest" }, { "type": "brittle", "breaks": "\(breaks)" } ] }
            """
        let host = Host(
            try HostConfiguration(text, in: folder.path, catalog: catalog), log: SilentLog())
        await #expect { try await host.run() } throws: { "\($0)".contains("the wire is cut") }
        #expect(Lent.stores.withLock { $0[folder.path] }?.isClosed.load(ordering: .relaxed) == true)
    }
}

@Suite("Coming back", .serialized)
struct ComingBackTests {
    /// Nothing is said of a secret: the host makes one and keeps it.
    private let text = """
        { "store": { "type": "sqlite", "path": "chat.db" }, "http": { "listen": "127.0.0.1:0", "loops": 1 },
          "transports": [ { "type": "rest" }, { "type": "websocket" }, { "type": "long-polling" } ] }
        """

    @Test("after a restart tokens hold, messages are there, and a client misses nothing")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let (token, room, epoch) = try await withHost(text, folder: folder) { host in
            _ = try host.call("POST", "/api/auth/register", #"{"username":"ann","password":"correct horse"}"#)
            let login = try host.call("POST", "/api/auth/login", #"{"username":"ann","password":"correct horse"}"#)
            let token = try login.json["access_token"].text ?? ""
            let made = try host.call("POST", "/api/chat/conversations", #"{"participant_ids":[]}"#, token: token)
            let ann = Person(serving: host, id: "ann", token: token)
            let room = try made.json["id"].text ?? ""
            try ann.post("one", in: room)
            try ann.post("two", in: room)
            return (token, room, try host.call("GET", "/api/chat/info").json["epoch"])
        }
        #expect(try folder.mode(of: "chat.secret") == 0o600)
        try await withHost(text, folder: folder) { host in
            let ann = Person(serving: host, id: "ann", token: token)
            let socket = try ann.enter(room, "&after=2")
            #expect(try socket.next("message")["content"] == "two")
            try socket.send(#"{"type":"message","content":"three","id":"a"}"#)
            let ack = try socket.answer(to: "a")
            #expect(ack["seq"] == 4)
            #expect(ack["durability"] == "synced")
            #expect(try host.call("GET", "/api/chat/info").json["epoch"] == epoch)
        }
    }

    @Test("an older copy is put back and given a new epoch: no cursor of before is taken for one of now")
    func putBack() async throws {
        let folder = try TemporaryFolder()
        let administration = Administration(try HostConfiguration(text, in: folder.path), environment: [:])
        _ = try await administration.add("ann", password: "correct horse", email: nil)
        let token = try await administration.token(for: "ann", minutes: 5)
        let room = try await withHost(text, folder: folder) { host in
            let made = try host.call("POST", "/api/chat/conversations", #"{"participant_ids":[]}"#, token: token)
            return try made.json["id"].text ?? ""
        }
        try folder.copy("chat.db", to: "copy.db")
        let cursor = try await withHost(text, folder: folder) { host in
            let ann = Person(serving: host, id: "ann", token: token)
            try ann.post("gone with the disk", in: room)
            return try ann.head()
        }
        try folder.copy("copy.db", to: "chat.db")
        _ = try await administration.beginEpoch()
        try await withHost(text, folder: folder) { host in
            let ann = Person(serving: host, id: "ann", token: token)
            try ann.post("said after it", in: room)
            // Without the new epoch this cursor would be the head, and what was said after it never seen.
            let refused = try host.call("GET", "/api/chat/events?wait=0&cursor=\(cursor)", token: token)
            #expect(refused.status == 409)
            #expect(try refused.json["code"] == "epoch_changed")
            let began = try ann.events("")
            let messages = began["snapshot"]["conversations"].items[0]["messages"].items
            #expect(messages.map { $0["content"] } == ["said after it"])
        }
    }

    @Test("no new epoch begins under a host that serves")
    func epochInUse() async throws {
        let folder = try TemporaryFolder()
        let administration = Administration(try HostConfiguration(text, in: folder.path), environment: [:])
        try await withHost(text, folder: folder) { host in
            let epoch = try host.call("GET", "/api/chat/info").json["epoch"]
            #expect(throws: Host.Failure.self) { try waiting { _ = try await administration.beginEpoch() } }
            #expect(try host.call("GET", "/api/chat/info").json["epoch"] == epoch)
        }
    }

    @Test("the operator makes accounts and tokens beside a host that serves, and disables them")
    func administration() async throws {
        let folder = try TemporaryFolder()
        let configuration = try HostConfiguration(text, in: folder.path)
        let administration = Administration(configuration, environment: [:])
        let id = try await administration.add("ann", password: "correct horse", email: nil)
        let token = try await administration.token(for: "ann", minutes: 5)
        let me = try await withHost(text, folder: folder) { try $0.call("GET", "/api/auth/me", token: token) }
        #expect(try me.json["id"].text == id)
        try await administration.setActive("ann", false)
        #expect(try await administration.list().map { $0.split(separator: "\t")[2] } == ["disabled"])
        let refused = try await withHost(text, folder: folder) { try $0.call("GET", "/api/auth/me", token: token) }
        #expect(refused.status == 401)
        await #expect {
            _ = try await administration.token(for: "bob", minutes: nil)
        } throws: { "\($0)" == "There is no user “bob”." }
    }
}
