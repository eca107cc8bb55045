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
            SELECT m.is_active, s.from_seq, s.through_seq FROM memberships m CROSS JOIN stays s
            ON s.conversation = m.conversation AND s.user = m.user WHERE m.conversation = ? AND m.user = ?
            """)
    }

    /// Whether the user may see the entry with this number, which is 0 for a read mark.
    mutating func see(_ seq: Seq, in conversation: Int64) throws(StoreError) -> Bool {
        if let stay = known[conversation] { return stay.sees(seq) }
        let stay = try stay(in: conversation)
        known[conversation] = stay
        return stay.sees(seq)
    }

    private func stay(in conversation: Int64) throws(StoreError) -> Stay {
        var stay = Stay()
        if let among, !among.contains(try records.conversation(conversation)) { return stay }
        try statement.each(.integer(conversation), .integer(user)) {
            stay.isActive = $0.integer(0) != 0
            stay.spans.append(Span(from: $0.integer(1), through: $0.optionalInteger(2)))
            return true
        }
        return stay
    }
}

/// One user in one conversation; without spans for one who never was in it.
private struct Stay {
    var isActive = false
    var spans: [Span] = []

    func sees(_ seq: Seq) -> Bool { seq == 0 ? isActive : spans.contains { $0.contains(seq) } }
}
