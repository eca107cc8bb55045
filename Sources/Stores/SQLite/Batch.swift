import ChatKernel

/// One commit while it is judged and written: what it has changed so far lies over the shared memory, which learns of it
/// only when the transaction has been committed. A batch that fails is forgotten, and nothing has happened.
struct Batch {
    let records: Records
    let memory: SharedMemory
    let keys: ClientKeys
    let insertion: Statement

    var head: Pos
    var lastAt: Timestamp
    /// What this batch has touched. Looked up by name once a draft, then by place: hashing names is a good part of what
    /// judging costs.
    private(set) var rooms: [TouchedRoom] = []
    private(set) var seats: [TouchedSeat] = []
    private(set) var steps: [Step] = []
    private(set) var names: [ClientKey: Pos] = [:]
    private var roomPlaces: [ConversationID: Int] = [:]
    private var seatPlaces: [SeatKey: Int] = [:]
    private var latestRoom: Int?
    private var latestSeat: Int?
    /// Rows of the users that were looked up; nobody changes them during the transaction.
    private var userRows: [UserID: Int64] = [:]
    /// Whether content was erased: its last copies are in the WAL.
    var hasErased = false

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

    init(records: Records, memory: SharedMemory, keys: ClientKeys, insertion: Statement, drafts: Int) {
        self.records = records
        self.memory = memory
        self.keys = keys
        self.insertion = insertion
        (head, lastAt) = memory.withLock { ($0.head, $0.lastAt) }
        steps.reserveCapacity(drafts)
        rooms.reserveCapacity(drafts)
        seats.reserveCapacity(drafts)
        roomPlaces.reserveCapacity(drafts)
        seatPlaces.reserveCapacity(drafts)
    }

    private var connection: Connection { records.connection }

