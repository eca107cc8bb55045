import ChatKernel

/// A row of `log` as it is written and read. The columns are explained in Schema.swift.
struct LogRow {
    /// The numbers are part of the file's format: never reuse one.
    enum Kind: Int64 {
        case created = 1
        case message = 2
        case edited = 3
        case deleted = 4
        case reaction = 5
        case added = 6
        case removed = 7
        case left = 8
        case role = 9
        case updated = 10
        case read = 11

        init(_ action: MemberAction) {
            switch action {
            case .added: self = .added
            case .removed: self = .removed
            case .left: self = .left
            case .role: self = .role
            }
        }

        var action: MemberAction? {
            switch self {
            case .added: .added
            case .removed: .removed
            case .left: .left
            case .role: .role
            default: nil
            }
        }
    }

    var pos: Pos
    var conversation: Int64
    var seq: Seq
    var ordinal: Int64
    var author: Int64
    var at: Timestamp
    var kind: Kind
    var target: Pos?
    var subject: Int64?
    var flag: Int64?
    var id: StoredID?
    var content: String?
    var clientID: String?
    var extra: String?
    var link: Pos?
    var erased: Pos?
    /// The identifier of the message at `target`, joined to the row when it is read.
    var targetID: StoredID?

    init(
        pos: Pos, conversation: Int64, seq: Seq, ordinal: Int64, author: Int64, at: Timestamp, kind: Kind,
        target: Pos? = nil, subject: Int64? = nil, flag: Int64? = nil, id: StoredID? = nil, content: String? = nil,
        clientID: String? = nil, extra: String? = nil, link: Pos? = nil
    ) {
        self.pos = pos
        self.conversation = conversation
        self.seq = seq
        self.ordinal = ordinal
        self.author = author
        self.at = at
        self.kind = kind
        self.target = target
        self.subject = subject
        self.flag = flag
        self.id = id
        self.content = content
        self.clientID = clientID
        self.extra = extra
        self.link = link
    }

    /// Over all but `link` and `erased`, which come later: they point to rows that point back, and that is checked.
    var sum: Int64 {
        var sum = Checksum()
        sum.add(pos)
        sum.add(conversation)
        sum.add(seq)
        sum.add(ordinal)
        sum.add(author)
        sum.add(at.microseconds)
        sum.add(kind.rawValue)
        sum.add(target)
        sum.add(subject)
        sum.add(flag)
        sum.add(id)
        sum.add(content)
        sum.add(clientID)
        sum.add(extra)
        return sum.value
    }

    // MARK: SQL

    /// A join by pos: one more look-up for entries that speak of a message, none for the others.
    private static let selection = """
        SELECT l.pos, l.conversation, l.seq, l.ordinal, l.author, l.at, l.kind, l.target, l.subject, l.flag, l.id,
        l.content, l.client_id, l.extra, l.sum, l.link, l.erased, t.id FROM log l LEFT JOIN log t ON t.pos = l.target
        """
    static let selectionByPos = selection + " WHERE l.pos = ?"
    static let selectionByStretch = selection + " WHERE l.pos BETWEEN ? AND ? ORDER BY l.pos"

    /// The pos of a row of any of these selections.
    static func pos(of row: Statement) -> Pos { row.integer(0) }

    /// Reads a row of ``selectionByPos``.
    /// - Throws: `damaged` for one that is not as it was written.
    init(_ row: Statement) throws(StoreError) {
        let pos = row.integer(0)
        guard let kind = Kind(rawValue: row.integer(6)) else { throw Self.damage(at: pos) }
        // Not by the other initializer: what that has made is copied at each step from then on.
        self.pos = pos
        conversation = row.integer(1)
        seq = row.integer(2)
        ordinal = row.integer(3)
        author = row.integer(4)
        at = Timestamp(microseconds: row.integer(5))
        self.kind = kind
        target = row.optionalInteger(7)
        subject = row.optionalInteger(8)
        flag = row.optionalInteger(9)
        id = row.identifier(10)
        content = row.optionalText(11)
        clientID = row.optionalText(12)
        extra = row.optionalText(13)
        link = row.optionalInteger(15)
        guard row.integer(14) == sum, Counter.isSound(seq), Counter.isSound(ordinal) else { throw Self.damage(at: pos) }
        erased = row.optionalInteger(16)
        targetID = row.identifier(17)
    }

    static func damage(at pos: Pos) -> StoreError {
        StoreError(.damaged, "the log's entry at pos \(pos) is not as it was written")
    }
}

extension Retention {
    /// As a row of the log holds it, in one number. Part of the file's format.
    var packed: Int64 { Int64(days) << 32 | Int64(messages) }

    init(packed: Int64) { self.init(days: Int(packed >> 32), messages: Int(packed & 0xFFFF_FFFF)) }
}

extension Role {
    /// As the tables hold it. Part of the file's format.
    var code: Int64 {
        switch self {
        case .reader: 1
        case .member: 2
        case .admin: 3
        case .owner: 4
        }
    }

    init?(code: Int64) {
        switch code {
        case 1: self = .reader
        case 2: self = .member
        case 3: self = .admin
        case 4: self = .owner
        default: return nil
        }
    }
}
