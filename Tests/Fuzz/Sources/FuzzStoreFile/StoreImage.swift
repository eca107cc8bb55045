import CSQLite
import ChatKernel

@testable import ChatSQLite

/// A store's file as it is after some talk: a part of the log in the tables, the rest in the tail.
struct StoreImage {
    let bytes: [UInt8]
    static let room = ConversationID("room")
    static let users = ["ann", "bob", "cem"].map { UserID($0) }

    /// In memory, and the same in every run.
    init() throws(StoreError) {
        let connection = try Connection(path: ":memory:")
        try connection.execute("PRAGMA page_size = 512")
        try Migrations.apply(to: connection, path: "", epoch: Epoch(7))
        for salt in [Meta.saltHigh, .saltLow] { try salt.write(7, connection) }
        for (index, id) in Self.users.enumerated() {
            let user = User(
                id: id, username: id.text, email: index == 0 ? "ann@example.org" : nil,
                createdAt: Timestamp(microseconds: 1))
            try UserTable.save(user, connection)
        }
        var tuning = Tuning()
        tuning.tailLimit = 12
        tuning.searchRows = 3
        tuning.sweepPages = 1
        let session = try StoreSession(connection, tuning)
        var proposals: [Draft.Proposal] = [
            .create(ConversationDetails(name: "Tea", isGroup: true), participants: [Self.users[1]])
        ]
        for index in 0..<12 {
            let name = index % 3 == 0 ? ClientID("name \(index)") : nil
            proposals.append(.post(content: "message \(index)", clientID: name, replyTo: nil))
        }
        proposals.append(.add(Self.users[2], .member))
        for (index, proposal) in proposals.enumerated() { try session.commit(proposal, entropy: UInt64(index)) }
        try session.commit(.read(through: 14), entropy: 99)
        // What speaks of a message, half of it behind the fill.
        let messages = try session.messages()
        for (index, message) in messages.prefix(6).enumerated() {
            let proposal: Draft.Proposal =
                switch index % 3 {
                case 0: .edit(message, content: "edited \(index)")
                case 1: .delete(message)
                default: .react(message, key: "+", on: true)
                }
            try session.commit(proposal, entropy: 100 &+ UInt64(index))
            if index == 2 { while session.tidy() {} }
        }
        try session.commit(.remove(Self.users[2]), entropy: 200)
        try session.commit(.post(content: "an answer", clientID: nil, replyTo: messages.last), entropy: 201)
        try session.commit(
            .update(name: "Coffee", description: "and cake", retention: Retention(messages: 9)), entropy: 202)
        // Some of it is gone, and not all of that empty yet.
        try session.expire(Retention())
        _ = session.tidy()
        bytes = connection.image()
    }
}

/// What a host does with a file once it is open, on one connection and one thread.
final class StoreSession {
    private let connection: Connection
    private let writer: Writer
    private let reader: Reader

    init(_ connection: Connection, _ tuning: Tuning = Tuning()) throws(StoreError) {
        self.connection = connection
        _ = try Migrations.isNew(connection, path: "")
        let records = try Records(connection)
        let keys = try ClientKeys(connection)
        let memory = SharedMemory(try Recovery.memory(connection, records, keys))
        writer = try Writer(
            connection: connection, records: records, keys: keys, memory: memory, tuning: tuning,
            damage: DamageBook(SilentLog()))
        reader = try Reader(connection, memory)
    }

    func commit(_ proposal: Draft.Proposal, entropy: UInt64) throws(StoreError) {
        let draft = Draft(
            conversation: StoreImage.room, author: StoreImage.users[0], proposal: proposal, entropy: entropy)
        _ = try writer.commit([draft], at: Timestamp(microseconds: 1_770_000_000_000_000 &+ Int64(entropy & 0xFF)))
    }

    func expire(_ retention: Retention) throws(StoreError) {
        let now = Timestamp(microseconds: 1_770_000_000_000_000)
        let found = try reader.expiries(retention, at: now, behind: 0, limit: 9)
        try writer.raise(found.expiries)
    }

    /// True when there may be more to do.
    func tidy() -> Bool { writer.tidy(inHaste: true) != .nothing }

