import ChatKernel
import Synchronization

/// What the writer and the readers share. The writer changes it once a batch, after the batch is durable; it
/// is locked for microseconds and never while SQLite works.
struct Memory: Sendable {
    var epoch: Epoch
    /// The highest pos that may be shown.
    var head: Pos
    /// The time of the entry at the head: times do not go backwards.
    var lastAt: Timestamp
    /// The tables hold all up to here. Changes only when a fill ends.
    var watermark: Pos
    /// Entries since the last fill began.
    var young = Tail()
    /// Entries that the fill in progress is writing; complete until it has ended.
    var old = Tail()
    /// Conversations whose row is true, kept near. 8,192 twice: about 8 MB.
    private var rooms = Cache<ConversationID, Room>(limit: 8192)
    /// 32,768 twice: about 20 MB.
    private var seats = Cache<SeatKey, Seat>(limit: 32_768)
    /// How often a first number was raised: whoever read before has read something else.
    private(set) var raises = 0
    var isClosed = false

    init(epoch: Epoch, head: Pos, lastAt: Timestamp, watermark: Pos) {
        self.epoch = epoch
        self.head = head
        self.lastAt = lastAt
        self.watermark = watermark
    }

    func requireOpen() throws(StoreError) {
        if isClosed { throw StoreError(.closed, "the store has been closed") }
    }

    // MARK: Conversations and members

    /// A conversation's first number was raised.
    mutating func raise(_ id: ConversationID, to first: Seq) {
        raises += 1
        young.rooms[id]?.firstSeq = first
        old.rooms[id]?.firstSeq = first
        guard var room = rooms.value(for: id) else { return }
        room.firstSeq = first
        rooms.insert(room, for: id)
    }

    mutating func room(_ id: ConversationID) -> Room? { young.rooms[id] ?? old.rooms[id] ?? rooms.value(for: id) }

    mutating func seat(_ key: SeatKey) -> Seat? { seats.value(for: key) }

    mutating func keep(_ room: Room) { rooms.insert(room, for: room.id) }

    mutating func keep(_ seat: Seat, at key: SeatKey) { seats.insert(seat, for: key) }

    /// A read mark that is not in its row yet.
    func mark(_ seat: SeatRow) -> Seq? { young.marks[seat] ?? old.marks[seat] }

    // MARK: Fills

    mutating func beginFill() {
        old = young
        young = Tail()
    }

    mutating func endFill(through pos: Pos) {
        watermark = pos
        for (id, room) in old.rooms where young.rooms[id] == nil { rooms.insert(room, for: id) }
        old = Tail()
    }
}

/// The shared memory behind its lock.
final class SharedMemory: Sendable {
    private let memory: Mutex<Memory>

    init(_ memory: Memory) { self.memory = Mutex(memory) }

    func withLock<T: Sendable, E: Error>(_ body: (inout Memory) throws(E) -> T) throws(E) -> T {
        try memory.withLock { (memory) throws(E) in try body(&memory) }
    }
}

/// A conversation as the rules and the reads need it: its row and what the tail adds.
struct Room: Sendable {
    let row: Int64
    let id: ConversationID
    var details: ConversationDetails
    let isPair: Bool
    var members: Int
    var owners: Int
    /// The oldest number that is kept.
    var firstSeq: Seq = 1
    var activity: Activity

    var facts: ConversationFacts {
        ConversationFacts(
            details: details, lastSeq: activity.lastSeq, isPair: isPair, members: members, owners: owners)
    }
}

/// What moves with every entry.
struct Activity: Sendable {
    var lastSeq: Seq
    var updatedAt: Timestamp
    /// How many messages there are, deleted ones included.
    var messages: Int64
    var lastMessage: Pos?
    /// The pos of the last numbered entry.
    var through: Pos
}

struct SeatKey: Hashable, Sendable {
    let room: Int64
    let user: UserID
}

/// A user's membership and the user's row.
struct Seat: Sendable {
    let userRow: Int64
    var membership: Membership
}
