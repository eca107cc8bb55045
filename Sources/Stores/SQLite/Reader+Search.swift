import ChatKernel

extension Reader {
    /// A part of a search: what one turn of it found.
    struct Findings: Sendable {
        var messages: [Message] = []
        var budget: PageBudget
        /// Where to go on; nil when there is nothing more.
        var next: Pos?
    }

    /// Looks for a search's messages below a pos, at some `scan` rows of the log at most: whoever searches for what is rare
    /// must not hold the thread, and the WAL, for long.
    ///
    /// What the index has not reached yet is read row by row, newest first; then the index is asked. What it names is looked at
    /// as it stands before it is shown, so that every store finds the same.
    func search(
        _ search: Search, before: Pos, limit: Int, budget: PageBudget, scan: Int
    ) throws(StoreError) -> Findings {
        try snapshot { (snapshot) throws(StoreError) in
            let among = search.conversation.map { Set([$0]) }
            guard let stays = try Stays(of: search.user, among: among, records) else { return Findings(budget: budget) }
            let rooms = try among == nil ? stays.present(limit: Self.fewRooms + 1) : stays.conversations()
            guard !rooms.isEmpty else { return Findings(budget: budget) }
            var walk = Walk(
                records: records, query: search.query, stays: stays, limit: limit, left: scan, budget)
            let through = try Meta.searched.read(records.connection)
            guard Counter.isSound(through) else {
                throw StoreError(.damaged, "the index of words reaches to \(through)")
            }
            try walk.read(from: through, to: before)
            if !walk.hasEnded {
                let match = search.query.match(in: rooms.count > Self.fewRooms ? [] : rooms)
                try walk.ask(match, below: min(before, through &+ 1))
            }
            return walk.findings
        }
    }

    /// A user of few conversations is looked for in those alone; who has many sees a good part of all that is found.
    private static let fewRooms = 32

    /// One turn.
    private struct Walk {
        let records: Records
        let query: SearchQuery
        var stays: Stays
        let limit: Int
        /// How many rows may still be looked at.
        var left: Int
        var findings: Findings
        private(set) var hasEnded = false
        private var last: Pos = 0

        init(
            records: Records, query: SearchQuery, stays: Stays, limit: Int, left: Int, _ budget: PageBudget
        ) {
            self.records = records
            self.query = query
            self.stays = stays
            self.limit = limit
            self.left = left
            findings = Findings(budget: budget)
        }

        /// Reads the rows between two positions, exclusive, from the newest on.
        mutating func read(from lower: Pos, to upper: Pos) throws(StoreError) {
            guard lower < upper else { return }
            let statement = try records.connection.statement(
                """
                SELECT l.pos, l.kind, l.erased, l.conversation, l.seq, coalesce(e.content, l.content) FROM log l
                LEFT JOIN log e ON e.pos = l.link WHERE l.pos > ? AND l.pos < ? ORDER BY l.pos DESC
                """)
            try statement.each(.integer(lower), .integer(upper)) { (row) throws(StoreError) in
                let pos = row.integer(0)
                guard spend(1, before: pos) else { return false }
                guard row.integer(1) == LogRow.Kind.message.rawValue, row.isNull(2),
                    try stays.see(row.integer(4), asMemberOf: row.integer(3)), query.matches(row.text(5))
                else { return true }
                return try consider(pos)
            }
        }

        /// Looks at what the index names, from the newest on.
        mutating func ask(_ match: String, below upper: Pos) throws(StoreError) {
            let statement = try records.connection.statement(
                "SELECT rowid FROM words WHERE words MATCH ? AND rowid < ? ORDER BY rowid DESC")
            try statement.each(.text(match), .integer(upper)) { (row) throws(StoreError) in
                let pos = row.integer(0)
                // It lies somewhere else than the one before.
                guard spend(4, before: pos) else { return false }
                return try consider(pos)
            }
        }

        /// Counts the rows that are looked at next; false, and the end of the turn, when there were enough.
        private mutating func spend(_ rows: Int, before pos: Pos) -> Bool {
            if left <= 0 { end(before: pos &+ 1) }
            left &-= rows
            return !hasEnded
        }

        /// Takes the message if it is one that is looked for. False when it has no room any more.
        private mutating func consider(_ pos: Pos) throws(StoreError) -> Bool {
            guard let row = try records.row(at: pos), row.kind == .message, row.erased == nil,
                try stays.see(row.seq, asMemberOf: row.conversation)
            else { return true }
            let message = try records.message(row)
            guard query.matches(message.content) else { return true }
            guard findings.messages.count < limit, !findings.budget.isSpent else {
                end(before: last)
                return false
            }
            findings.messages.append(message)
            findings.budget.spend(message.weight)
            last = pos
            return true
        }

        private mutating func end(before pos: Pos) {
            hasEnded = true
            findings.next = pos
        }
    }
}

extension SearchQuery {
    /// In the language of FTS5: every word in quotes, which is how it takes one for no more than a word. Where words stand is not
    /// in the index.
    /// - Parameter rooms: to look in; everywhere when there are none.
    fileprivate func match(in rooms: [Int64]) -> String {
        func quoted(_ word: String) -> String { "\"\(word)\"" }
        var parts: [String] = []
        if !rooms.isEmpty {
            parts.append("(" + rooms.map { quoted(SearchIndex.mark(of: $0)) }.joined(separator: " OR ") + ")")
        }
        for term in terms {
            var left = term.words.count
            for word in term.words {
                left &-= 1
                parts.append(quoted(word) + (left == 0 && term.isBeginning ? " *" : ""))
            }
        }
        return parts.joined(separator: " AND ")
    }
}
