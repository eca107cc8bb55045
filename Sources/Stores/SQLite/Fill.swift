import ChatKernel

/// The tables behind the log being brought up to a pos, in slices that each hold the writer for a millisecond or two.
///
/// ```
///   log      1 ───────── watermark ─────────── through ───────────── head
///   tables   ████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
///   memory                        old ▲                 young
/// ```
/// The rows go in sorted by conversation, so that a page of the index is written once a run and not once a message: the
/// longer the run, the cheaper each row. Until the last slice moves the watermark, all of it stays in memory, and reads
/// are answered from there; a crash in between repeats the run over the same rows.
struct Fill {
    /// Rows one transaction writes.
    private let sliceRows: Int
    let through: Pos
    private let lastAt: Timestamp

    private let runs: [Int64: Run]
    private let order: [Int64]
    private let rooms: [Room]
    private let marks: [(SeatRow, Seq)]

    // Where the next slice begins.
    private var run = 0
    private var place = 0
    private var room = 0
    private var mark = 0

    init(_ tail: Tail, through: Pos, lastAt: Timestamp, sliceRows: Int) {
        self.sliceRows = max(1, sliceRows)
        self.through = through
        self.lastAt = lastAt
        runs = tail.runs
        order = tail.runs.keys.sorted()
        rooms = tail.rooms.values.sorted { $0.row < $1.row }
        marks = tail.marks.map { ($0.key, $0.value) }
            .sorted { ($0.0.conversation, $0.0.user) < ($1.0.conversation, $1.0.user) }
    }

    /// Writes one slice, in the caller's transaction. True when it was the last.
    mutating func writeSlice(_ connection: Connection, keys: ClientKeys) throws(StoreError) -> Bool {
        var budget = sliceRows
        try writeRuns(connection, keys, &budget)
        try writeRooms(connection, &budget)
        try writeMarks(connection, &budget)
        guard run == order.count, room == rooms.count, mark == marks.count else { return false }
        try Meta.watermark.write(through, connection)
        try Meta.head.write(through, connection)
        try Meta.lastAt.write(lastAt.microseconds, connection)
        return true
    }

    private mutating func writeRuns(
        _ connection: Connection, _ keys: ClientKeys, _ budget: inout Int
    ) throws(StoreError) {
        let index = try connection.statement(
            "INSERT OR IGNORE INTO seq_index(conversation, seq, pos, is_message) VALUES (?, ?, ?, ?)")
        let name = try connection.statement(
            """
            INSERT OR IGNORE INTO client_keys(conversation, author, name, pos)
            SELECT conversation, author, client_id, pos FROM log WHERE pos = ? AND client_id IS NOT NULL
            """)
        while run < order.count, budget > 0 {
            let row = order[run]
            guard let entries = runs[row] else { break }
            while place < entries.places.count, budget > 0 {
                let entry = entries.places[place]
                try index.run(
                    .integer(row), .integer(entries.first + Seq(place)), .integer(entry.pos), .flag(entry.isMessage))
                budget -= 1
                if entry.isNamed {
                    try name.run(.integer(entry.pos))
                    keys.isTableUsed = true
                    budget -= 1
                }
                place += 1
            }
            if place == entries.places.count {
                run += 1
                place = 0
            }
        }
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
}
