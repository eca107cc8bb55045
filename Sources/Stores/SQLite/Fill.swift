import ChatKernel

/// The tables behind the log being brought up to a pos, in slices that each hold the writer for a millisecond or two.
///
/// ```
///   log      1 ───────── watermark ─────────── through ───────────── head
///   tables   ████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
///   memory                        old ▲                 young
/// ```
/// The rows go in sorted, so that a page of an index is written once a run and not once a message: the longer the run, the
/// cheaper each row. Until the last slice moves the watermark, all of it stays in memory, and reads are answered from there;
/// a crash in between repeats the run over the same rows.
struct Fill {
    /// Rows one transaction writes.
    private let sliceRows: Int
    private let from: Pos
    let through: Pos
    private let lastAt: Timestamp

    private let runs: [Int64: Run]
    private let order: [Int64]
    private let rooms: [Room]
    private let marks: [(SeatRow, Seq)]
    private let markPlaces: [(conversation: Int64, pos: Pos)]
    private let names: [(hash: UInt64, pos: Pos)]
    /// The names as a run, for the time after; nil when there are none.
    let keys: KeyRun?
    /// Runs of names that are old enough to go.
    let expired: [KeyRun]

    // Where the next slice begins.
    private var run = 0
    private var place = 0
    private var room = 0
    private var mark = 0
    private var markPlace = 0
    private var name = 0
    private var gone = 0

    init(_ tail: Tail, from: Pos, through: Pos, lastAt: Timestamp, keys: ClientKeys, tuning: Tuning) {
        sliceRows = max(1, tuning.sliceRows)
        self.from = from
        self.through = through
        self.lastAt = lastAt
        runs = tail.runs
        order = tail.runs.keys.sorted()
        rooms = tail.rooms.values.sorted { $0.row < $1.row }
        marks = tail.marks.map { ($0.key, $0.value) }
            .sorted { ($0.0.conversation, $0.0.user) < ($1.0.conversation, $1.0.user) }
        markPlaces = tail.markPlaces.keys.sorted().flatMap { row in
            Self.newest(of: tail.markPlaces[row] ?? []).map { (row, $0) }
        }
        let names = keys.beginFill()
        self.names = names
        var filter = KeyFilter(capacity: names.count)
        for name in names { filter.insert(name.hash) }
        let run = KeyRun(id: from, lastAt: lastAt, count: names.count, filter: filter)
        self.keys = names.isEmpty ? nil : run
        expired = keys.expired(besides: self.keys, at: lastAt, keeping: tuning.namesKept)
    }

    /// Writes one slice, in the caller's transaction. True when it was the last.
    mutating func writeSlice(_ connection: Connection) throws(StoreError) -> Bool {
        var budget = sliceRows
        try writeRuns(connection, &budget)
        try writeRooms(connection, &budget)
        try writeMarks(connection, &budget)
        try writeMarkPlaces(connection, &budget)
        try writeNames(connection, &budget)
        try dropNames(connection, &budget)
        guard budget > 0 else { return false }
        try keys?.write(connection)
        try Meta.watermark.write(through, connection)
        try Meta.head.write(through, connection)
        try Meta.lastAt.write(lastAt.microseconds, connection)
        return true
    }

    private mutating func writeRuns(_ connection: Connection, _ budget: inout Int) throws(StoreError) {
        guard run < order.count, budget > 0 else { return }
        var index = try BulkInsertion(
            into: "seq_index(conversation, seq, pos, is_message)", columns: 4, on: connection)
        while run < order.count, budget > 0 {
            let row = order[run]
            guard let entries = runs[row] else { break }
            while place < entries.places.count, budget > 0 {
                let entry = entries.places[place]
                try index.add(row, entries.first + Seq(place), entry.pos, entry.isMessage ? 1 : 0)
                place += 1
                budget -= 1
            }
            if place == entries.places.count {
                run += 1
                place = 0
            }
        }
        try index.finish()
    }

    /// Only what moves with every entry: the rest of the row is written when it changes. A row that has been written
    /// since is newer.
    private mutating func writeRooms(_ connection: Connection, _ budget: inout Int) throws(StoreError) {
        let update = try connection.statement(
            """
            UPDATE conversations SET updated_at = ?2, last_seq = ?3, messages = ?4, last_message = ?5, through = ?6
            WHERE row = ?1 AND through < ?6
            """)
        while room < rooms.count, budget > 0 {
            let activity = rooms[room].activity
            try update.run(
                .integer(rooms[room].row), .time(activity.updatedAt), .integer(activity.lastSeq),
                .integer(activity.messages), .integer(activity.lastMessage), .integer(activity.through))
            room += 1
            budget -= 1
        }
    }

    private mutating func writeMarks(_ connection: Connection, _ budget: inout Int) throws(StoreError) {
        let update = try connection.statement(
            "UPDATE memberships SET read_seq = max(read_seq, ?3) WHERE conversation = ?1 AND user = ?2")
        while mark < marks.count, budget > 0 {
            let (seat, seq) = marks[mark]
            try update.run(.integer(seat.conversation), .integer(seat.user), .integer(seq))
            mark += 1
            budget -= 1
        }
    }

    /// Each user's last mark, ascending: the ones before it are nobody's business any more.
    private static func newest(of places: [MarkPlace]) -> [Pos] {
        var users: Set<Int64> = []
        return places.reversed().filter { users.insert($0.user).inserted }.map(\.pos).reversed()
    }

    private mutating func writeMarkPlaces(_ connection: Connection, _ budget: inout Int) throws(StoreError) {
        guard markPlace < markPlaces.count, budget > 0 else { return }
        var index = try BulkInsertion(into: "mark_index(conversation, pos)", columns: 2, on: connection)
        while markPlace < markPlaces.count, budget > 0 {
            try index.add(markPlaces[markPlace].conversation, markPlaces[markPlace].pos)
            markPlace += 1
            budget -= 1
        }
        try index.finish()
    }

    private mutating func writeNames(_ connection: Connection, _ budget: inout Int) throws(StoreError) {
        guard name < names.count, budget > 0 else { return }
        var insertion = try BulkInsertion(into: "client_keys(run, hash, pos)", columns: 3, on: connection)
        while name < names.count, budget > 0 {
            let (hash, pos) = names[name]
            try insertion.add(from, Int64(bitPattern: hash), pos)
            name += 1
            budget -= 1
        }
        try insertion.finish()
    }

    /// The run first, so that its filter is not read again; its rows, which are next to one another, a slice at a time.
    private mutating func dropNames(_ connection: Connection, _ budget: inout Int) throws(StoreError) {
        while gone < expired.count, budget > 0 {
            let id = expired[gone].id
            try connection.statement("DELETE FROM key_runs WHERE run = ?").run(.integer(id))
            let rows = try connection.statement(
                """
                DELETE FROM client_keys WHERE run = ?1 AND (hash, pos) IN
                (SELECT hash, pos FROM client_keys WHERE run = ?1 LIMIT ?2)
                """)
            try rows.run(.integer(id), .integer(Int64(budget)))
            let deleted = connection.changes
            if deleted < budget { gone += 1 }
            budget -= deleted
        }
    }
}