    /// Judges one draft, and writes its entry if it stands.
    mutating func commit(_ draft: Draft, at now: Timestamp) throws(StoreError) -> Result<Reply, ChatError> {
        switch try Rules.judge(draft, in: &self) {
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
        var room = rooms[place].room
        var row = LogRow(
            pos: entry.pos, conversation: room.row, seq: entry.seq, ordinal: room.activity.messages,
            author: try self.row(of: entry.author.id, in: room.row), at: entry.at, kind: .message)
        switch entry.change {
        case .created: break
        case .message(let posted):
            row.id = StoredID(posted.id)
            row.content = posted.content
            row.clientID = posted.clientID?.text
            row.target = try posted.replyTo.map { (id) throws(StoreError) in try target(id).pos }
            row.ordinal += 1
            room.activity.messages += 1
            room.activity.lastMessage = entry.pos
            if let name = row.clientID {
                names[ClientKey(conversation: room.row, author: row.author, name: name)] = entry.pos
            }
            try moveMark(of: entry.author.id, in: room.row, to: entry.seq)
        case .edited(let id, let content):
            let target = try target(id)
            row.kind = .edited
            row.target = target.pos
            row.content = content
            row.link = target.link
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
            try react(to: target.pos, key, by: row.author, on: on, at: entry.pos)
        case .member(let action, let member):
            let user = try self.row(of: member.user.id, in: room.row)
            row.kind = LogRow.Kind(action)
            row.subject = user
            row.flag = member.role.code
            try change(member, user, action, in: &room, at: entry)
        case .updated(let details):
            row.kind = .updated
            row.content = details.name
            row.extra = details.description
            row.flag = details.isGroup ? 1 : 0
            room.details = details
        case .read(let seq):
            row.kind = .read
            row.subject = seq
            try moveMark(of: entry.author.id, in: room.row, to: seq)
        }
        try row.insert(with: insertion)
        guard entry.seq > 0 else { return }
        room.activity.lastSeq = entry.seq
        room.activity.updatedAt = entry.at
        room.activity.through = entry.pos
        switch entry.change {
        case .member, .updated: try save(room)
        default: break
        }
        rooms[place].room = room
        rooms[place].isChanged = true
        let stand = Place(pos: entry.pos, isMessage: row.kind == .message, isNamed: row.clientID != nil)
        steps.append(Step(row: room.row, seq: entry.seq, place: stand))
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
        to message: Pos, _ key: String, by user: Int64, on: Bool, at pos: Pos
    ) throws(StoreError) {
        if on {
            try connection.statement(
                """
                INSERT INTO reactions(message, key, user, pos, since) VALUES (?1, ?2, ?3, ?4,
                coalesce((SELECT since FROM reactions WHERE message = ?1 AND key = ?2 LIMIT 1), ?4))
                """
            ).run(.integer(message), .text(key), .integer(user), .integer(pos))
        } else {
            try connection.statement("DELETE FROM reactions WHERE message = ? AND key = ? AND user = ?").run(
                .integer(message), .text(key), .integer(user))
        }
    }
}

// MARK: Conversations and members, whose rows are written at once

extension Batch {
    private mutating func create(
        _ entry: Entry, _ details: ConversationDetails, _ members: [Member]
    ) throws(StoreError) {
        let isPair = !details.isGroup && members.count == 2
        let activity = Activity(
            lastSeq: entry.seq, updatedAt: entry.at, messages: 0, lastMessage: nil, through: entry.pos)
        try connection.statement(
            """
            INSERT INTO conversations(id, name, description, is_group, is_pair, members, owners, created_at, updated_at,
            last_seq, messages, last_message, through) VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, 0, 0, NULL, 0)
            """
        ).run(
            .text(entry.conversation.text), .text(details.name), .text(details.description), .flag(details.isGroup),
            .flag(isPair), .time(entry.at), .time(entry.at))
        var room = Room(
            row: connection.lastInsertedRow, id: entry.conversation, details: details, isPair: isPair, members: 0,
            owners: 0, activity: activity)
        var rows: [Int64] = []
        for (place, member) in members.enumerated() {
            let user = try row(of: member.user.id, in: room.row)
            rows.append(user)
            try connection.statement("INSERT INTO founders(pos, place, user, role) VALUES (?, ?, ?, ?)").run(
                .integer(entry.pos), .integer(Int64(place)), .integer(user), .integer(member.role.code))
            try enter(member, user, in: &room, at: entry, place: Int64(place))
        }
        if isPair {
            try connection.statement("INSERT INTO pairs(low, high, conversation) VALUES (?, ?, ?)").run(
                .integer(rows.min()), .integer(rows.max()), .integer(room.row))
        }
        try LogRow(
            pos: entry.pos, conversation: room.row, seq: entry.seq, ordinal: 0, author: rows.first ?? 0, at: entry.at,
            kind: .created, flag: details.isGroup ? 1 : 0, content: details.name, extra: details.description
        ).insert(with: insertion)
        try save(room)
        roomPlaces[room.id] = rooms.count
        rooms.append(TouchedRoom(room: room, isChanged: true))
        let stand = Place(pos: entry.pos, isMessage: false, isNamed: false)
        steps.append(Step(row: room.row, seq: entry.seq, place: stand))
    }

    private mutating func change(
        _ member: Member, _ user: Int64, _ action: MemberAction, in room: inout Room, at entry: Entry
    ) throws(StoreError) {
        let place = try place(of: member.user.id, in: room.row)
        switch action {
        case .added: try enter(member, user, in: &room, at: entry, place: 0)
        case .role:
            guard let place else { return }
            if seats[place].seat.membership.role == .owner { room.owners -= 1 }
            if member.role == .owner { room.owners += 1 }
            seats[place].seat.membership.role = member.role
            try connection.statement("UPDATE memberships SET role = ?3 WHERE conversation = ?1 AND user = ?2").run(
                .integer(room.row), .integer(user), .integer(member.role.code))
        case .removed, .left:
            guard let place else { return }
            room.members -= 1
            if seats[place].seat.membership.role == .owner { room.owners -= 1 }
            if let last = seats[place].seat.membership.spans.indices.last {
                seats[place].seat.membership.spans[last].through = entry.seq
            }
            try connection.statement("UPDATE memberships SET is_active = 0 WHERE conversation = ?1 AND user = ?2").run(
                .integer(room.row), .integer(user))
            try connection.statement(
                """
                UPDATE stays SET through_seq = ?3 WHERE conversation = ?1 AND user = ?2 AND through_seq IS NULL
                """
            ).run(.integer(room.row), .integer(user), .integer(entry.seq))
        }
    }

