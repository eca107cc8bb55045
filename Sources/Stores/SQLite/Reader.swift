import ChatKernel

/// A connection that only reads. Each is used on a thread of its own.
final class Reader {
    let records: Records
    private let memory: SharedMemory

    init(_ connection: Connection, _ memory: SharedMemory) throws(StoreError) {
        records = try Records(connection)
        self.memory = memory
    }

    /// What it has done so far, as ``Statement/work``.
    var work: Int { records.connection.work }

    /// Reads as of one moment.
    func snapshot<T>(_ body: (Snapshot) throws(StoreError) -> T) throws(StoreError) -> T {
        while true {
            try memory.withLock { (memory) throws(StoreError) in try memory.requireOpen() }
            let snapshot = try Snapshot(records, memory)
            defer { snapshot.end() }
            let result: Result<T, StoreError>
            do throws(StoreError) { result = .success(try body(snapshot)) } catch { result = .failure(error) }
            // A fill ends once in 60,000 entries; whatever came of the read, it is made again.
            if snapshot.isStale || snapshot.remembered({ _ in true }) == nil { continue }
            return try result.get()
        }
    }

    // MARK: Entries

    func entries(of id: ConversationID, after seq: Seq, limit: Int) throws(StoreError) -> [Entry] {
        guard limit > 0, seq < .max else { return [] }
        return try snapshot { (snapshot) throws(StoreError) in
            guard let room = try snapshot.records.room(id)?.room else { return [] }
            // The last of those that are gone stands for all of them.
            let places = try snapshot.places(
                in: room.row, max(max(seq, 0) + 1, room.firstSeq - 1) ... .max, newestFirst: false,
                messagesOnly: false, limit: limit)
            var entries: [Entry] = []
            entries.reserveCapacity(places.count)
            var budget = PageBudget()
            try snapshot.rows(at: places, of: room.row) { (row) throws(StoreError) in
                let isGone = row.seq < room.firstSeq
                let entry = isGone ? try records.gap(row, from: max(seq, 0) + 1) : try records.entry(row)
                budget.spend(entry.weight)
                entries.append(entry)
                return !budget.isSpent
            }
            return entries
        }
    }

    /// Goes on with a page of a user's entries, for one turn.
    func advance(_ page: CatchUp) throws(StoreError) -> CatchUp {
        try snapshot { (snapshot) throws(StoreError) in
            var page = page
            try page.takeTurn(in: snapshot)
            return page
        }
    }

    // MARK: Conversations

    func standing(of user: UserID, in id: ConversationID) throws(StoreError) -> Standing? {
        try snapshot { (snapshot) throws(StoreError) in
            guard let room = try snapshot.room(id)?.room else { return nil }
            let seat = try snapshot.seat(user, in: room)
            snapshot.keep(room, seat)
            return Standing(membership: seat?.membership, firstSeq: room.firstSeq, lastSeq: room.activity.lastSeq)
        }
    }

    func conversation(_ id: ConversationID, for viewer: UserID) throws(StoreError) -> Conversation? {
        try snapshot { (snapshot) throws(StoreError) in
            guard let (room, createdAt) = try snapshot.room(id) else { return nil }
            return try conversation(room, createdAt, for: viewer, snapshot)
        }
    }

