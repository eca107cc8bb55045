import ChatClient
import ChatKernel
import ScriptTesting
import Synchronization
import Testing

@Suite("A client and a host that comes and goes", .serialized, .timeLimit(.minutes(15)))
struct OutageTests {
    @Test("a host that is restarted: nothing is lost, nothing comes twice, and what was written meanwhile is sent")
    func restart() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/chat.db"
        let (room, server, token) = try await TestHost.serve(database: database) { host in
            (try await host.room("ann", "bob"), host.server, try host.token("ann"))
        }
        let client = try ChatClient(server, settings: .hasty) { token }
        try await running(client) { reader in
            for round in 1...3 {
                // Nobody is there.
                try await reader.first { if case .connection(.waiting) = $0 { () } else { nil } }
                try client.send("mine \(round)", to: room)
                try await TestHost.serve(port: server.port, database: database) { host in
                    try await host.post("theirs \(round)", in: room, as: "bob")
                    _ = try await reader.receipt()
                }
            }
            try await TestHost.serve(port: server.port, database: database) { host in
                try await host.post("the end", in: room, as: "bob")
                while reader.contents.last != "the end" { _ = try await reader.next() }
                let kept = try await host.client("bob").messages(in: room).map(\.content)
                #expect(kept.filter { $0.hasPrefix("mine") } == ["mine 1", "mine 2", "mine 3"])
                #expect(kept.count == 7)
                // What was there when it came first is in the snapshot, which is no event.
                #expect(reader.contents.count >= 5)
                #expect(Array(kept.suffix(reader.contents.count)) == reader.contents)
            }
        }
    }

    @Test("it falls back when WebSocket is gone, and comes back when it is there again")
    func fallBack() async throws {
        let folder = try TemporaryFolder()
        let database = folder.path + "/chat.db"
        let (room, server, token) = try await TestHost.serve(database: database) { host in
            (try await host.room("ann", "bob"), host.server, try host.token("ann"))
        }
        let client = try ChatClient(server, settings: .hasty) { token }
        try await running(client) { reader in
            for (ways, state) in [
                ([.webSocket, .polls], .live), ([.polls], .polling), ([.webSocket, .polls], .live),
            ] as [([TestHost.Way], ConnectionState)] {
                try await TestHost.serve(ways, port: server.port, database: database) { host in
                    try await reader.until(.connection(state))
                    let word = "\(reader.contents.count): \(state)"
                    try await host.post(word, in: room, as: "bob")
                    while reader.contents.last != word { _ = try await reader.next() }
                }
            }
            #expect(reader.contents == ["0: live", "1: polling", "2: live"])
        }
    }

    @Test("a store that is another one: the app is told to begin again")
    func anotherStore() async throws {
        let folder = try TemporaryFolder()
        let (server, token) = try await TestHost.serve(database: folder.path + "/one.db") { host in
            _ = try await host.room("ann", "bob")
            return (host.server, try host.token("ann"))
        }
        let client = try ChatClient(server, settings: .hasty) { token }
        try await running(client) { reader in
            try await TestHost.serve(port: server.port, database: folder.path + "/one.db") { _ in
                try await reader.until(.caughtUp)
            }
            try await TestHost.serve(port: server.port, database: folder.path + "/two.db") { _ in
                try await reader.until(.startingOver(.epochChanged))
                let snapshot = try await reader.first { if case .snapshot(let snapshot) = $0 { snapshot } else { nil } }
                #expect(snapshot.conversations.isEmpty)
            }
        }
    }

    @Test("an item that two clients send, one after the other had no answer, is one message")
    func twice() async throws {
        try await TestHost.serve { host in
            let room = try await host.room("ann", "bob")
            let item = OutboxItem(to: room, content: "once")
            var receipts: [Receipt] = []
            for webSocket in [true, false] {
                var settings = ClientSettings.hasty
                settings.webSocket = webSocket
                let client = try host.client("ann", settings: settings)
                try client.send(item)
                receipts.append(try await running(client) { try await $0.receipt() })
            }
            #expect(receipts.map(\.isDuplicate) == [false, true])
            #expect(Set(receipts.map(\.message)).count == 1)
            #expect(try await host.client("ann").messages(in: room).map(\.content) == ["once"])
        }
    }

    @Test("what an app has kept of its outbox is sent by its next client, once")
    func kept() async throws {
        let shelf = Shelf()
        try await TestHost.serve { host in
            let room = try await host.room("ann", "bob")
            // The first is gone before it ran.
            for number in 1...3 { try host.client("ann", outbox: shelf).send("\(number)", to: room) }
            #expect(shelf.items().count == 3)
            try await running(try host.client("ann", outbox: shelf)) { reader in
                for _ in 1...3 { _ = try await reader.receipt() }
            }
            #expect(shelf.items().isEmpty)
            #expect(try await host.client("ann").messages(in: room).map(\.content) == ["1", "2", "3"])
        }
    }

    @Test("a full outbox refuses, and a broken name or identifier too")
    func limits() async throws {
        var settings = ClientSettings()
        settings.outboxLimit = 2
        let client = try ChatClient(ServerAddress("http://127.0.0.1:1"), settings: settings) { "t" }
        try client.send("1", to: ConversationID("a"))
        try client.send("2", to: ConversationID("a"))
        #expect(throws: ClientFailure.outboxFull) { try client.send("3", to: ConversationID("a")) }
        for name in ["", "a b", "\"", String(repeating: "a", count: 65)] {
            let item = OutboxItem(to: ConversationID("a"), content: "x", clientID: ClientID(name))
            #expect(throws: ClientFailure.self, "\(name)") { try client.send(item) }
        }
        let other = try ChatClient(ServerAddress("http://127.0.0.1:1")) { "t" }
        for id in ["", String(repeating: "a", count: 129)] {
            #expect(throws: ClientFailure.self) { try other.send("x", to: ConversationID(id)) }
            #expect(throws: ClientFailure.self) { try other.send("x", to: ConversationID("a"), replyTo: MessageID(id)) }
        }
    }
}

/// An outbox kept by an app.
final class Shelf: OutboxStore {
    private let kept = Mutex<[OutboxItem]>([])

    func items() -> [OutboxItem] { kept.withLock { $0 } }
    func add(_ item: OutboxItem) { kept.withLock { $0.append(item) } }
    func remove(_ item: OutboxItem) { kept.withLock { $0.removeAll { $0 == item } } }
}
