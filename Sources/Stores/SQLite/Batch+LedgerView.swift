import ChatKernel

// What the rules ask, answered for the moment after the drafts before.
extension Batch: LedgerView {
    /// Where in ``rooms`` the conversation is.
    mutating func place(of id: ConversationID) throws(StoreError) -> Int? {
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
    mutating func place(of user: UserID, in room: Int64) throws(StoreError) -> Int? {
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

    mutating func add(_ seat: Seat, at key: SeatKey) -> Int {
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
        guard let row = try records.row(of: id), row.seq >= (try records.firstSeq(of: row.conversation)) else {
            return nil
        }
        return MessageFacts(
            conversation: try records.conversation(row.conversation), seq: row.seq,
            sender: try records.user(row.author).id, isDeleted: row.erased != nil, edits: try records.edits(of: row))
    }

    mutating func message(
        named name: ClientID, from user: UserID, in conversation: ConversationID
    ) throws(StoreError) -> Entry? {
        guard let room = try place(of: conversation),
            let seat = try place(of: user, in: rooms[room].room.row)
        else { return nil }
        let key = keys.key(name.text, of: seats[seat].seat.userRow, in: rooms[room].room.row)
        let records = records
        let row =
            if let pos = names[key] {
                try records.requireRow(at: pos)
            } else {
                try keys.row(of: key) { (pos) throws(StoreError) in try records.requireRow(at: pos) }
            }
        guard var row else { return nil }
        if row.seq < rooms[room].room.firstSeq {
            // Its name stays taken, whatever else has gone.
            row.content = ""
            row.erased = row.erased ?? row.pos
        }
        return try records.entry(row)
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

    mutating func conversationsOwned(by user: UserID) throws(StoreError) -> Int {
        let count = try connection.statement(
            """
            SELECT count(*) FROM memberships
            WHERE user = (SELECT row FROM users WHERE id = ?) AND is_active = 1 AND role = 4
            """
        ).first(.text(user.text)) { $0.integer(0) }
        return Int(count ?? 0)
    }

    mutating func hasReacted(_ user: UserID, to message: MessageID, with key: String) throws(StoreError) -> Bool {
        guard let row = try records.row(of: message) else { return false }
        return try connection.statement(
            """
            SELECT 1 FROM reactions JOIN users ON users.row = user WHERE message = ? AND key = ? AND users.id = ?
            """
        ).first(.integer(row.pos), .text(key), .text(user.text)) { _ in true } ?? false
    }

    mutating func reactionKeys(on message: MessageID, besides key: String) throws(StoreError) -> Int? {
        guard let row = try records.row(of: message) else { return 0 }
        let stands = try connection.statement("SELECT 1 FROM reactions WHERE message = ? AND key = ? LIMIT 1")
            .first(.integer(row.pos), .text(key)) { _ in true }
        guard stands == nil else { return nil }
        return try connection.statement("SELECT count(DISTINCT key) FROM reactions WHERE message = ?")
            .first(.integer(row.pos)) { Int($0.integer(0)) } ?? 0
    }
}
