import ChatKernel

/// Rebuilds the tail from the log when the store opens, whether it was closed or died.
enum Recovery {
    static func memory(_ connection: Connection, _ records: Records, _ keys: ClientKeys) throws(StoreError) -> Memory {
        let watermark = try Meta.watermark.read(connection)
        let last = try connection.statement("SELECT max(pos) FROM log").first { $0.integer(0) } ?? 0
        let head = max(try Meta.head.read(connection), last)
        guard Counter.isSound(watermark), Counter.isSound(head), watermark <= head else {
            throw StoreError(.damaged, "the store's counters contradict one another: \(watermark) and \(head)")
        }
        var memory = Memory(
            epoch: Epoch(UInt64(bitPattern: try Meta.epoch.read(connection))), head: head,
            lastAt: Timestamp(microseconds: try Meta.lastAt.read(connection)), watermark: watermark)
        var tail = Rebuilding()
        // Checked as far as it is cheap for each of 60,000 rows. Content is checked when it is read.
        try connection.statement(
            """
            SELECT pos, conversation, seq, ordinal, author, at, kind, subject, client_id FROM log WHERE pos > ?
            ORDER BY pos
            """
        ).each(.integer(watermark)) { (row) throws(StoreError) in
            let pos = row.integer(0)
            guard let kind = LogRow.Kind(rawValue: row.integer(6)) else {
                throw LogRow.damage(at: pos)
            }
            memory.lastAt = max(memory.lastAt, Timestamp(microseconds: row.integer(5)))
            let name = row.optionalText(8)
            let entry = Rebuilding.Entry(
                pos: pos, conversation: row.integer(1), seq: row.integer(2), ordinal: row.integer(3),
                author: row.integer(4), at: Timestamp(microseconds: row.integer(5)), kind: kind,
                subject: row.optionalInteger(7))
            try tail.add(entry, records)
            if let name {
                keys.keep(pos, for: keys.key(name, of: entry.author, in: entry.conversation))
            }
            return true
        }
        memory.young = tail.finished()
        return memory
    }
}

/// The tail while it is read from the log.
private struct Rebuilding {
    struct Entry {
        let pos: Pos
        let conversation: Int64
        let seq: Seq
        let ordinal: Int64
        let author: Int64
        let at: Timestamp
        let kind: LogRow.Kind
        let subject: Int64?
    }

    private var tail = Tail()
    /// By row: the log knows no other name.
    private var rooms: [Int64: Room] = [:]

    consuming func finished() -> Tail {
        var tail = tail
        for room in rooms.values { tail.rooms[room.id] = room }
        return tail
    }

    mutating func add(_ entry: Entry, _ records: Records) throws(StoreError) {
        if entry.kind == .read {
            tail.marks[SeatRow(conversation: entry.conversation, user: entry.author)] = entry.subject
            tail.markPlaces[entry.conversation, default: []].append(MarkPlace(pos: entry.pos, user: entry.author))
            return
        }
        guard tail.runs[entry.conversation]?.end ?? max(1, entry.seq) == entry.seq, Counter.isSound(entry.seq),
            Counter.isSound(entry.ordinal)
        else { throw LogRow.damage(at: entry.pos) }
        tail.runs[entry.conversation, default: Run(first: entry.seq)].append(
            Place(pos: entry.pos, isMessage: entry.kind == .message))
        if entry.kind == .message {
            tail.marks[SeatRow(conversation: entry.conversation, user: entry.author)] = entry.seq
        }
        try move(entry, records)
    }

    private mutating func move(_ entry: Entry, _ records: Records) throws(StoreError) {
        if rooms[entry.conversation] == nil {
            guard let room = try records.room(row: entry.conversation)?.room else {
                throw StoreError(.damaged, "the log names a conversation that is not there (\(entry.conversation))")
            }
            rooms[entry.conversation] = room
        }
        rooms[entry.conversation]?.activity.move(to: entry)
    }
}

extension Activity {
    /// The row may have been written later than the watermark: then it knows the entry already.
    fileprivate mutating func move(to entry: Rebuilding.Entry) {
        guard through < entry.pos else { return }
        lastSeq = entry.seq
        updatedAt = entry.at
        messages = entry.ordinal
        through = entry.pos
        if entry.kind == .message { lastMessage = entry.pos }
    }
}
