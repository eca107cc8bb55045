import CSQLite
import ChatKernel

/// The store as of one moment: a read transaction of SQLite, and the shared memory as far as it belongs to it.
///
/// The memory may be ahead of the transaction by whole batches, since commits go on meanwhile; it is never behind. What it
/// says of entries past ``head`` is left out, so that no part of a later batch is seen. Read marks are the newest there
/// are, but never past the head of their conversation. When a fill ends meanwhile, the memory no longer holds what this
/// transaction's index lacks: the snapshot is stale, and the read is made again.
final class Snapshot {
    let records: Records
    let head: Pos
    let watermark: Pos
    private let memory: SharedMemory
    private let raises: Int
    private(set) var isStale = false

    /// Begins the read transaction.
    init(_ records: Records, _ memory: SharedMemory) throws(StoreError) {
        self.records = records
        self.memory = memory
        raises = memory.withLock { $0.raises }
        try records.connection.begin()
        var isBegun = false
        defer { if !isBegun { records.connection.rollback() } }
        let found = try records.connection.statement(
            "SELECT (SELECT value FROM meta WHERE name = 'watermark'), (SELECT max(pos) FROM log)"
        ).first { (watermark: $0.integer(0), head: $0.integer(1)) }
        guard let found else { throw StoreError(.damaged, "the store's file has no watermark") }
        watermark = found.watermark
        head = found.head
        try waitForMemory()
        isBegun = true
    }

    /// A commit can be read a moment before the memory knows of it: a few microseconds, unless the writer's thread is kept
    /// from the processor.
    private func waitForMemory() throws(StoreError) {
        var turns = 0
        while memory.withLock({ $0.head < head && !$0.isClosed }) {
            turns += 1
            if turns < 10_000 { sched_yield() } else { usleep(1000) }
            guard turns < 20_000 else {
                throw StoreError(.damaged, "the log has entries that this store did not write")
            }
        }
    }

    var connection: Connection { records.connection }

    func end() { records.connection.rollback() }

    /// Asks the memory; nil, and stale, when it is of another time.
    func remembered<T: Sendable>(_ body: (Memory) -> T) -> T? {
        let found: T? = memory.withLock { $0.watermark == watermark ? body($0) : nil }
        if found == nil { isStale = true }
        return found
    }

    /// Lets the memory keep what was read, unless something was committed since.
    func keep(_ room: Room, _ seat: Seat?) {
        memory.withLock {
            guard $0.head == head, $0.watermark == watermark, $0.raises == raises else { return }
            $0.keep(room)
            if let seat { $0.keep(seat, at: SeatKey(room: room.row, user: seat.membership.user.id)) }
        }
    }

    // MARK: Conversations

    /// The conversation as of this moment.
    func room(_ id: ConversationID) throws(StoreError) -> (room: Room, createdAt: Timestamp)? {
        guard var found = try records.room(id) else { return nil }
        found.room.activity = try activity(of: found.room)
        return found
    }

    /// The row's activity, carried on by what of the tail belongs to this moment.
    func activity(of room: Room) throws(StoreError) -> Activity {
        let head = head
        let tail = remembered { memory -> (last: Place?, message: Place?) in
            var last: Place?
            for run in memory.runs(of: room.row).reversed() {
                for place in run.places.reversed() where place.pos <= head {
                    if last == nil { last = place }
                    if place.isMessage { return (last, place) }
                }
            }
            return (last, nil)
        }
        guard let tail, let last = tail.last else { return room.activity }
        let row = try records.requireRow(at: last.pos)
        return Activity(
            lastSeq: row.seq, updatedAt: row.at, messages: row.ordinal,
            lastMessage: tail.message?.pos ?? room.activity.lastMessage, through: row.pos)
    }

    /// When the tail had something new in a conversation; nil when it has nothing, and the row is true.
    func updatedAt(of room: Int64) throws(StoreError) -> Timestamp? {
        let head = head
        let last = remembered { memory -> Pos? in
            for run in memory.runs(of: room).reversed() {
                if let place = run.places.last(where: { $0.pos <= head }) { return place.pos }
            }
            return nil
        }
        guard case .some(.some(let pos)) = last else { return nil }
        let at = try connection.statement("SELECT at FROM log WHERE pos = ?").first(.integer(pos)) { $0.integer(0) }
        return at.map { Timestamp(microseconds: $0) }
    }

    func seat(_ user: UserID, in room: Room) throws(StoreError) -> Seat? {
        guard var seat = try records.seat(user, in: room.row) else { return nil }
        seat.membership.readSeq = readSeq(seat.membership.readSeq, of: seat.userRow, in: room)
        return seat
    }

    /// The read mark of a row, carried on by the tail's.
    func readSeq(_ seq: Seq, of user: Int64, in room: Room) -> Seq {
        let place = SeatRow(conversation: room.row, user: user)
        guard case .some(.some(let mark)) = remembered({ $0.mark(place) }) else { return seq }
        return max(seq, min(mark, room.activity.lastSeq))
    }

    // MARK: Entries by number

