import ChatKernel
import ChatNet
import Testing

@testable import ChatClient

@Suite("A client and a host", .serialized, .timeLimit(.minutes(15)))
struct LiveTests {
    @Test("it is shown how things stand, then hears what happens, and its own messages are acknowledged")
    func live() async throws {
        try await TestHost.serve { host in
            let room = try await host.room("ann", "bob")
            try await host.post("before", in: room, as: "bob")
            let client = try host.client("ann")
            try await running(client) { reader in
                let snapshot = try await reader.first { if case .snapshot(let snapshot) = $0 { snapshot } else { nil } }
                #expect(snapshot.conversations.map(\.conversation.id) == [room])
                #expect(snapshot.conversations.first?.messages.map(\.content) == ["before"])
                try await reader.until(.caughtUp)
                try await host.post("“now” 🍵", in: room, as: "bob")
                try await reader.messages(1)
                #expect(reader.contents == ["“now” 🍵"])

                let item = try client.send("and I", to: room)
                let (sent, receipt) = try await reader.first {
                    if case .sent(let item, let receipt) = $0 { (item, receipt) } else { nil }
                }
                #expect(sent == item)
                let kept = try await client.messages(in: room)
                #expect(kept.map(\.content) == ["before", "“now” 🍵", "and I"])
                #expect(kept.last?.id == receipt.message && kept.last?.seq == receipt.seq)
                #expect(kept.last?.clientID == item.clientID)
            }
        }
    }

    @Test("a long list of conversations, and a long search, are read page by page")
    func pages() async throws {
        try await TestHost.serve { host in
            let client = try host.client("ann")
            var made: [ConversationID] = []
            for number in 1...7 {
                let room = try await host.room("ann")
                try await host.post("green tea \(number)", in: room, as: "ann")
                made.append(room)
            }
            var listed: [[ConversationID]] = []
            var place: ListPage<Conversation>.Mark?
            repeat {
                let page = try await client.conversations(limit: 3, from: place)
                listed.append(page.items.map(\.id))
                place = page.next
            } while place != nil
            #expect(listed.map(\.count) == [3, 3, 1])
            #expect(listed.joined().elementsEqual(made.reversed()))

            let first = try await client.search("green", limit: 4)
            let rest = try await client.search("green", limit: 4, from: first.next)
            #expect(first.next != nil)
            #expect(first.items.map(\.content) == (4...7).reversed().map { "green tea \($0)" })
            #expect(rest.items.map(\.content) == (1...3).reversed().map { "green tea \($0)" })
            #expect(rest.next == nil)
        }
    }

    @Test("edits, deletions, reactions, members and read marks come as events")
    func changes() async throws {
        try await TestHost.serve { host in
            let room = try await host.room("ann", "bob")
            let (ann, bob) = (try host.client("ann"), try host.client("bob"))
            try await running(ann) { reader in
                try await reader.until(.caughtUp)
                try ann.send("hello", to: room)
                let message = try await reader.receipt().message
                try await ann.edit(message, content: "hallo")
                try await bob.react(to: message, with: "👍")
                try await bob.markRead(room, through: 3)
                try await ann.delete(message)
                var changes: [Change] = []
                while changes.last != .deleted(message) {
                    changes.append(
                        try await reader.first { if case .entry(let entry) = $0 { entry.change } else { nil } })
                }
                #expect(
                    changes.dropFirst(changes.first == .edited(message, content: "hallo") ? 0 : 1) == [
                        .edited(message, content: "hallo"), .reaction(message, key: "👍", on: true), .read(through: 3),
                        .deleted(message),
                    ])
            }
        }
    }

    @Test("where there is no WebSocket it polls, and what it sends is posted")
    func polling() async throws {
        try await TestHost.serve([.polls]) { host in
            let room = try await host.room("ann", "bob")
            let client = try host.client("ann")
            try await running(client) { reader in
                try await reader.until(.connection(.polling))
                try await host.post("one", in: room, as: "bob")
                try await reader.messages(1)
                try client.send("two", to: room)
                _ = try await reader.receipt()
                try await host.post("three", in: room, as: "bob")
                try await reader.messages(3)
                #expect(reader.contents == ["one", "two", "three"])
            }
        }
    }

    @Test("where there are no polls it lives by WebSocket alone")
    func withoutPolls() async throws {
        try await TestHost.serve([.webSocket]) { host in
            let room = try await host.room("ann", "bob")
            try await running(try host.client("ann")) { reader in
                try await reader.until(.caughtUp)
                try await host.post("one", in: room, as: "bob")
                try await reader.messages(1)
            }
        }
    }

    @Test("a new client goes on behind what the last one's reader has handled")
    func cursor() async throws {
        try await TestHost.serve { host in
            let room = try await host.room("ann", "bob")
            let first = try host.client("ann")
            try await running(first) { reader in
                try await reader.until(.caughtUp)
                for number in 1...3 { try await host.post("\(number)", in: room, as: "bob") }
                // The third is taken, and not handled.
                try await reader.messages(3)
            }
            for number in 4...5 { try await host.post("\(number)", in: room, as: "bob") }
            try await running(try host.client("ann", cursor: first.cursor)) { reader in
                try await reader.messages(3)
                #expect(reader.contents == ["3", "4", "5"])
            }
        }
    }

    @Test(
        "a slow reader gets everything in order, and the client holds a bounded part of it", arguments: [true, false])
    func slow(webSocket: Bool) async throws {
        try await TestHost.serve(webSocket ? [.webSocket, .polls] : [.polls]) { host in
            let room = try await host.room("ann", "bob")
            var settings = ClientSettings.hasty
            settings.eventLimit = 10
            let client = try host.client("ann", settings: settings)
            try await running(client) { reader in
                try await reader.first { if case .snapshot = $0 { () } else { nil } }
                let keen = try host.client("bob")
                try await running(keen) { other in
                    try await other.until(.caughtUp)
                    for number in 1...500 {
                        try await host.post("\(number)", in: room, as: "bob")
                    }
                    // What came to the one has come to the other; it only has to be read.
                    try await other.messages(500)
                }
                for _ in 0..<300 { await client.turn() }
                #expect(client.queue.count <= 10 + 256, "the limit, and what one answer may bring beyond it")
                try await reader.messages(500)
                #expect(reader.contents == (1...500).map { "\($0)" })
            }
        }
    }

    @Test("a token that nobody takes is the end, and is said")
    func unauthorized() async throws {
        try await TestHost.serve { host in
            let client = try ChatClient(host.server, settings: .hasty) { "nonsense" }
            await #expect(throws: ClientFailure.unauthorized) { try await client.run() }
            let mute = try ChatClient(host.server, settings: .hasty) { nil }
            await #expect(throws: ClientFailure.unauthorized) { try await mute.run() }
            await #expect(throws: ClientFailure.stopped) { try await mute.run() }
            var events = mute.events.makeAsyncIterator()
            while let event = await events.next() {
                guard case .connection = event else { return #expect(Bool(false), "\(event)") }
            }
        }
    }
}

extension ChatClient {
    /// Lets its loop look once at all that has come.
    fileprivate func turn() async {
        await withCheckedContinuation { continuation in loop.post { continuation.resume() } }
    }
}
