import ChatKernel
import ChatSimulation
import Testing

/// An outlet that follows users, and keeps their mail.
final class Lane: Outlet, @unchecked Sendable {
    private let batches = Tray<Batch>()
    private var room = Mailroom()
    private let kernel: Kernel

    init(_ house: House) { kernel = house.kernel }

    func deliver(_ batch: Batch) {
        batches.put(batch)
        batch.finished()
    }

    func signal(_ signal: Signal) {}

    func follow(_ user: UserReference) throws {
        let place = room.open(user.id) { kernel.follow(user.id, as: $0, by: self) }
        _ = try #require(place)
    }

    func leave(_ user: UserReference) throws {
        let known = room.place(of: user.id)
        let place = try #require(known)
        let follower = room.close(place)
        kernel.unfollow(try #require(follower))
    }

    /// Who got mail.
    func takeIn() -> Set<UserID> { takeIn { _, _, _ in } }

    /// - Parameter see: is shown what came for whom, and with which batch.
    func takeIn(_ see: (Mailroom.Arrival, UserReference, Batch) -> Void) -> Set<UserID> {
        var touched: Set<UserID> = []
        for batch in batches.takeAll() {
            for arrival in room.take(batch) {
                for user in [ann, bob, cat] where room.holds(user.id, at: arrival.place) {
                    touched.insert(user.id)
                    see(arrival, user, batch)
                }
            }
        }
        return touched
    }

    func run(
        for user: UserReference, after pos: Pos = 0, among conversations: Set<ConversationID>? = nil, limit: Int = .max
    ) throws -> MailRun? {
        _ = takeIn()
        let place = room.place(of: user.id)
        _ = try #require(place)
        return known(for: user, after: pos, among: conversations, limit: limit)
    }

    /// What the box says that is there now.
    func known(
        for user: UserReference, after pos: Pos, among conversations: Set<ConversationID>? = nil, limit: Int = .max
    ) -> MailRun? {
        room.place(of: user.id).flatMap { room.items(at: $0, after: pos) }.map {
            MailRun($0, for: user.id, after: pos, among: conversations, limit: limit, form: spelled)
        }
    }

    /// What a user is shown behind a position, in words; nil when only the store knows.
    func shown(
        to user: UserReference, after pos: Pos = 0, among conversations: Set<ConversationID>? = nil, limit: Int = .max
    ) throws -> String? {
        try run(for: user, after: pos, among: conversations, limit: limit)?.pieces
            .map { String(decoding: $0.bytes[$0.range], as: UTF8.self) }.joined()
    }
}

/// `2 hello;` for a message at pos 2.
func spelled(_ parcel: Parcel) -> WireBytes {
    parcel.encoded(as: WireForm("words")) { parcel in
        var bytes: [UInt8] = []
        let ends = parcel.events().map { event in
            bytes += Array(spelled(event).utf8)
            return bytes.count
        }
        return WireBytes(bytes, ends: ends)
    }
}

func spelled(_ event: Entry) -> String {
    let word =
        switch event.change {
        case .message(let posted): posted.content
        case .created: "created"
        case .member(let action, let member): "\(member.user.id) \(action)"
        case .read(let seq): "\(event.author.id) read \(seq)"
        case .deleted: "deleted"
        case .gap(let gap): "not \(gap.from) to \(event.seq)"
        default: "changed"
        }
    return "\(event.pos) \(word);"
}
