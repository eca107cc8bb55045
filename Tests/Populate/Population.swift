import ChatKernel
import ChatSQLite

/// Rooms with members and a past, written through the store's own commits: the file is what a server would have left.
struct Population {
    private let store: SQLiteStore
    private let order: Order
    private var users: [UserID] = []
    private var rooms: [ConversationID] = []
    private var random = SystemRandomNumberGenerator()

    /// Entries a commit: enough that its own cost does not show.
    private static let batch = 2000

    init(_ order: Order) async throws {
        self.order = order
        // Nobody is told of anything before it has been closed: it need not be synced meanwhile.
        store = try await SQLiteStore.open(SQLiteStoreSettings(path: order.database, durability: .written))
    }

    consuming func build(at now: Timestamp) async throws -> (users: [UserID], rooms: [ConversationID]) {
        try await makeUsers(at: now)
        try await makeRooms(at: now)
        try await makeMessages(at: now)
        // A server would have had a quiet moment.
        try await store.tidy()
        await store.close()
        return (users, rooms)
    }

    private mutating func makeUsers(at now: Timestamp) async throws {
        let ids = order.users ?? (0..<order.rooms * order.members).map { _ in identifier(at: now) }
        for id in ids.map({ UserID($0) }) {
            users.append(id)
            if try await store.user(id) != nil { continue }
            // The end of the identifier is random: no two have one name.
            try await store.save(User(id: id, username: "user-" + id.text.suffix(12), createdAt: now))
        }
    }

    private mutating func makeRooms(at now: Timestamp) async throws {
        for number in 0..<order.rooms {
            let id = ConversationID(identifier(at: now))
            rooms.append(id)
            let members = (0..<order.members).map { member($0, of: number) }
            let details = ConversationDetails(name: "Room \(number)", isGroup: true)
            let create = Draft(
                conversation: id, author: members[0],
                proposal: .create(details, participants: Array(members.dropFirst())), entropy: random.next())
            try await commit([create], at: now)
        }
    }

    /// Room after room in turn, in each its members in turn.
    private mutating func makeMessages(at now: Timestamp) async throws {
        for start in stride(from: 0, to: order.messages, by: Self.batch) {
            let drafts = (start..<min(start + Self.batch, order.messages)).map { number in
                let room = number % order.rooms
                let author = member(number / order.rooms % order.members, of: room)
                let content = "message \(number) " + String(repeating: "x", count: number * 37 % 100)
                return Draft(
                    conversation: rooms[room], author: author,
                    proposal: .post(content: content, clientID: ClientID("populate-\(number)"), replyTo: nil),
                    entropy: random.next())
            }
            try await commit(drafts, at: now)
        }
    }

    private func commit(_ drafts: [Draft], at now: Timestamp) async throws {
        for result in try await store.commit(drafts, at: now) { _ = try result.get() }
    }

    private func member(_ place: Int, of room: Int) -> UserID { users[(room * order.members + place) % users.count] }

    private mutating func identifier(at now: Timestamp) -> String {
        UUIDv7.make(at: now, random: random.next(), random.next())
    }
}