    func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) throws(StoreError) -> [Conversation] {
        guard limit > 0 else { return [] }
        return try snapshot { (snapshot) throws(StoreError) in
            // Sorted here: an order by activity that is kept up in the file would be written with every message. Of most a row
            // and a time are enough.
            let times = try times(of: user, snapshot).filter { $0.at <= mark?.updatedAt ?? $0.at }.sorted {
                $0.at > $1.at
            }
            var rest = times[...]
            var conversations: [Conversation] = []
            var budget = PageBudget()
            while conversations.count < limit, !budget.isSpent, let newest = rest.first?.at {
                let ties = rest.prefix { $0.at == newest }
                rest = rest.dropFirst(ties.count)
                var found: [(mark: ConversationMark, room: Room, createdAt: Timestamp)] = []
                for (row, at) in ties {
                    guard let (read, createdAt) = try records.room(row: row) else { throw Self.missing }
                    var room = read
                    room.activity = try snapshot.activity(of: room)
                    let candidate = ConversationMark(updatedAt: at, id: room.id)
                    if mark.map({ candidate.precedes($0) }) ?? true { found.append((candidate, room, createdAt)) }
                }
                found.sort { $1.mark.precedes($0.mark) }
                for (_, room, createdAt) in found.prefix(limit - conversations.count) where !budget.isSpent {
                    let conversation = try conversation(room, createdAt, for: user, snapshot)
                    budget.spend(conversation.weight)
                    conversations.append(conversation)
                }
            }
            return conversations
        }
    }

    func conversationIDs(of user: UserID, limit: Int) throws(StoreError) -> [ConversationID] {
        guard limit > 0 else { return [] }
        return try snapshot { (snapshot) throws(StoreError) in
            let newest = try times(of: user, snapshot).sorted { $0.at > $1.at }.prefix(limit)
            return try newest.map { (time) throws(StoreError) in try records.conversation(time.row) }
        }
    }

    private static let missing = StoreError(.damaged, "a member's conversation is not there")

    /// The user's conversations, by row, and when there was something new in each.
    private func times(of user: UserID, _ snapshot: Snapshot) throws(StoreError) -> [(row: Int64, at: Timestamp)] {
        var times: [(row: Int64, at: Timestamp)] = []
        try records.connection.statement(
            """
            SELECT m.conversation, c.updated_at FROM users u CROSS JOIN memberships m ON m.user = u.row
            LEFT JOIN conversations c ON c.row = m.conversation WHERE u.id = ? AND m.is_active
            """
        ).each(.text(user.text)) { (found) throws(StoreError) in
            guard let filed = found.optionalInteger(1) else { throw Self.missing }
            let row = found.integer(0)
            times.append((row, try snapshot.updatedAt(of: row) ?? Timestamp(microseconds: filed)))
            return true
        }
        return times
    }

    private func conversation(
        _ room: Room, _ createdAt: Timestamp, for viewer: UserID, _ snapshot: Snapshot
    ) throws(StoreError) -> Conversation {
        let seat = try snapshot.seat(viewer, in: room)
        return Conversation(
            id: room.id, details: room.details, createdAt: createdAt, updatedAt: room.activity.updatedAt,
            participants: try participants(of: room.row), firstSeq: room.firstSeq, lastSeq: room.activity.lastSeq,
            unreadCount: try seat.map { (seat) throws(StoreError) in
                try unread(seat.membership, in: room, snapshot)
            } ?? 0,
            lastMessage: try seat.flatMap { (seat) throws(StoreError) in
                try messages(seat.membership.spans, 0 ... .max, in: room, skip: 0, limit: 1, true, snapshot).first
            })
    }

    private func participants(of room: Int64) throws(StoreError) -> [Member] {
        var found: [(user: Int64, role: Int64)] = []
        try records.connection.statement(
            "SELECT user, role FROM memberships WHERE conversation = ? AND is_active ORDER BY entered, place"
        ).each(.integer(room)) {
            found.append(($0.integer(0), $0.integer(1)))
            return true
        }
        var members: [Member] = []
        members.reserveCapacity(found.count)
        for (user, code) in found {
            guard let role = Role(code: code) else { throw StoreError(.damaged, "a member has an unknown role") }
            members.append(Member(user: try records.user(user), role: role))
        }
        return members
    }

    func readMarks(in id: ConversationID) throws(StoreError) -> [ReadMark] {
        try snapshot { (snapshot) throws(StoreError) in
            guard let room = try snapshot.room(id)?.room else { return [] }
            var found: [(user: Int64, seq: Seq)] = []
            try records.connection.statement(
                """
                SELECT user, read_seq FROM memberships WHERE conversation = ? AND is_active ORDER BY entered, place
                """
            ).each(.integer(room.row)) {
                found.append(($0.integer(0), $0.integer(1)))
                return true
            }
            var marks: [ReadMark] = []
            marks.reserveCapacity(found.count)
            for (user, seq) in found {
                let seq = snapshot.readSeq(seq, of: user, in: room)
                if seq > 0 { marks.append(ReadMark(user: try records.user(user).id, seq: seq)) }
            }
            return marks
        }
    }

    /// Others' messages past the read mark that are not deleted: a difference of two ordinals, less the deletions between.
    /// The user's own are never past the mark, since sending moves it, nor are stays before the last, since joining does.
    private func unread(
        _ membership: Membership, in room: Room, _ snapshot: Snapshot
    ) throws(StoreError) -> Int {
        guard let last = membership.spans.last else { return 0 }
        let through = min(last.through ?? .max, room.activity.lastSeq)
        let past = max(membership.readSeq, room.firstSeq - 1)
        guard past < through else { return 0 }
        let total =
            through == room.activity.lastSeq
            ? room.activity.messages : try snapshot.ordinal(at: through, in: room.row)
        let read = try snapshot.ordinal(at: past, in: room.row)
        let erased = try records.connection.statement(
            """
            SELECT count(*) FROM log INDEXED BY log_erased WHERE erased IS NOT NULL AND conversation = ? AND seq > ?
            AND seq <= ?
            """
        ).first(.integer(room.row), .integer(past), .integer(through)) { $0.integer(0) }
        return Int(max(0, total - read - (erased ?? 0)))
    }

    // MARK: Messages

    func messages(_ query: MessageQuery, limit: Int) throws(StoreError) -> [Message] {
        guard limit > 0 else { return [] }
        return try snapshot { (snapshot) throws(StoreError) in
            let (id, spans, range, skip, newestFirst): (ConversationID, [Span], ClosedRange<Seq>, Int, Bool)
            switch query {
            case .id(let id):
                guard let row = try records.row(of: id), row.seq >= (try records.firstSeq(of: row.conversation)) else {
                    return []
                }
                return [try records.message(row)]
            case .newest(let conversation, let visible, let offset):
                (id, spans, range, skip, newestFirst) = (conversation, visible, 0 ... .max, max(0, offset), true)
            case .before(let seq, let conversation, let visible):
                guard seq > 1 else { return [] }
                (id, spans, range, skip, newestFirst) = (conversation, visible, 0...seq - 1, 0, true)
            case .after(let seq, let conversation, let visible):
                guard seq < .max else { return [] }
                (id, spans, range, skip, newestFirst) = (conversation, visible, max(seq, 0) + 1 ... .max, 0, false)
            }
            guard let room = try records.room(id)?.room else { return [] }
            return try messages(spans, range, in: room, skip: skip, limit: limit, newestFirst, snapshot)
        }
    }

    /// Messages within a range and within the spans, ascending, whichever end they are counted from. Those that the page has
    /// no room for are left out at the other end.
    private func messages(
        _ spans: [Span], _ range: ClosedRange<Seq>, in room: Room, skip: Int, limit: Int, _ newestFirst: Bool,
        _ snapshot: Snapshot
    ) throws(StoreError) -> [Message] {
        let (wanted, isTooMany) = skip.addingReportingOverflow(limit)
        let count = isTooMany ? Int.max : wanted
        var places: [Pos] = []
        for span in newestFirst ? spans.reversed() : spans where places.count < count {
            let lower = max(span.from, range.lowerBound, room.firstSeq)
            let upper = min(span.through ?? .max, range.upperBound)
            guard lower <= upper else { continue }
            places += try snapshot.places(
                in: room.row, lower...upper, newestFirst: newestFirst, messagesOnly: true,
                limit: count - places.count)
        }
        places.removeFirst(min(skip, places.count))
        var messages: [Message] = []
        messages.reserveCapacity(places.count)
        var weights: [Int] = []
        var budget = PageBudget()
        try snapshot.rows(at: newestFirst ? places.reversed() : places, of: room.row) { (row) throws(StoreError) in
            let message = try records.message(row)
            // Counted from the newest, when that is where the page begins.
            if newestFirst { weights.append(message.weight) } else { budget.spend(message.weight) }
            messages.append(message)
            return !budget.isSpent
        }
        guard newestFirst else { return messages }
        var kept = 0
        for weight in weights.reversed() where !budget.isSpent {
            budget.spend(weight)
            kept += 1
        }
        messages.removeFirst(messages.count - kept)
        return messages
    }

    // MARK: Accounts

    func users(_ query: UserQuery, limit: Int) throws(StoreError) -> [User] {
        try memory.withLock { (memory) throws(StoreError) in try memory.requireOpen() }
        return try UserTable.users(query, limit: limit, records.connection)
    }
}
