import CSQLite
import ChatKernel

/// The writer's side of search: an index of words that follows the log at a distance, a slice at a time, when there is
/// nothing else to do. Commits do not touch it, but for the edit and the deletion of what it has already.
///
/// ```
///   log     1 ──────────── through ───────── head
///   words   ███████████████                        found in the index
///                          ─────────────────       read by who searches (Reader+Search.swift)
/// ```
/// The table is FTS5's, without the texts: it knows which words are in which messages, by pos, and the log has the rest. Beside
/// its words each message has the mark of its conversation. The words are ours (``Words``), so that every store
/// finds the same.
///
/// What FTS5 forgets it writes down as forgotten, and the word stays in the file until all that it holds has been merged
/// into one. So a deletion is followed by a sweep that does so, a slice at a time like the rest. (Its option that erases in
/// place is not there in the SQLite of every system that we run on.)
final class SearchIndex {
    // On the writer's thread.
    private let connection: Connection
    private let tuning: Tuning
    /// The index has all messages up to here as they stand.
    private(set) var through: Pos
    /// There are words of deleted messages in the file; true also after a crash.
    private var isUnswept: Bool
    private var sweep = Sweep.none
    /// Whose turn it was, so that neither waits for ever.
    private var hasWrittenWords = false

    private enum Sweep {
        case none
        /// Begun. `isWhole` until something else is deleted, which it may not reach.
        case underWay(isWhole: Bool)
    }

    init(_ connection: Connection, _ tuning: Tuning) throws(StoreError) {
        self.connection = connection
        self.tuning = tuning
        through = try Meta.searched.read(connection)
        isUnswept = try Meta.unswept.read(connection) != 0
        guard Counter.isSound(through) else { throw StoreError(.damaged, "the index of words reaches to \(through)") }
    }

    /// Begins anew when the words were made by another rule.
    static func prepare(_ connection: Connection) throws(StoreError) {
        guard try Meta.wordRule.read(connection) != Words.version else { return }
        try connection.writing { () throws(StoreError) in
            try connection.execute("INSERT INTO words(words) VALUES ('delete-all')")
            try Meta.searched.write(0, connection)
            try Meta.wordRule.write(Words.version, connection)
        }
    }

    // MARK: Within a commit

    /// A message is about to have another text.
    func replace(_ old: String, by new: String, at pos: Pos, in room: Int64) throws(StoreError) {
        guard pos <= through else { return }
        try remove(old, at: pos, in: room)
        try add(new, at: pos, in: room)
    }

    /// A message is about to lose its text. True when it leaves words behind, which are swept later.
    func erase(_ text: String, at pos: Pos, in room: Int64) throws(StoreError) -> Bool {
        guard pos <= through else { return false }
        try remove(text, at: pos, in: room)
        try Meta.unswept.write(1, connection)
        return true
    }

    /// The commit that erased has been made.
    func noteErasure() {
        isUnswept = true
        if case .underWay = sweep { sweep = .underWay(isWhole: false) }
    }

    private func add(_ text: String, at pos: Pos, in room: Int64) throws(StoreError) {
        guard let line = Self.line(text, in: room) else { return }
        try connection.statement("INSERT INTO words(rowid, line) VALUES (?, ?)").run(.integer(pos), .text(line))
    }

    /// FTS5 does not know what it has: it has to be told, word for word.
    private func remove(_ text: String, at pos: Pos, in room: Int64) throws(StoreError) {
        guard let line = Self.line(text, in: room) else { return }
        try connection.statement("INSERT INTO words(words, rowid, line) VALUES ('delete', ?, ?)").run(
            .integer(pos), .text(line))
    }

    /// What FTS5 gets to read; nil when there is no word in it.
    private static func line(_ text: String, in room: Int64) -> String? {
        let words = Words.of(text)
        return words.isEmpty ? nil : words.joined(separator: " ") + " " + mark(of: room)
    }

    /// No word: those have letters and digits only.
    static func mark(of room: Int64) -> String { ":\(room)" }

    // MARK: Between commits

    func hasWork(head: Pos) -> Bool { isUnswept || head &- through >= Int64(tuning.searchRows) }

    /// Does a slice of what there is to do, in the transaction of the caller, who hands what comes of it to ``take(_:)``
    /// once it is committed.
    func writeSlice(head: Pos) throws(StoreError) -> Slice {
        let isBehind = head &- through >= Int64(tuning.searchRows)
        hasWrittenWords = isBehind && !(isUnswept && hasWrittenWords)
        return hasWrittenWords ? try writeWords(head) : try writeSweep()
    }

    /// What holds once a slice has been committed.
    enum Slice {
        case indexed(through: Pos)
        case swept(isLast: Bool)
    }

    /// True when words are gone for good, whose last copies are in the WAL.
    func take(_ slice: Slice) -> Bool {
        switch slice {
        case .indexed(let pos):
            through = pos
            return false
        case .swept(let isLast):
            guard isLast, case .underWay(let isWhole) = sweep else {
                if case .none = sweep { sweep = .underWay(isWhole: true) }
                return false
            }
            sweep = .none
            isUnswept = !isWhole
            return true
        }
    }

    private func writeWords(_ head: Pos) throws(StoreError) -> Slice {
        var texts: [(pos: Pos, room: Int64, text: String)] = []
        var last = through
        var rows = 0
        var bytes = 0
        // Not looked at closely: who is told what was found looks at the whole row.
        try connection.statement(
            """
            SELECT l.pos, l.kind, l.erased, l.conversation, coalesce(e.content, l.content) FROM log l
            LEFT JOIN log e ON e.pos = l.link WHERE l.pos > ? ORDER BY l.pos
            """
        ).each(.integer(through)) { row in
            last = row.integer(0)
            rows &+= 1
            if row.integer(1) == LogRow.Kind.message.rawValue, row.isNull(2) {
                let text = row.text(4)
                texts.append((last, row.integer(3), text))
                bytes &+= text.utf8.count
            }
            return rows < tuning.searchRows && bytes < tuning.searchBytes
        }
        // The end of the log may be gone.
        if rows == 0 { last = head }
        for (pos, room, text) in texts { try add(text, at: pos, in: room) }
        try Meta.searched.write(last, connection)
        return .indexed(through: last)
    }

    /// FTS5 merges all that it has into one, so many pages at a time: told to begin by a negative number, and to go on by a
    /// positive one; when next to nothing changed it was done.
    private func writeSweep() throws(StoreError) -> Slice {
        let pages = Int64(tuning.sweepPages)
        let before = connection.totalChanges
        let isBegun = if case .underWay = sweep { true } else { false }
        try connection.statement("INSERT INTO words(words, rank) VALUES ('merge', ?)").run(
            .integer(isBegun ? pages : 0 &- pages))
        let isLast = isBegun && connection.totalChanges &- before < 2
        if isLast, case .underWay(isWhole: true) = sweep { try Meta.unswept.write(0, connection) }
        return .swept(isLast: isLast)
    }
}
