import ChatKernel

/// One commit while it is judged and written: what it has changed so far lies over the shared memory, which learns of it
/// only when the transaction has been committed. A batch that fails is forgotten, and nothing has happened.
struct Batch {
    private let damage: DamageBook
    let records: Records
    let memory: SharedMemory
    let keys: ClientKeys
    let insertion: LogInsertion
    let search: SearchIndex

    var head: Pos
    var lastAt: Timestamp
    /// What this batch has touched. Looked up by name once a draft, then by place: hashing names is a good part of what
    /// judging costs.
    var rooms: [TouchedRoom] = []
    var seats: [TouchedSeat] = []
    var steps: [Step] = []
    /// Read marks that were set, by conversation row.
    var markPlaces: [(row: Int64, place: MarkPlace)] = []
    var names: [ClientKey: Pos] = [:]
    var roomPlaces: [ConversationID: Int] = [:]
    var seatPlaces: [SeatKey: Int] = [:]
    var latestRoom: Int?
    var latestSeat: Int?
    /// Rows of the users that were looked up; nobody changes them during the transaction.
    var userRows: [UserID: Int64] = [:]
    /// Whether content was erased: its last copies are in the WAL.
    var hasErased = false
    /// Whether the index of words had some of it.
    var hasErasedWords = false

    struct TouchedRoom {
        var room: Room
        /// It has a new entry.
        var isChanged = false
    }

    struct TouchedSeat {
        let key: SeatKey
        var seat: Seat
        /// The read mark moved, and its row was not written.
        var isMarked = false
    }

    /// A numbered entry, and where it stands.
    struct Step {
        let row: Int64
        let seq: Seq
        let place: Place
    }

    init(
        damage: DamageBook, records: Records, memory: SharedMemory, keys: ClientKeys, insertion: LogInsertion,
        search: SearchIndex, drafts: Int
    ) {
        self.damage = damage
        self.records = records
        self.memory = memory
        self.keys = keys
        self.insertion = insertion
        self.search = search
        (head, lastAt) = memory.withLock { ($0.head, $0.lastAt) }
        steps.reserveCapacity(drafts)
        rooms.reserveCapacity(drafts)
        seats.reserveCapacity(drafts)
        roomPlaces.reserveCapacity(drafts)
        seatPlaces.reserveCapacity(drafts)
    }

    var connection: Connection { records.connection }

    /// Judges one draft, and writes its entry if it stands.
    mutating func commit(_ draft: Draft, at now: Timestamp) throws(StoreError) -> Result<Reply, ChatError> {
        let verdict: Result<Verdict, ChatError>
        do throws(StoreError) {
            verdict = try Rules.judge(draft, in: &self)
        } catch {
            // To judge writes nothing: what is damaged refuses the draft that speaks of it, and none of its neighbours.
            guard error.code == .damaged else { throw error }
            damage.note(error)
            return .failure(error.asChatError)
        }
        switch verdict {
        case .failure(let refusal): return .failure(refusal)
        case .success(.answer(let reply)): return .success(reply)
        case .success(.append(let author, let appendix)):
            if case .message(let content, _, _, _) = appendix, content.utf8.count > SQLiteStore.largestContent {
                return .failure(ChatError(.messageTooLarge, "The message is too large for the store."))
            }
            return .success(.committed(try append(appendix, by: author, in: draft.conversation, at: now)))
        }
    }

    private mutating func append(
        _ appendix: Verdict.Appendix, by author: UserReference, in id: ConversationID, at now: Timestamp
    ) throws(StoreError) -> Entry {
        let pos = head + 1
        let time = max(now, lastAt)
        let change = appendix.change(at: time, pos: pos)
        let entry: Entry
        if case .created(let details, let members) = change {
            entry = Entry(conversation: id, seq: 1, pos: pos, at: time, author: author, change: change)
            try create(entry, details, members)
        } else {
            guard let place = try place(of: id) else { throw StoreError(.unavailable, "a conversation vanished") }
            let seq = appendix.isNumbered ? rooms[place].room.activity.lastSeq + 1 : 0
            entry = Entry(conversation: id, seq: seq, pos: pos, at: time, author: author, change: change)
            try write(entry, in: place)
        }
        head = pos
        lastAt = time
        return entry
    }

    // MARK: Writing

