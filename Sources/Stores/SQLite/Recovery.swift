import ChatKernel

/// Rebuilds the tail from the log when the store opens, whether it was closed or died.
enum Recovery {
    static func memory(_ connection: Connection, _ records: Records, _ keys: ClientKeys) throws(StoreError) -> Memory {
        let watermark = try Meta.watermark.read(connection)
        var memory = Memory(
            epoch: Epoch(UInt64(bitPattern: try Meta.epoch.read(connection))),
            head: try Meta.head.read(connection),
            lastAt: Timestamp(microseconds: try Meta.lastAt.read(connection)), watermark: watermark)
        var tail = Rebuilding()
        // A filter, not a checksum: what is cheap to check for each of 60,000 rows. Content is checked when it is read.
        try connection.statement(
            """
            SELECT pos, conversation, seq, ordinal, author, at, kind, subject, client_id FROM log WHERE pos > ?
            ORDER BY pos
            """
        ).each(.integer(watermark)) { (row) throws(StoreError) in
            let pos = row.integer(0)
            guard let kind = LogRow.Kind(rawValue: row.integer(6)), pos > memory.head || memory.head > watermark else {
                throw LogRow.damage(at: pos)
            }
            memory.head = max(memory.head, pos)
            memory.lastAt = max(memory.lastAt, Timestamp(microseconds: row.integer(5)))
            let name = row.optionalText(8)
            let entry = Rebuilding.Entry(
                pos: pos, conversation: row.integer(1), seq: row.integer(2), ordinal: row.integer(3),
                author: row.integer(4), at: Timestamp(microseconds: row.integer(5)), kind: kind,
                subject: row.optionalInteger(7), isNamed: name != nil)
            try tail.add(entry, records)
            if let name {
                keys.keep(pos, for: ClientKey(conversation: entry.conversation, author: entry.author, name: name))
            }
            return true
        }
        memory.young = tail.tail
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
        let isNamed: Bool
    }

    var tail = Tail()
    private var ids: [Int64: ConversationID] = [:]

    mutating func add(_ entry: Entry, _ records: Records) throws(StoreError) {
        if entry.kind == .read {
            tail.marks[SeatRow(conversation: entry.conversation, user: entry.author)] = entry.subject
            return
        }
        let run = tail.runs[entry.conversation]
        guard run.map({ $0.end == entry.seq }) ?? (entry.seq > 0) else { throw LogRow.damage(at: entry.pos) }
        tail.runs[entry.conversation, default: Run(first: entry.seq)].append(
            Place(pos: entry.pos, isMessage: entry.kind == .message, isNamed: entry.isNamed))
        if entry.kind == .message {
            tail.marks[SeatRow(conversation: entry.conversation, user: entry.author)] = entry.seq
        }
        try move(entry, records)
    }

    private mutating func move(_ entry: Entry, _ records: Records) throws(StoreError) {
        if ids[entry.conversation] == nil {
            guard let room = try records.room(row: entry.conversation)?.room else {
                throw StoreError(.damaged, "the log names a conversation that is not there (\(entry.conversation))")
            }
            ids[room.row] = room.id
            tail.rooms[room.id] = room
        }
        guard let id = ids[entry.conversation], let through = tail.rooms[id]?.activity.through, through < entry.pos
        else { return }
        tail.rooms[id]?.activity.lastSeq = entry.seq
        tail.rooms[id]?.activity.updatedAt = entry.at
        tail.rooms[id]?.activity.messages = entry.ordinal
        tail.rooms[id]?.activity.through = entry.pos
        if entry.kind == .message { tail.rooms[id]?.activity.lastMessage = entry.pos }
    }
}
