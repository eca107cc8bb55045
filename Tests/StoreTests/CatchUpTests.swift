import ChatFaults
import ChatKernel
import Testing

@testable import ChatSQLite

/// A user's entries can be found by looking at the log, and by going from conversation to conversation.
@Suite("Catching up")
struct CatchUpTests {
    /// How long the log is looked at, and what a conversation is taken to cost: never the other way, at once, and soon.
    private static let ways = [(first: Int.max, each: 1), (first: 0, each: 0), (first: 6, each: 1)]

    @Test("gives the same, whichever way it is read, while the log goes on", arguments: 0..<8)
    func sameEitherWay(seed: Int) async throws {
        var dice = Dice(seed: UInt64(seed))
        let specification = InMemoryStore(epoch: Epoch(1))
        var harnesses: [SQLiteHarness] = []
        var stores: [any Store] = []
        for way in Self.ways {
            var tuning = Tuning()
            tuning.tailLimit = dice.pick([1, 7, 40, 200])
            tuning.sliceRows = dice.pick([1, 5, 500])
            tuning.scanRows = dice.pick([1, 3, 50])
            (tuning.scanFirst, tuning.conversationRows) = way
            harnesses.append(SQLiteHarness(.written, tuning))
            stores.append(try await harnesses[harnesses.count - 1].makeStore())
        }
        var history = History(dice: dice)
        for user in history.accounts {
            for store in stores + [specification] { try await store.save(user) }
        }
        for round in 0..<150 {
            let (drafts, now) = history.nextBatch()
            let wanted = try await specification.commit(drafts, at: now)
            for store in stores { try #require(try await store.commit(drafts, at: now) == wanted, "batch \(round)") }
            history.learn(from: wanted)
            if let (retention, now) = history.nextExpiry() {
                let wanted = Set(try await specification.expire(retention, at: now))
                for store in stores {
                    let found = try await (store as? SQLiteStore)?.expire(retention, at: now) ?? []
                    try #require(Set(found) == wanted, "expiry \(round)")
                }
            }
            for index in stores.indices where history.dice.roll(30) == 0 {
                stores[index] = try #require(try await harnesses[index].reopen(stores[index]))
            }
            if history.dice.roll(8) == 0 { for store in stores { try await (store as? SQLiteStore)?.tidy() } }
            guard round % 3 == 0 else { continue }
            for read in history.catchUps(count: 4) {
                let wanted = try await read.first(of: specification)
                for (store, way) in zip(stores, Self.ways) {
                    let found = try await read.all(of: store)
                    let trouble = read.trouble(with: found, whereAllIs: wanted)
                    try #require(trouble == nil, "\(read) by \(way), seed \(seed), batch \(round)")
                }
            }
        }
        for store in stores { await store.close() }
    }

    @Test("a file of before there was an index of read marks gives them all the same")
    func older() async throws {
        let path = "\(folder.path)/chat.db"
        var tuning = Tuning()
        tuning.tailLimit = 4
        (tuning.scanFirst, tuning.conversationRows) = (0, 0)
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning))
        let bob = UserID("bob")
        try await talk.store.save(User(id: bob, username: "bob", createdAt: Timestamp(microseconds: 0)))
        try await talk.perform(.add(bob, .reader))
        for index in 0..<9 {
            try await talk.say("\(index)")
            let mark = Draft(conversation: talk.room, author: bob, proposal: .read(through: .max), entropy: 1)
            _ = try await talk.store.commit([mark], at: Timestamp(microseconds: 0))[0].get()
            try await talk.store.tidy()
        }
        let last = try await talk.store.entries(in: .user(Talk.ada, after: 0), limit: 100).last
        #expect(last?.change == .read(through: 11))
        await talk.store.close()
        try undoSchema(to: 2, of: path)