    private mutating func enter(
        _ member: Member, _ user: Int64, in room: inout Room, at entry: Entry, place: Int64
    ) throws(StoreError) {
        let key = SeatKey(room: room.row, user: member.user.id)
        let seatPlace: Int
        if let known = seatPlaces[key] {
            seatPlace = known
        } else {
            let membership = Membership(user: member.user, role: member.role, spans: [], readSeq: 0)
            seatPlace = add(Seat(userRow: user, membership: membership), at: key)
        }
        var seat = seats[seatPlace].seat
        seat.membership.role = member.role
        seat.membership.spans.append(Span(from: entry.seq))
        seat.membership.readSeq = max(seat.membership.readSeq, entry.seq)
        seats[seatPlace].seat = seat
        room.members += 1
        if member.role == .owner { room.owners += 1 }
        try connection.statement(
            """
            INSERT INTO memberships(conversation, user, role, is_active, read_seq, entered, place)
            VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6) ON CONFLICT(conversation, user) DO UPDATE SET role = ?3, is_active = 1,
            read_seq = ?4, entered = ?5, place = ?6
            """
        ).run(
            .integer(room.row), .integer(user), .integer(member.role.code), .integer(seat.membership.readSeq),
            .integer(entry.pos), .integer(place))
        try connection.statement("INSERT INTO stays(conversation, user, from_seq) VALUES (?, ?, ?)").run(
            .integer(room.row), .integer(user), .integer(entry.seq))
    }

    /// Writes the conversation's row, its activity included.
    private func save(_ room: Room) throws(StoreError) {
        try connection.statement(
            """
            UPDATE conversations SET name = ?2, description = ?3, members = ?4, owners = ?5, updated_at = ?6,
            last_seq = ?7, messages = ?8, last_message = ?9, through = ?10 WHERE row = ?1
            """
        ).run(
            .integer(room.row), .text(room.details.name), .text(room.details.description),
            .integer(Int64(room.members)), .integer(Int64(room.owners)), .time(room.activity.updatedAt),
            .integer(room.activity.lastSeq), .integer(room.activity.messages), .integer(room.activity.lastMessage),
            .integer(room.activity.through))
    }

    /// The user's row; from the seat when it has one.
    private mutating func row(of user: UserID, in room: Int64) throws(StoreError) -> Int64 {
        if let latestSeat, seats[latestSeat].key.room == room, seats[latestSeat].key.user == user {
            return seats[latestSeat].seat.userRow
        }
        if let place = seatPlaces[SeatKey(room: room, user: user)] { return seats[place].seat.userRow }
        if let row = userRows[user] { return row }
        let row = try connection.statement("SELECT row FROM users WHERE id = ?").first(.text(user.text)) {
            $0.integer(0)
        }
        guard let row else { throw StoreError(.unavailable, "a user vanished") }
        userRows[user] = row
        return row
    }
}

// MARK: What the rules ask

extension Batch: LedgerView {
    /// Where in ``rooms`` the conversation is.
    private mutating func place(of id: ConversationID) throws(StoreError) -> Int? {
        if let latestRoom, rooms[latestRoom].room.id == id { return latestRoom }
        if let place = roomPlaces[id] {
            latestRoom = place
            return place
        }
        var room = memory.withLock { $0.room(id) }
        if room == nil { room = try records.room(id)?.room }
        guard let room else { return nil }
        let place = rooms.count
        rooms.append(TouchedRoom(room: room))
        roomPlaces[id] = place
        latestRoom = place
        return place
    }