    func messages() throws(StoreError) -> [MessageID] {
        try reader.messages(.newest(StoreImage.room, spans: [Span(from: 0)], offset: 0), limit: 50).map(\.id)
    }

    /// Everything that can be asked and done, each for itself: one refusal does not spare the next.
    func useAll() {
        let room = StoreImage.room
        let spans = [Span(from: 1)]
        _ = try? reader.entries(of: room, after: 0, limit: 100)
        _ = try? reader.entries(of: room, after: 20, limit: 2)
        _ = try? reader.messages(.newest(room, spans: spans, offset: 2), limit: 50)
        _ = try? reader.messages(.before(9, room, spans: spans), limit: 5)
        _ = try? reader.messages(.after(3, room, spans: spans), limit: 5)
        _ = try? reader.users(.all(after: nil), limit: 9)
        _ = try? reader.users(.prefix("a"), limit: 9)
        search()
        try? commit(.post(content: "more", clientID: ClientID("name 3"), replyTo: nil), entropy: 300)
        try? commit(.add(StoreImage.users[1], .owner), entropy: 301)
        try? commit(.remove(StoreImage.users[1]), entropy: 302)
        try? commit(.read(through: 5), entropy: 303)
        for user in StoreImage.users {
            for (first, each) in [(Int.max, 1), (0, 0), (7, 1)] {
                catchUp(user, scanFirst: first, conversationRows: each)
            }
            _ = try? reader.conversations(of: user, after: nil, limit: 9)
            _ = try? reader.conversation(room, for: user)
            _ = try? reader.standing(of: user, in: room)
        }
        for message in (try? messages()) ?? [] {
            try? commit(.edit(message, content: "x"), entropy: 400)
            try? commit(.react(message, key: "y", on: true), entropy: 401)
            try? commit(.delete(message), entropy: 402)
        }
        for _ in 0..<8 where tidy() {}
        search()
        for retention in [Retention(), Retention(messages: 2), Retention(days: 1)] {
            try? expire(retention)
            _ = try? reader.entries(of: room, after: 0, limit: 100)
            catchUp(StoreImage.users[0], scanFirst: 0, conversationRows: 0)
            catchUp(StoreImage.users[2], scanFirst: .max, conversationRows: 1)
        }
        for _ in 0..<8 where tidy() {}
        catchUp(StoreImage.users[1], scanFirst: 7, conversationRows: 1)
    }

    /// In the index and in the log, for what is there and for what is not.
    private func search() {
        for words in ["message", "edi*", "\"message 7\"", "nothing"] {
            guard let query = try? SearchQuery(words) else { continue }
            for conversation in [nil, StoreImage.room] {
                let search = Search(query, for: StoreImage.users[0], in: conversation)
                _ = try? reader.search(search, before: .max, limit: 5, budget: PageBudget(), scan: 30)
            }
        }
    }

    /// By looking at the log, from conversation to conversation, or both.
    private func catchUp(_ user: UserID, scanFirst: Int, conversationRows: Int) {
        var tuning = Tuning()
        tuning.scanRows = 15
        tuning.scanFirst = scanFirst
        tuning.conversationRows = conversationRows
        var page = CatchUp(of: user, after: 0, among: nil, limit: 100, tuning)
        while !page.isDone {
            guard let next = try? reader.advance(page) else { return }
            page = next
        }
    }
}

extension Connection {
    /// The whole file.
    func image() -> [UInt8] {
        var size: sqlite3_int64 = 0
        guard let start = unsafe sqlite3_serialize(handle, "main", &size, 0) else { return [] }
        defer { unsafe sqlite3_free(start) }
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(size)))
    }

    /// Puts a file in the place of what is there.
    func load(_ image: [UInt8]) {
        guard let copy = unsafe sqlite3_malloc64(UInt64(image.count)) else { return }
        unsafe copy.copyMemory(from: image, byteCount: image.count)
        let size = sqlite3_int64(image.count)
        let flags = UInt32(SQLITE_DESERIALIZE_FREEONCLOSE | SQLITE_DESERIALIZE_RESIZEABLE)
        unsafe sqlite3_deserialize(handle, "main", copy.assumingMemoryBound(to: UInt8.self), size, size, flags)
    }
}