    /// Where the entries of a conversation within a range of numbers stand, from the index and the tail. `bound` ends what
    /// is counted from the oldest.
    func places(
        in room: Int64, _ range: ClosedRange<Seq>, newestFirst: Bool, messagesOnly: Bool, limit: Int,
        through bound: Pos = .max
    ) throws(StoreError) -> [Pos] {
        guard limit > 0 else { return [] }
        let head = newestFirst ? head : min(head, bound)
        let tail = remembered { memory -> (first: Seq, found: [Pos]) in
            let runs = memory.runs(of: room)
            var found: [Pos] = []
            let ordered = newestFirst ? runs.reversed() : runs
            for run in ordered {
                run.visit(range, newestFirst: newestFirst) { place in
                    if place.pos <= head, place.isMessage || !messagesOnly { found.append(place.pos) }
                    return found.count < limit
                }
                if found.count == limit { break }
            }
            return (runs.first?.first ?? .max, found)
        }
        guard let tail else { return [] }
        if newestFirst {
            let wanted = limit - tail.found.count
            let older = try indexed(room, range, below: tail.first, true, messagesOnly, wanted, through: .max)
            return tail.found + older
        }
        let older = try indexed(room, range, below: tail.first, false, messagesOnly, limit, through: bound)
        return older + tail.found.prefix(limit - older.count)
    }

    private func indexed(
        _ room: Int64, _ range: ClosedRange<Seq>, below first: Seq, _ newestFirst: Bool, _ messagesOnly: Bool,
        _ limit: Int, through bound: Pos
    ) throws(StoreError) -> [Pos] {
        guard limit > 0, range.lowerBound < first else { return [] }
        let statement = try connection.statement(
            """
            SELECT pos FROM seq_index WHERE conversation = ? AND seq >= ? AND seq <= ? AND is_message >= ?
            ORDER BY seq \(newestFirst ? "DESC" : "ASC") LIMIT ?
            """)
        var found: [Pos] = []
        try statement.each(
            .integer(room), .integer(range.lowerBound), .integer(min(range.upperBound, first - 1)), .flag(messagesOnly),
            .integer(Int64(limit))
        ) {
            let pos = $0.integer(0)
            if pos <= bound { found.append(pos) }
            return pos <= bound
        }
        return found
    }

    /// The rows at these ascending positions, which must be of this conversation, one after the other until `body` says
    /// false.
    func rows(
        at places: [Pos], of room: Int64, body: (LogRow) throws(StoreError) -> Bool
    ) throws(StoreError) {
        guard let first = places.first, let last = places.last else { return }
        var count = 0
        func take(_ row: LogRow) throws(StoreError) {
            guard row.conversation == room, row.seq > 0 else { throw LogRow.damage(at: row.pos) }
            count = try body(row) ? count + 1 : places.count
        }
        // What was said in one go lies together: to walk over it costs half of looking up each. The index may be damaged:
        // any numbers at all.
        if first > 0, last >= first, last - first < 2 * Pos(places.count) {
            try connection.statement(LogRow.selectionByStretch).each(.integer(first), .integer(last)) {
                (row) throws(StoreError) in
                if LogRow.pos(of: row) == places[count] { try take(LogRow(row)) }
                return count < places.count
            }
        }
        // The rest; after a walk none, unless one is missing, and that is an error here.
        while count < places.count { try take(records.requireRow(at: places[count])) }
    }

    /// The last of some numbers that stands at or before a position, and where; nil when even the first does not.
    func last(
        of numbers: ClosedRange<Seq>, in room: Int64, through bound: Pos
    ) throws(StoreError) -> (seq: Seq, pos: Pos)? {
        var found: (seq: Seq, pos: Pos)?
        var (low, high) = (numbers.lowerBound, numbers.upperBound)
        // Mostly all of them do.
        var middle = high
        while low <= high {
            let pos = try places(
                in: room, middle...middle, newestFirst: false, messagesOnly: false, limit: 1, through: bound
            ).first
            if let pos {
                found = (middle, pos)
                low = middle + 1
            } else {
                high = middle - 1
            }
            middle = low + (high - low) / 2
        }
        return found
    }

    /// How many messages the conversation had up to and with this number.
    func ordinal(at seq: Seq, in room: Int64) throws(StoreError) -> Int64 {
        guard seq > 0 else { return 0 }
        let place = try places(in: room, seq...seq, newestFirst: true, messagesOnly: false, limit: 1).first
        guard let place else {
            // What a stale snapshot lacks is no damage.
            if isStale { return 0 }
            throw StoreError(.damaged, "the index has no entry \(seq) of conversation row \(room)")
        }
        var ordinal: Int64 = 0
        try rows(at: [place], of: room) {
            ordinal = $0.ordinal
            return true
        }
        return ordinal
    }
}

extension Memory {
    /// What the tail has of a conversation, older run first.
    func runs(of room: Int64) -> [Run] { [old.runs[room], young.runs[room]].compactMap { $0 } }
}

extension Run {
    /// Walks over the places of these numbers until `body` says false.
    func visit(_ range: ClosedRange<Seq>, newestFirst: Bool, _ body: (Place) -> Bool) {
        let lower = max(range.lowerBound, first)
        let upper = min(range.upperBound, end - 1)
        guard lower <= upper else { return }
        var index = Int((newestFirst ? upper : lower) - first)
        for _ in lower...upper {
            guard body(places[index]) else { return }
            index += newestFirst ? -1 : 1
        }
    }
}