    /// Where in ``seats`` the user's seat is; nil for a user who never was a member.
    private mutating func place(of user: UserID, in room: Int64) throws(StoreError) -> Int? {
        if let latestSeat, seats[latestSeat].key.room == room, seats[latestSeat].key.user == user { return latestSeat }
        let key = SeatKey(room: room, user: user)
        if let place = seatPlaces[key] {
            latestSeat = place
            return place
        }
        var seat = memory.withLock { $0.seat(key) }
        if seat == nil, var read = try records.seat(user, in: room) {
            let row = SeatRow(conversation: room, user: read.userRow)
            if let mark = memory.withLock({ $0.mark(row) }) {
                read.membership.readSeq = max(read.membership.readSeq, mark)
            }
            seat = read
        }
        guard let seat else { return nil }
        return add(seat, at: key)
    }

    private mutating func add(_ seat: Seat, at key: SeatKey) -> Int {
        let place = seats.count
        seats.append(TouchedSeat(key: key, seat: seat))
        seatPlaces[key] = place
        latestSeat = place
        return place
    }

    mutating func facts(of conversation: ConversationID) throws(StoreError) -> ConversationFacts? {
        guard let place = try place(of: conversation) else { return nil }
        return rooms[place].room.facts
    }

    mutating func membership(of user: UserID, in conversation: ConversationID) throws(StoreError) -> Membership? {
        guard let room = try place(of: conversation),
            let seat = try place(of: user, in: rooms[room].room.row)
        else { return nil }
        return seats[seat].seat.membership
    }

    /// Always asked of the file: rare, and another process may have disabled an account a moment ago.
    mutating func activeUser(_ id: UserID) throws(StoreError) -> UserReference? {
        let found = try connection.statement("SELECT row, username FROM users WHERE id = ? AND is_active").first(
            .text(id.text)
        ) { (row: $0.integer(0), username: $0.text(1)) }
        guard let found else { return nil }
        userRows[id] = found.row
        return UserReference(id: id, username: found.username)
    }

    mutating func message(_ id: MessageID) throws(StoreError) -> MessageFacts? {
        guard let row = try records.row(of: id) else { return nil }
        return MessageFacts(
            conversation: try records.conversation(row.conversation), seq: row.seq,
            sender: try records.user(row.author).id, isDeleted: row.erased != nil)
    }

    mutating func message(
        named name: ClientID, from user: UserID, in conversation: ConversationID
    ) throws(StoreError) -> Entry? {
        guard let room = try place(of: conversation),
            let seat = try place(of: user, in: rooms[room].room.row)
        else { return nil }
        let key = ClientKey(
            conversation: rooms[room].room.row, author: seats[seat].seat.userRow, name: name.text)
        var pos = names[key]
        if pos == nil { pos = try keys.pos(of: key) }
        guard let pos else { return nil }
        return try records.entry(records.requireRow(at: pos))
    }

    mutating func pair(_ a: UserID, _ b: UserID) throws(StoreError) -> ConversationID? {
        let row = try connection.statement(
            """
            SELECT conversation FROM pairs JOIN users a ON a.id = ?1 JOIN users b ON b.id = ?2
            WHERE low = min(a.row, b.row) AND high = max(a.row, b.row)
            """
        ).first(.text(a.text), .text(b.text)) { $0.integer(0) }
        guard let row else { return nil }
        return try records.conversation(row)
    }

    mutating func hasReacted(_ user: UserID, to message: MessageID, with key: String) throws(StoreError) -> Bool {
        guard let row = try records.row(of: message) else { return false }
        return try connection.statement(
            """
            SELECT 1 FROM reactions JOIN users ON users.row = user WHERE message = ? AND key = ? AND users.id = ?
            """
        ).first(.integer(row.pos), .text(key), .text(user.text)) { _ in true } ?? false
    }
}
