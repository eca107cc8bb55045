import ChatKernel
import ChatSimulation
import Testing

@Suite("Snapshots")
struct SnapshotTests {
    @Test("A snapshot has the conversations as they stand, their newest messages and how far each has read")
    func snapshot() throws {
        let house = try House {
            $0.snapshotMessages = 2
            $0.snapshotConversations = 1
        }
        let room = try house.room(bob)
        for text in ["a", "b", "c"] { _ = try house.post(text, in: room) }
        try house.perform(.read(room, through: 3), as: bob)
        let snapshot = try house.ask { try await $0.snapshot(of: bob.id) }
        #expect(snapshot.cursor == Cursor(epoch: Epoch(7), pos: 5))
        #expect(!snapshot.hasMore)
        let part = try #require(snapshot.conversations.first)
        #expect(part.messages.map(\.content) == ["b", "c"])
        #expect(part.readMarks == [ReadMark(user: ann.id, seq: 4), ReadMark(user: bob.id, seq: 3)])
        _ = try house.room(bob)
        #expect(try house.ask { try await $0.snapshot(of: bob.id) }.hasMore)
        #expect(try house.ask { try await $0.snapshot(of: bob.id, among: [room]) }.conversations.count == 1)
    }

    @Test("Long messages in many conversations: a snapshot has what there is room for, and the list has the rest")
    func large() throws {
        let house = try House()
        let long = String(repeating: "x", count: 60_000)
        var rooms: [ConversationID] = []
        for _ in 0..<8 {
            house.time.advance(seconds: 1)
            rooms.insert(try house.room(bob), at: 0)
            for _ in 0..<4 { _ = try house.post(long, in: rooms[0]) }
        }
        let snapshot = try house.ask { try await $0.snapshot(of: bob.id) }
        let size = snapshot.conversations.flatMap(\.messages).reduce(0) { $0 + $1.content.utf8.count }
        // The last messages of the conversations count, too.
        #expect(size > 700_000 && size < 1_200_000)
        #expect(snapshot.hasMore)
        let shown = snapshot.conversations.map(\.conversation.id)
        #expect(shown == Array(rooms.prefix(shown.count)) && shown.count < rooms.count)
        #expect(snapshot.conversations.allSatisfy { $0.messages.last?.seq == $0.conversation.lastSeq })
        var listed: [ConversationID] = []
        var mark: ConversationMark?
        while true {
            let (user, behind) = (bob.id, mark)
            let page = try house.ask { try await $0.conversations(of: user, after: behind, limit: 100) }
            guard let last = page.last else { break }
            listed += page.map(\.id)
            mark = ConversationMark(updatedAt: last.updatedAt, id: last.id)
        }
        #expect(listed == rooms)
    }

    @Test("The first conversation is there however many its members are; others that were named wait for another time")
    func members() throws {
        let house = try House { $0.snapshotBytes = 500 }
        let rooms = try (0..<3).map { _ in try house.room(bob, cat) }.sorted()
        for room in rooms { _ = try house.post("hello", in: room) }
        let snapshot = try house.ask { try await $0.snapshot(of: bob.id, among: Set(rooms)) }
        #expect(snapshot.conversations.map(\.conversation.id) == [rooms[0]])
        #expect(snapshot.conversations.first?.conversation.participants.count == 3)
        #expect(snapshot.conversations.first?.messages == [])
        #expect(snapshot.hasMore)
        let rest = try house.ask { try await $0.snapshot(of: bob.id, among: [rooms[1]]) }
        #expect(rest.conversations.map(\.conversation.id) == [rooms[1]])
        #expect(!rest.hasMore)
    }

    @Test("A user has so many snapshots that nobody has read, and more when one has been")
    func unread() throws {
        let house = try House()
        _ = try house.room(bob)
        func ask(_ user: UserReference = bob) throws -> Kernel.UserSnapshot {
            try house.ask { try await $0.snapshot(of: user.id) }
        }
        var unread = try (0..<8).map { _ in try ask() }
        let refusal = #expect(throws: ChatError.self) { try ask() }
        #expect(refusal?.code == .rateLimited)
        #expect(refusal?.retryAfterMilliseconds != nil)
        #expect(house.kernel.metrics.read().limited == [.snapshotsPerUser: 1])
        _ = try ask(ann)
        unread.removeLast()
        _ = try ask()
    }
}
