import ChatKernel

/// What one user may see of each conversation, asked for when the conversation is met and then remembered: for one read.
struct Stays {
    private let user: Int64
    private let among: Set<ConversationID>?
    private let records: Records
    private let statement: Statement
    private var known: [Int64: Stay] = [:]

    /// Nil for a user who is not there.
    init?(of user: UserID, among: Set<ConversationID>?, _ records: Records) throws(StoreError) {
        let row = try records.connection.statement("SELECT row FROM users WHERE id = ?").first(.text(user.text)) {
            $0.integer(0)
        }
        guard let row else { return nil }
        self.user = row
        self.among = among
        self.records = records
        statement = try records.connection.statement(
            """
            SELECT m.is_active, s.from_seq, s.through_seq, (SELECT first_seq FROM conversations WHERE row = ?1)
            FROM memberships m CROSS JOIN stays s
            ON s.conversation = m.conversation AND s.user = m.user WHERE m.conversation = ?1 AND m.user = ?2
            """)
    }

    /// Whether the user may see the entry with this number, which is 0 for a read mark.
    mutating func see(_ seq: Seq, in conversation: Int64) throws(StoreError) -> Bool {
        try stay(in: conversation).sees(seq)
    }

    /// Whether the entry with this number is not kept any more.
    mutating func lost(_ seq: Seq, in conversation: Int64) throws(StoreError) -> Bool {
        guard seq > 0 else { return false }
        return try seq < stay(in: conversation).firstSeq
    }

    /// The same, of what is kept, for one who has to be a member now.
    mutating func see(_ seq: Seq, asMemberOf conversation: Int64) throws(StoreError) -> Bool {
        let stay = try stay(in: conversation)
        return stay.isActive && stay.sees(seq) && seq >= stay.firstSeq
    }

    /// The rows of the conversations that the user is a member of now, at most so many.
    func present(limit: Int) throws(StoreError) -> [Int64] {
        var found: [Int64] = []
        try records.connection.statement(
            "SELECT conversation FROM memberships WHERE user = ? AND is_active LIMIT ?"
        ).each(.integer(user), .integer(Int64(limit))) {
            found.append($0.integer(0))
            return true
        }
        return found
    }

    /// The rows of the conversations that there may be something in, ascending.
    func conversations() throws(StoreError) -> [Int64] {
        var rows: [Int64] = []
        func add(_ row: Statement) -> Bool {
            rows.append(row.integer(0))
            return true
        }
        guard let among else {
            let statement = try records.connection.statement(
                "SELECT conversation FROM memberships WHERE user = ? ORDER BY conversation")
            try statement.each(.integer(user), body: add)
            return rows
        }
        let statement = try records.connection.statement("SELECT row FROM conversations WHERE id = ?")
        for id in among { try statement.each(.text(id.text), body: add) }
        return rows.sorted()
    }

    mutating func stay(in conversation: Int64) throws(StoreError) -> Stay {
        if let stay = known[conversation] { return stay }
        var stay = Stay()
        if try among?.contains(records.conversation(conversation)) ?? true {
            try statement.each(.integer(conversation), .integer(user)) {
                stay.isActive = $0.integer(0) != 0
                stay.firstSeq = $0.integer(3)
                stay.spans.append(Span(from: $0.integer(1), through: $0.optionalInteger(2)))
                return true
            }
        }
        guard Counter.isSound(stay.firstSeq) else {
            throw StoreError(.damaged, "the row of conversation \(conversation) begins at \(stay.firstSeq)")
        }
        known[conversation] = stay
        return stay
    }
}

/// One user in one conversation; without spans for one who never was in it.
struct Stay {
    var isActive = false
    var spans: [Span] = []
    /// The oldest number that the conversation keeps.
    var firstSeq: Seq = 1

    func sees(_ seq: Seq) -> Bool { seq == 0 ? isActive : spans.contains { $0.contains(seq) } }
}
