import ChatKernel

/// Takes what was said out of the entries that conversations do not keep any more, a slice at a time, when there is nothing else
/// to do. What is left of each is a shell: its numbers, who it was by and when, and the names that later entries and later
/// repetitions speak of. Nobody is shown a shell; readers are told of a gap.
///
/// ```
///   1 ──────────── emptied_seq ──────── first_seq ──────────── last_seq
///     shells       │ gone, not yet empty │ kept
/// ```
/// A shell is put in the place of the row, which is deleted: when that leaves a page of the log mostly empty SQLite merges it with
/// its neighbours, and the pages that are over are used again. To change a row leaves the page as it is.
final class Emptying {
    // On the writer's thread.
    private let records: Records
    private let memory: SharedMemory
    private let search: SearchIndex
    private let insertion: LogInsertion
    private let rows: Int
    /// Conversations with a damaged entry where the next would be emptied: they are left as they are, until the store is opened again.
    private var parked: Set<Int64> = []
    /// Whether there may be something to empty.
    private(set) var hasWork = true

    init(
        _ records: Records, _ memory: SharedMemory, _ search: SearchIndex, _ insertion: LogInsertion, _ tuning: Tuning
    ) {
        self.records = records
        self.memory = memory
        self.search = search
        self.insertion = insertion
        rows = max(1, tuning.emptiedRows)
    }

    /// A first number was raised.
    func noteExpiry() { hasWork = true }

    /// Something of a slice is damaged: the other conversations go on.
    func park(_ slice: Slice) { parked.insert(slice.room) }

    /// What one slice empties.
    struct Slice {
        fileprivate let room: Int64
        fileprivate let places: [Pos]
        fileprivate let through: Seq
    }

    /// The next slice; nil, and no work, when all is empty that is to be. Not within a transaction.
    func next() throws(StoreError) -> Slice? {
        let snapshot = try Snapshot(records, memory)
        defer { snapshot.end() }
        var next: (room: Int64, from: Seq, first: Seq)?
        try records.connection.statement(
            """
            SELECT row, emptied_seq, first_seq FROM conversations INDEXED BY conversations_unemptied
            WHERE emptied_seq < first_seq ORDER BY row
            """
        ).each {
            guard !parked.contains($0.integer(0)) else { return true }
            next = (room: $0.integer(0), from: $0.integer(1), first: $0.integer(2))
            return false
        }
        guard let found = next else {
            hasWork = false
            return nil
        }
        // SQLite compares what is no number by rules of its own.
        guard found.from > 0, found.from < found.first, Counter.isSound(found.first) else {
            parked.insert(found.room)
            throw StoreError(
                .damaged, "the row of conversation \(found.room) begins at \(found.first), from \(found.from)")
        }
        let through = min(found.first, found.from + Int64(rows))
        let places = try snapshot.places(
            in: found.room, found.from...through - 1, newestFirst: false, messagesOnly: false, limit: rows)
        guard !snapshot.isStale else { return Slice(room: found.room, places: [], through: found.from) }
        return Slice(room: found.room, places: places, through: through)
    }

    /// Within a transaction. True when the index of words had some of it.
    func write(_ slice: Slice) throws(StoreError) -> Bool {
        var hadWords = false
        for pos in slice.places where try empty(try records.requireRow(at: pos)) { hadWords = true }
        try records.connection.statement("UPDATE conversations SET emptied_seq = ?2 WHERE row = ?1").run(
            .integer(slice.room), .integer(slice.through))
        return hadWords
    }

    private func empty(_ row: LogRow) throws(StoreError) -> Bool {
        var (shell, hadWords) = (row, false)
        switch row.kind {
        case .message:
            if row.erased == nil {
                hadWords = try search.erase(try records.text(of: row), at: row.pos, in: row.conversation)
                try records.connection.statement("DELETE FROM reactions WHERE message = ?").run(.integer(row.pos))
            }
            shell.content = ""
        case .edited, .reaction: shell.content = ""
        case .created, .updated:
            shell.content = nil
            shell.extra = nil
            shell.subject = nil
        case .deleted, .added, .removed, .left, .role, .read: return false
        }
        // Without a link to what it said last: that may still be kept, and is found by nobody's words any more.
        shell.link = nil
        try records.connection.statement("DELETE FROM log WHERE pos = ?").run(.integer(row.pos))
        try insertion.insert(shell)
        return hadWords
    }
}

extension Records {
    /// What a message says now.
    func text(of message: LogRow) throws(StoreError) -> String {
        let newest = try message.link.map { (pos) throws(StoreError) in try requireRow(at: pos) }
        return (newest ?? message).content ?? ""
    }
}
