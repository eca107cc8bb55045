import ChatKernel

/// Reads rows through one connection and makes the model's values of them. The writer has one and each reader has one.
final class Records {
    let connection: Connection
    /// What never changes and every entry needs; a few thousand of each.
    private var users = Cache<Int64, UserReference>(limit: 4096)
    private var conversations = Cache<Int64, ConversationID>(limit: 4096)

    private let byPos: Statement
    private let byUserRow: Statement
    private let byConversationRow: Statement
    private let byUser: Statement
    private let stays: Statement
    private let firstSeqs: Statement

    init(_ connection: Connection) throws(StoreError) {
        self.connection = connection
        byPos = try connection.statement(LogRow.selectionByPos)
        byUserRow = try connection.statement("SELECT id, username FROM users WHERE row = ?")
        byConversationRow = try connection.statement("SELECT id FROM conversations WHERE row = ?")
        byUser = try connection.statement(
            """
            SELECT m.user, m.role, m.read_seq, u.username FROM users u JOIN memberships m
            ON m.user = u.row AND m.conversation = ?2 WHERE u.id = ?1
            """)
        firstSeqs = try connection.statement("SELECT first_seq FROM conversations WHERE row = ?")
        stays = try connection.statement(
            "SELECT from_seq, through_seq FROM stays WHERE conversation = ? AND user = ? ORDER BY from_seq")
    }

    /// After a rollback: rows that were made in it will be made again, by others.
    func forget() {
        users.removeAll()
        conversations.removeAll()
    }

    // MARK: Names

    func user(_ row: Int64) throws(StoreError) -> UserReference {
        if let user = users.value(for: row) { return user }
        let found = try byUserRow.first(.integer(row)) {
            UserReference(id: UserID($0.text(0)), username: $0.text(1))
        }
        guard let found else { throw StoreError(.damaged, "the log names a user that is not there (\(row))") }
        users.insert(found, for: row)
        return found
    }

    func conversation(_ row: Int64) throws(StoreError) -> ConversationID {
        if let id = conversations.value(for: row) { return id }
        guard let id = try byConversationRow.first(.integer(row), read: { ConversationID($0.text(0)) }) else {
            throw StoreError(.damaged, "the log names a conversation that is not there (\(row))")
        }
        conversations.insert(id, for: row)
        return id
    }

    // MARK: Conversations and members

    private static let room = """
        SELECT row, id, name, description, is_group, is_pair, members, owners, created_at, updated_at, last_seq, messages,
        last_message, through, kept_days, kept_messages, first_seq FROM conversations
        """

    /// The conversation as its row says; `createdAt` beside it, which no rule asks for.
    func room(_ id: ConversationID) throws(StoreError) -> (room: Room, createdAt: Timestamp)? {
        try sound(try connection.statement(Self.room + " WHERE id = ?").first(.text(id.text), read: Self.room))
    }

    func room(row: Int64) throws(StoreError) -> (room: Room, createdAt: Timestamp)? {
        try sound(try connection.statement(Self.room + " WHERE row = ?").first(.integer(row), read: Self.room))
    }

    private func sound(
        _ found: (room: Room, createdAt: Timestamp)?
    ) throws(StoreError) -> (room: Room, createdAt: Timestamp)? {
        guard let room = found?.room else { return nil }
        let numbers = [
            room.activity.lastSeq, room.activity.messages, room.activity.through, Int64(room.members),
            Int64(room.owners), room.firstSeq,
        ]
        guard numbers.allSatisfy({ Counter.isSound($0) }), room.firstSeq > 0,
            room.details.retention?.isValid ?? true
        else {
            throw StoreError(.damaged, "the row of conversation \(room.row) counts \(numbers)")
        }
        return found
    }