        let again = try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning)
        #expect(try await again.entries(in: .user(Talk.ada, after: 0), limit: 100).last == last)
        await again.close()
    }

    @Test("marks that a fill is just writing are there once")
    func unfinishedFill() async throws {
        var tuning = Tuning()
        (tuning.tailLimit, tuning.sliceRows) = (8, 1)
        (tuning.scanFirst, tuning.conversationRows) = (0, 0)
        let talk = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: "\(folder.path)/chat.db"), tuning: tuning))
        let bob = UserID("bob")
        try await talk.store.save(User(id: bob, username: "bob", createdAt: Timestamp(microseconds: 0)))
        // The last step of a fill fails.
        try await talk.store.execute(
            "CREATE TRIGGER no BEFORE UPDATE ON meta WHEN OLD.name = 'watermark' BEGIN SELECT RAISE(FAIL, 'no'); END")
        try await talk.perform(.add(bob, .reader))
        var wanted: [Pos] = [1, 2]
        for index in 0..<6 {
            try await talk.say("\(index)")
            let mark = Draft(conversation: talk.room, author: bob, proposal: .read(through: .max), entropy: 1)
            _ = try await talk.store.commit([mark], at: Timestamp(microseconds: 0))[0].get()
            wanted += [wanted.count + 1, wanted.count + 2].map { Pos($0) }
            try await talk.store.tidy()
            #expect(try await talk.store.entries(in: .user(Talk.ada, after: 0), limit: 100).map(\.pos) == wanted)
        }
        await talk.store.close()
    }

    @Test("a page from which a mark is left out, since its reader has left meanwhile, is filled up")
    func leavesMeanwhile() async throws {
        let path = "\(folder.path)/chat.db"
        let store = try await SQLiteStore.open(SQLiteStoreSettings(path: path))
        let (ann, bob, tea, ale) = (UserID("ann"), UserID("bob"), ConversationID("tea"), ConversationID("ale"))
        for id in [ann, bob] {
            try await store.save(User(id: id, username: id.text, createdAt: Timestamp(microseconds: 0)))
        }
        func draft(_ author: UserID, _ id: ConversationID, _ proposal: Draft.Proposal) -> Draft {
            Draft(conversation: id, author: author, proposal: proposal, entropy: 1)
        }
        let details = ConversationDetails(isGroup: true)
        let drafts = [
            draft(ann, tea, .create(details, participants: [bob])),
            draft(ann, ale, .create(details, participants: [bob])),
            draft(ann, tea, .post(content: "0", clientID: nil, replyTo: nil)), draft(bob, tea, .read(through: 2)),
            draft(ann, ale, .post(content: "1", clientID: nil, replyTo: nil)),
            draft(ann, ale, .post(content: "2", clientID: nil, replyTo: nil)),
        ]
        for result in try await store.commit(drafts, at: Timestamp(microseconds: 0)) { _ = try result.get() }
        await store.close()

        let connection = try Connection(path: path)
        let records = try Records(connection)
        let keys = try ClientKeys(connection)
        let memory = SharedMemory(try Recovery.memory(connection, records, keys))
        var tuning = Tuning()
        (tuning.scanRows, tuning.scanFirst, tuning.conversationRows) = (1, 0, 0)
        let writer = try Writer(
            connection: connection, records: records, keys: keys, memory: memory, tuning: tuning,
            damage: DamageBook(SilentLog()))
        let reader = try Reader(connection, memory)
        // One conversation a turn: bob leaves tea when it has been visited, for its mark at pos 4.
        var page = try reader.advance(CatchUp(of: bob, after: 3, among: nil, limit: 2, tuning))
        for result in try writer.commit([draft(bob, tea, .remove(bob))], at: Timestamp(microseconds: 0)) {
            _ = try result.get()
        }
        while !page.isDone { page = try reader.advance(page) }
        #expect(page.entries.map(\.pos) == [5, 6])
    }

    private let folder = Folder()
}

/// One user's whole way to the head, in pages.
private struct WayToHead: CustomStringConvertible {
    let user: UserID
    let after: Pos
    let among: Set<ConversationID>?
    let limit: Int

    var description: String { "\(user) after \(after) among \(among as Any) by \(limit)" }

    func first(of store: any Store) async throws -> [Entry] {
        try await store.entries(in: .user(user, after: after, among: among), limit: .max)
    }

    func all(of store: any Store) async throws -> [Entry] {
        var found: [Entry] = []
        while true {
            let page = try await store.entries(
                in: .user(user, after: found.last?.pos ?? after, among: among), limit: limit)
            found += page
            if page.count < limit { return found }
        }
    }

    /// How this differs from what the store promises; nil when it does not.
    func trouble(with found: [Entry], whereAllIs wanted: [Entry]) -> String? {
        if found.filter({ $0.seq > 0 && !$0.isGap }) != wanted.filter({ $0.seq > 0 && !$0.isGap }) {
            return "numbered entries differ"
        }
        // Of what is gone each number is told once, in gaps that depend on where pages end.
        let (told, toTell) = (found.flatMap(\.goneNumbers), wanted.flatMap(\.goneNumbers))
        if Set(told) != Set(toTell) || told.count != toTell.count { return "what is gone differs" }
        if zip(found, found.dropFirst()).contains(where: { $0.pos >= $1.pos }) { return "not in order" }
        let all = Set(wanted)
        let marks = found.filter { $0.seq == 0 }
        if !marks.allSatisfy({ all.contains($0) }) { return "a mark that nobody set" }
        if Self.last(of: marks) != Self.last(of: wanted) { return "not the last marks" }
        return nil
    }

    private struct Seat: Hashable {
        let conversation: ConversationID
        let user: UserID
    }

    private static func last(of entries: [Entry]) -> [Seat: Entry] {
        var last: [Seat: Entry] = [:]
        for entry in entries where entry.seq == 0 {
            last[Seat(conversation: entry.conversation, user: entry.author.id)] = entry
        }
        return last
    }
}

extension Entry {
    fileprivate var isGap: Bool { if case .gap = change { true } else { false } }

    /// The numbers that a gap says are gone.
    fileprivate var goneNumbers: [Gone] {
        guard case .gap(let gap) = change else { return [] }
        return (gap.from...seq).map { Gone(conversation: conversation, seq: $0) }
    }

    fileprivate struct Gone: Hashable {
        let conversation: ConversationID
        let seq: Seq
    }
}

extension History {
    fileprivate mutating func catchUps(count: Int) -> [WayToHead] {
        (0..<count).map { _ in
            WayToHead(
                user: dice.pick(accounts).id, after: Pos(dice.roll(400)),
                among: dice.roll(3) == 0 ? Set((0..<dice.roll(4)).map { _ in dice.pick(conversations) }) : nil,
                limit: 1 + dice.pick([0, 1, 4, 19, 999]))
        }
    }
}
