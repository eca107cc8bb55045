import ChatKernel

// Conversations and members, whose rows are written at once: they change rarely.
extension Batch {
    mutating func create(
        _ entry: Entry, _ details: ConversationDetails, _ members: [Member]
    ) throws(StoreError) {
        let isPair = !details.isGroup && members.count == 2
        let activity = Activity(
            lastSeq: entry.seq, updatedAt: entry.at, messages: 0, lastMessage: nil, through: entry.pos)
        try connection.statement(
            """
            INSERT INTO conversations(id, name, description, is_group, is_pair, members, owners, created_at, updated_at,
            last_seq, messages, last_message, through, kept_days, kept_messages)
            VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?, 0, 0, NULL, 0, ?, ?)
            """
        ).run(
            .text(entry.conversation.text), .text(details.name), .text(details.description), .flag(details.isGroup),
            .flag(isPair), .time(entry.at), .time(entry.at), .integer(details.keptDays), .integer(details.keptMessages))
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
        try insertion.insert(
            LogRow(
                pos: entry.pos, conversation: room.row, seq: entry.seq, ordinal: 0, author: rows.first ?? 0,
                at: entry.at, kind: .created, subject: details.retention?.packed, flag: details.isGroup ? 1 : 0,
                content: details.name,
                extra: details.description))
        try save(room)
        roomPlaces[room.id] = rooms.count
        rooms.append(TouchedRoom(room: room, isChanged: true))
        let stand = Place(pos: entry.pos, isMessage: false)
        steps.append(Step(row: room.row, seq: entry.seq, place: stand))
    }

    mutating func change(
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
    func save(_ room: Room) throws(StoreError) {
        try connection.statement(
            """
            UPDATE conversations SET name = ?2, description = ?3, members = ?4, owners = ?5, updated_at = ?6,
            last_seq = ?7, messages = ?8, last_message = ?9, through = ?10, kept_days = ?11, kept_messages = ?12
            WHERE row = ?1
            """
        ).run(
            .integer(room.row), .text(room.details.name), .text(room.details.description),
            .integer(Int64(room.members)), .integer(Int64(room.owners)), .time(room.activity.updatedAt),
            .integer(room.activity.lastSeq), .integer(room.activity.messages), .integer(room.activity.lastMessage),
            .integer(room.activity.through), .integer(room.details.keptDays), .integer(room.details.keptMessages))
    }

    /// The user's row; from the seat when it has one.
    mutating func row(of user: UserID, in room: Int64) throws(StoreError) -> Int64 {
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

extension ConversationDetails {
    fileprivate var keptDays: Int64 { Int64(retention?.days ?? 0) }
    fileprivate var keptMessages: Int64 { Int64(retention?.messages ?? 0) }
}