    private static func room(_ row: Statement) -> (room: Room, createdAt: Timestamp) {
        let room = Room(
            row: row.integer(0), id: ConversationID(row.text(1)),
            details: ConversationDetails(
                name: row.optionalText(2), description: row.optionalText(3), isGroup: row.integer(4) != 0,
                retention: Retention(days: Int(row.integer(14)), messages: Int(row.integer(15)))),
            isPair: row.integer(5) != 0, members: Int(row.integer(6)), owners: Int(row.integer(7)),
            firstSeq: row.integer(16),
            activity: Activity(
                lastSeq: row.integer(10), updatedAt: Timestamp(microseconds: row.integer(9)),
                messages: row.integer(11), lastMessage: row.optionalInteger(12), through: row.integer(13)))
        return (room, Timestamp(microseconds: row.integer(8)))
    }

    /// The seat as its rows say; nil for a user who never was a member.
    func seat(_ user: UserID, in room: Int64) throws(StoreError) -> Seat? {
        let found = try byUser.first(.text(user.text), .integer(room)) {
            (row: $0.integer(0), role: $0.integer(1), read: $0.integer(2), username: $0.text(3))
        }
        guard let found else { return nil }
        guard let role = Role(code: found.role) else { throw StoreError(.damaged, "a member has an unknown role") }
        var spans: [Span] = []
        try stays.each(.integer(room), .integer(found.row)) {
            spans.append(Span(from: $0.integer(0), through: $0.optionalInteger(1)))
            return true
        }
        return Seat(
            userRow: found.row,
            membership: Membership(
                user: UserReference(id: user, username: found.username), role: role, spans: spans,
                readSeq: found.read))
    }

    // MARK: The log

    func row(at pos: Pos) throws(StoreError) -> LogRow? {
        byPos.bind(1, pos)
        defer { byPos.reset() }
        return try byPos.step() ? try LogRow(byPos) : nil
    }

    /// - Throws: `damaged` when there is none.
    func requireRow(at pos: Pos) throws(StoreError) -> LogRow {
        guard let row = try row(at: pos) else {
            throw StoreError(.damaged, "the log has no entry at pos \(pos), which something else speaks of")
        }
        return row
    }

    /// Where the log says that a message stands; nil when it does not.
    func row(of id: MessageID) throws(StoreError) -> LogRow? {
        let stored = StoredID(id)
        if let pos = UUIDv7.position(claimedBy: id), let row = try row(at: pos), row.kind == .message,
            row.id == stored
        {
            return row
        }
        let pos = try connection.statement("SELECT pos FROM foreign_ids WHERE id = ?").first(.text(id.text)) {
            $0.integer(0)
        }
        return try pos.flatMap { (pos) throws(StoreError) in try row(at: pos) }
    }

    /// The entry as a replay shows it.
    func entry(_ row: LogRow) throws(StoreError) -> Entry {
        Entry(
            conversation: try conversation(row.conversation), seq: row.seq, pos: row.pos, at: row.at,
            author: try user(row.author), change: try change(row))
    }

    /// What is left of an entry that is not kept any more, as the end of a gap that begins with a number.
    func gap(_ row: LogRow, from seq: Seq) throws(StoreError) -> Entry {
        Entry(
            conversation: try conversation(row.conversation), seq: row.seq, pos: row.pos, at: row.at,
            author: try user(row.author), change: .gap(Change.Gap(from: seq, .retention)))
    }

    /// The oldest number that a conversation keeps.
    func firstSeq(of room: Int64) throws(StoreError) -> Seq {
        try firstSeqs.first(.integer(room)) { $0.integer(0) } ?? 1
    }

    private func change(_ row: LogRow) throws(StoreError) -> Change {
        func required<T>(_ value: T?) throws(StoreError) -> T {
            guard let value else { throw LogRow.damage(at: row.pos) }
            return value
        }
        switch row.kind {
        case .created: return .created(details(row), members: try founders(of: row.pos))
        case .message:
            return .message(
                Change.Posted(
                    id: try required(row.id).id, content: row.content ?? "", clientID: row.clientID.map(ClientID.init),
                    replyTo: row.target == nil ? nil : try required(row.targetID).id, isDeleted: row.erased != nil))
        case .edited: return .edited(try required(row.targetID).id, content: row.content ?? "")
        case .deleted: return .deleted(try required(row.targetID).id)
        case .reaction:
            return .reaction(try required(row.targetID).id, key: try required(row.content), on: row.flag == 1)
        case .added, .removed, .left, .role:
            let member = Member(
                user: try user(required(row.subject)), role: try required(row.flag.flatMap { Role(code: $0) }))
            return .member(try required(row.kind.action), member)
        case .updated: return .updated(details(row))
        case .read: return .read(through: try required(row.subject))
        }
    }

