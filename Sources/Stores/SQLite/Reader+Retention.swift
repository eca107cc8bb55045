import ChatKernel

extension Reader {
    /// Which conversations are to let go of something.
    struct Expiries: Sendable {
        var expiries: [Expiry] = []
        /// Where to go on; nil when all have been looked at.
        var next: Int64?
        /// What kept conversations from being looked at.
        var damage: [StoreError] = []
    }

    func expiries(
        _ retention: Retention, at now: Timestamp, behind row: Int64, limit: Int
    ) throws(StoreError) -> Expiries {
        try snapshot { (snapshot) throws(StoreError) in
            var rows: [Int64] = []
            let ruled = retention.isNone ? "AND (kept_days > 0 OR kept_messages > 0)" : ""
            try records.connection.statement(
                "SELECT row FROM conversations WHERE row > ? \(ruled) ORDER BY row LIMIT ?"
            ).each(.integer(row), .integer(Int64(limit))) {
                rows.append($0.integer(0))
                return true
            }
            var found = Expiries(next: rows.count < limit ? nil : rows.last)
            for row in rows {
                do throws(StoreError) {
                    if let expiry = try expiry(of: row, retention, at: now, snapshot) { found.expiries.append(expiry) }
                } catch {
                    // The others are not to keep what they should let go of.
                    guard error.code == .damaged else { throw error }
                    found.damage.append(error)
                }
            }
            return found
        }
    }

    private func expiry(
        of row: Int64, _ retention: Retention, at now: Timestamp, _ snapshot: Snapshot
    ) throws(StoreError) -> Expiry? {
        guard var room = try records.room(row: row)?.room else { return nil }
        room.activity = try snapshot.activity(of: room)
        let first = try snapshot.firstKept(of: room, by: retention.and(room.details.retention), at: now)
        return first > room.firstSeq ? Expiry(conversation: room.id, firstSeq: first) : nil
    }
}

extension Snapshot {
    /// The oldest number that is neither too old nor before the newest so many messages.
    fileprivate func firstKept(of room: Room, by rule: Retention, at now: Timestamp) throws(StoreError) -> Seq {
        var first = room.firstSeq
        if let horizon = rule.horizon(at: now) {
            first = try lowest(from: first, of: room) { $0.at >= horizon }
        }
        if rule.messages > 0, room.activity.messages > rule.messages {
            let gone = room.activity.messages - Int64(rule.messages)
            first = try lowest(from: first, of: room) { $0.ordinal > gone }
        }
        return first
    }

    /// The lowest number of which something holds that holds of all above it too; one past the last when of none.
    private func lowest(from first: Seq, of room: Room, where holds: (LogRow) -> Bool) throws(StoreError) -> Seq {
        // Mostly of the very first.
        guard first <= room.activity.lastSeq, try !holds(row(of: first, in: room)) else { return first }
        var (low, high) = (first, room.activity.lastSeq + 1)
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if try holds(row(of: middle, in: room)) { high = middle } else { low = middle }
        }
        return high
    }

    private func row(of seq: Seq, in room: Room) throws(StoreError) -> LogRow {
        guard
            let pos = try places(
                in: room.row, seq...seq, newestFirst: false, messagesOnly: false, limit: 1
            ).first
        else {
            // What a stale snapshot lacks is no damage: it is thrown away with all that came of it.
            throw StoreError(.damaged, "the index has no entry \(seq) of conversation row \(room.row)")
        }
        return try records.requireRow(at: pos)
    }
}