    private mutating func write(_ entry: Entry, in place: Int) throws(StoreError) {
        // Changed where it is: a copy would be one of all its texts.
        let room = rooms[place].room.row
        var changesRoom = false
        var row = LogRow(
            pos: entry.pos, conversation: room, seq: entry.seq, ordinal: rooms[place].room.activity.messages,
            author: try self.row(of: entry.author.id, in: room), at: entry.at, kind: .message)
        switch entry.change {
        case .created, .gap: break
        case .message(let posted):
            row.id = StoredID(posted.id)
            row.content = posted.content
            row.clientID = posted.clientID?.text
            row.target = try posted.replyTo.map { (id) throws(StoreError) in try target(id).pos }
            row.ordinal += 1
            rooms[place].room.activity.messages += 1
            rooms[place].room.activity.lastMessage = entry.pos
            if let name = row.clientID {
                names[keys.key(name, of: row.author, in: room)] = entry.pos
            }
            try moveMark(of: entry.author.id, in: room, to: entry.seq)
        case .edited(let id, let content):
            let target = try target(id)
            row.kind = .edited
            row.target = target.pos
            row.content = content
            row.link = target.link
            row.flag = Int64(try records.edits(of: target)) &+ 1
            try search.replace(try records.text(of: target), by: content, at: target.pos, in: room)
            try connection.statement("UPDATE log SET link = ?2 WHERE pos = ?1").run(
                .integer(target.pos), .integer(entry.pos))
        case .deleted(let id):
            let target = try target(id)
            row.kind = .deleted
            row.target = target.pos
            try erase(target, by: entry.pos)
        case .reaction(let id, let key, let on):
            let target = try target(id)
            row.kind = .reaction
            row.target = target.pos
            row.content = key
            row.flag = on ? 1 : 0
            try react(to: target, key, by: row.author, on: on, at: entry.pos)
        case .member(let action, let member):
            let user = try self.row(of: member.user.id, in: room)
            row.kind = LogRow.Kind(action)
            row.subject = user
            row.flag = member.role.code
            var changed = rooms[place].room
            try change(member, user, action, in: &changed, at: entry)
            rooms[place].room = changed
            changesRoom = true
        case .updated(let details):
            row.kind = .updated
            row.content = details.name
            row.extra = details.description
            row.flag = details.isGroup ? 1 : 0
            row.subject = details.retention?.packed
            rooms[place].room.details = details
            changesRoom = true
        case .read(let seq):
            row.kind = .read
            row.subject = seq
            try moveMark(of: entry.author.id, in: room, to: seq)
            markPlaces.append((room, MarkPlace(pos: entry.pos, user: row.author)))
        }
        try insertion.insert(row)
        guard entry.seq > 0 else { return }
        rooms[place].room.activity.lastSeq = entry.seq
        rooms[place].room.activity.updatedAt = entry.at
        rooms[place].room.activity.through = entry.pos
        rooms[place].isChanged = true
        if changesRoom { try save(rooms[place].room) }
        let stand = Place(pos: entry.pos, isMessage: row.kind == .message)
        steps.append(Step(row: room, seq: entry.seq, place: stand))
    }

    /// The message's row. The rules have asked for it, so it is there.
    private func target(_ id: MessageID) throws(StoreError) -> LogRow {
        guard let row = try records.row(of: id) else { throw StoreError(.damaged, "a message vanished") }
        return row
    }

    private mutating func moveMark(of user: UserID, in room: Int64, to seq: Seq) throws(StoreError) {
        guard let place = try place(of: user, in: room) else { return }
        seats[place].seat.membership.readSeq = seq
        seats[place].isMarked = true
    }

    /// Takes the content out of the message, of all its edits, and of what reacted to it.
    private mutating func erase(_ target: LogRow, by pos: Pos) throws(StoreError) {
        func blank(_ row: LogRow, erased: Pos?) throws(StoreError) {
            var row = row
            row.content = ""
            try connection.statement("UPDATE log SET content = '', sum = ?2, erased = ?3 WHERE pos = ?1").run(
                .integer(row.pos), .integer(row.sum), .integer(erased))
        }
        if try search.erase(try records.text(of: target), at: target.pos, in: target.conversation) {
            hasErasedWords = true
        }
        try blank(target, erased: pos)
        var next = target.link
        while let edit = try next.map({ (pos) throws(StoreError) in try records.requireRow(at: pos) }) {
            guard edit.kind == .edited, edit.target == target.pos, edit.link ?? 0 < edit.pos else {
                throw LogRow.damage(at: edit.pos)
            }
            try blank(edit, erased: nil)
            next = edit.link
        }
        try connection.statement("DELETE FROM reactions WHERE message = ?").run(.integer(target.pos))
        hasErased = true
    }

    private func react(
        to message: LogRow, _ key: String, by user: Int64, on: Bool, at pos: Pos
    ) throws(StoreError) {
        if on {
            if message.flag != 1 {
                var message = message
                message.flag = 1
                try connection.statement("UPDATE log SET flag = 1, sum = ?2 WHERE pos = ?1").run(
                    .integer(message.pos), .integer(message.sum))
            }
            try connection.statement(
                """
                INSERT INTO reactions(message, key, user, pos, since) VALUES (?1, ?2, ?3, ?4,
                coalesce((SELECT since FROM reactions WHERE message = ?1 AND key = ?2 LIMIT 1), ?4))
                """
            ).run(.integer(message.pos), .text(key), .integer(user), .integer(pos))
        } else {
            try connection.statement("DELETE FROM reactions WHERE message = ? AND key = ? AND user = ?").run(
                .integer(message.pos), .text(key), .integer(user))
        }
    }
}