    private func details(_ row: LogRow) -> ConversationDetails {
        ConversationDetails(
            name: row.content, description: row.extra, isGroup: row.flag == 1,
            retention: row.subject.map { Retention(packed: $0) })
    }

    private func founders(of pos: Pos) throws(StoreError) -> [Member] {
        var found: [(user: Int64, role: Int64)] = []
        try connection.statement("SELECT user, role FROM founders WHERE pos = ? ORDER BY place").each(.integer(pos)) {
            found.append(($0.integer(0), $0.integer(1)))
            return true
        }
        var members: [Member] = []
        members.reserveCapacity(found.count)
        for founder in found {
            guard let role = Role(code: founder.role) else { throw LogRow.damage(at: pos) }
            members.append(Member(user: try user(founder.user), role: role))
        }
        return members
    }

    // MARK: Messages

    /// The message as it stands: its entry, its newest edit or its deletion, and its reactions.
    func message(_ row: LogRow) throws(StoreError) -> Message {
        guard row.kind == .message, let id = row.id else { throw LogRow.damage(at: row.pos) }
        if row.target != nil, row.targetID == nil { throw LogRow.damage(at: row.pos) }
        var content = row.content ?? ""
        var updatedAt = row.at
        if let erased = row.erased {
            let deletion = try requireRow(at: erased)
            guard deletion.kind == .deleted, deletion.target == row.pos else { throw LogRow.damage(at: row.pos) }
            content = ""
            updatedAt = deletion.at
        } else if let link = row.link {
            let edit = try requireRow(at: link)
            guard edit.kind == .edited, edit.target == row.pos else { throw LogRow.damage(at: row.pos) }
            content = edit.content ?? ""
            updatedAt = edit.at
        }
        return Message(
            id: id.id, conversation: try conversation(row.conversation), seq: row.seq, sender: try user(row.author),
            content: content, isEdited: row.link != nil, isDeleted: row.erased != nil, createdAt: row.at,
            updatedAt: updatedAt, clientID: row.clientID.map(ClientID.init), replyTo: row.targetID?.id,
            reactions: row.flag == 1 && row.erased == nil ? try reactions(to: row.pos) : [])
    }

    /// How often a message has been edited: its newest edit bears the number. One of before they were counted bears none.
    func edits(of message: LogRow) throws(StoreError) -> Int {
        guard let link = message.link else { return 0 }
        return Int(clamping: try requireRow(at: link).flag ?? 1)
    }

    private func reactions(to message: Pos) throws(StoreError) -> [Reactions] {
        var found: [(key: String, user: Int64)] = []
        try connection.statement("SELECT key, user FROM reactions WHERE message = ? ORDER BY since, pos")
            .each(.integer(message)) {
                found.append(($0.text(0), $0.integer(1)))
                return true
            }
        var reactions: [Reactions] = []
        for (key, userRow) in found {
            let user = try user(userRow).id
            if let last = reactions.indices.last, reactions[last].isOf(key) {
                reactions[last].users.append(user)
            } else {
                reactions.append(Reactions(key: key, users: [user]))
            }
        }
        return reactions
    }

    // MARK: The index

    /// Where an entry stands, when the index has it.
    func indexed(_ seq: Seq, in room: Int64) throws(StoreError) -> Pos? {
        try connection.statement("SELECT pos FROM seq_index WHERE conversation = ? AND seq = ?").first(
            .integer(room), .integer(seq)
        ) { $0.integer(0) }
    }
}
