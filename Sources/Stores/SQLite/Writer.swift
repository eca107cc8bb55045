import CSQLite
import ChatKernel

/// The one that writes: a connection, what it must remember between commits, and the thread that all of it stays on.
final class Writer: @unchecked Sendable {
    // Touched on the store's writer thread only, but for `memory`, which has a lock.
    private let connection: Connection
    private let records: Records
    private let keys: ClientKeys
    private let insertion: LogInsertion
    private let search: SearchIndex
    private let emptying: Emptying
    private let memory: SharedMemory
    private let tuning: Tuning

    private var fill: Fill?
    /// Entries that came while a fill was in progress and found no idle moment.
    private var entriesUnmatched = 0
    /// A slice failed: it is tried again after the next commit, not in a loop.
    private var isFillHeld = false
    /// The same of the index of words, and of what is to be emptied.
    private var isLeisureHeld = false
    /// Somebody wanted something since the last idle moment.
    private var wasAsked = true
    private var leisure: Leisure
    /// A COMMIT failed in the middle of its I/O: see ``heal()``.
    private var needsHealing = false
    private var checkpoints: Checkpoints
    private var scan: PageScan
    private let damage: DamageBook

    /// On the writer thread.
    init(
        connection: Connection, records: Records, keys: ClientKeys, memory: SharedMemory, tuning: Tuning,
        damage: DamageBook
    ) throws(StoreError) {
        self.connection = connection
        self.records = records
        self.keys = keys
        self.memory = memory
        self.tuning = tuning
        insertion = try LogInsertion(connection)
        search = try SearchIndex(connection, tuning)
        emptying = Emptying(records, memory, search, insertion, tuning)
        leisure = Leisure(tuning)
        checkpoints = Checkpoints(connection, tuning)
        scan = PageScan(connection)
        self.damage = damage
    }

    // MARK: Commits

    func commit(_ drafts: [Draft], at now: Timestamp) throws(StoreError) -> [Result<Reply, ChatError>] {
        try memory.withLock { (memory) throws(StoreError) in try memory.requireOpen() }
        wasAsked = true
        if needsHealing { try heal() }
        keepUp()
        if checkpoints.isOverdue { checkpoints.run(connection) }

        var batch = Batch(
            damage: damage, records: records, memory: memory, keys: keys, insertion: insertion, search: search,
            drafts: drafts.count)
        var results: [Result<Reply, ChatError>] = []
        results.reserveCapacity(drafts.count)
        try writing { () throws(StoreError) in
            for draft in drafts { results.append(try batch.commit(draft, at: now)) }
        }
        publish(batch)
        return results
    }

    private func publish(_ batch: borrowing Batch) {
        let appended = memory.withLock { memory in
            let appended = batch.head - memory.head
            memory.head = batch.head
            memory.lastAt = batch.lastAt
            for step in batch.steps {
                memory.young.runs[step.row, default: Run(first: step.seq)].append(step.place)
            }
            for mark in batch.markPlaces {
                memory.young.markPlaces[mark.row, default: []].append(mark.place)
            }
            for touched in batch.rooms {
                if touched.isChanged {
                    memory.young.rooms[touched.room.id] = touched.room
                } else {
                    memory.keep(touched.room)
                }
            }
            for touched in batch.seats {
                memory.keep(touched.seat, at: touched.key)
                guard touched.isMarked else { continue }
                let row = SeatRow(conversation: touched.key.room, user: touched.seat.userRow)
                memory.young.marks[row] = touched.seat.membership.readSeq
            }
            return appended
        }
        for (key, pos) in batch.names { keys.keep(pos, for: key) }
        if fill != nil { entriesUnmatched += Int(appended) }
        isFillHeld = false
        isLeisureHeld = false
        if batch.hasErased { checkpoints.hasErasures = true }
        if batch.hasErasedWords { search.noteErasure() }
    }

    /// Runs `body` in a transaction. When its COMMIT fails it is final: nothing of it is kept, and nothing will be.
    private func writing(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        try connection.beginImmediate()
        var isJudged = false
        do throws(StoreError) {
            try body()
            isJudged = true
            try connection.commit()
        } catch {
            connection.rollback()
            records.forget()
            damage.note(error)
            if isJudged {
                needsHealing = true
                try? heal()
            }
            throw error
        }
    }

    /// A COMMIT whose sync failed may have left its frames in the WAL, whole. They are not in the WAL's index, so nobody
    /// reads them, but the recovery after a crash might. New frames are put over them before anything else is written;
    /// until that has succeeded the store commits nothing.
    ///
    /// The sync is not tried again: after a failed one Linux takes the pages for clean, though they may not be on the disk,
    /// and the next sync says that all is well. That is why nothing is ever built on frames that were not synced: what is
    /// before those of the failed COMMIT has been, fills included.
    private func heal() throws(StoreError) {
        try connection.writing { () throws(StoreError) in
            try Meta.healed.write(try Meta.healed.read(connection) &+ 1, connection)
        }
        needsHealing = false
    }

    // MARK: Between commits

    /// Called when nothing waits for the writer: does a little of what there is to do. In haste, without a rest before what
    /// can wait.
    func tidy(inHaste: Bool = false) -> DatabaseThread.Spare {
        if memory.withLock({ $0.isClosed }) { return .nothing }
        if needsHealing { return .nothing }
        if writeSlice() { return .more }
        if checkpoints.isDue { checkpoints.run(connection) }
        // A page that a crash tore while it was copied is whole in the WAL, and is copied again.
        guard checkpoints.hasWholeFile else { return .nothing }
        let isScanning = scan.readPart(connection) { page in
            damage.note(unsafe CheckedFile.describe(damaged: page, of: connection.handle))
        }
        return isScanning ? .more : tidyAtLeisure(inHaste)
    }

    private func tidyAtLeisure(_ inHaste: Bool) -> DatabaseThread.Spare {
        let head = memory.withLock { $0.head }
        guard !isLeisureHeld, emptying.hasWork || search.hasWork(head: head) else { return .nothing }
        let now = chat_monotonic()
        if wasAsked {
            leisure.wasAsked(at: now)
            wasAsked = false
        }
        let wait = leisure.wait(at: now)
        guard wait == 0 || inHaste else { return .later(nanoseconds: wait) }
        do throws(StoreError) {
            if emptying.hasWork { try empty() } else { try writeWords(head) }
        } catch {
            damage.note(error)
            isLeisureHeld = true
        }
        leisure.worked(from: now, to: chat_monotonic())
        return isLeisureHeld ? .nothing : .more
    }

    private func empty() throws(StoreError) {
        guard let slice = try emptying.next() else { return }
        let hadWords: Bool
        do throws(StoreError) {
            hadWords = try connection.writing { () throws(StoreError) in try emptying.write(slice) }
        } catch {
            guard error.code == .damaged else { throw error }
            damage.note(error)
            return emptying.park(slice)
        }
        checkpoints.hasErasures = true
        if hadWords { search.noteErasure() }
    }

    private func writeWords(_ head: Pos) throws(StoreError) {
        let slice = try connection.writing { () throws(StoreError) in try search.writeSlice(head: head) }
        if search.take(slice) { checkpoints.hasErasures = true }
    }

    /// Writes a slice of the fill in progress, or of a new one when the tail has grown long. True when it did.
    private func writeSlice() -> Bool {
        if isFillHeld { return false }
        entriesUnmatched = 0
        if fill == nil { beginFill() }
        guard var next = fill else { return false }
        do throws(StoreError) {
            // Synced like a commit, though it could be derived again: see ``heal()``.
            let isLast = try connection.writing { () throws(StoreError) in
                try next.writeSlice(connection)
            }
            fill = isLast ? nil : next
            if isLast {
                memory.withLock { $0.endFill(through: next.through) }
                keys.endFill(adding: next.keys, dropping: next.expired)
            }
            return true
        } catch {
            damage.note(error)
            isFillHeld = true
            return false
        }
    }

    /// Without idle moments a fill goes at twice the speed of the log, at the commits' cost: an entry is two rows, or one.
    private func keepUp() {
        if fill == nil { beginFill() }
        var slices = entriesUnmatched / max(1, tuning.sliceRows / 4)
        while fill != nil, slices > 0, writeSlice() { slices -= 1 }
    }

    private func beginFill() {
        let limit = Pos(tuning.tailLimit)
        let tail: (tail: Tail, from: Pos, through: Pos, lastAt: Timestamp)? = memory.withLock { memory in
            guard memory.head - memory.watermark >= limit else { return nil }
            memory.beginFill()
            return (memory.old, memory.watermark, memory.head, memory.lastAt)
        }
        guard let tail else { return }
        fill = Fill(
            tail.tail, from: tail.from, through: tail.through, lastAt: tail.lastAt, keys: keys,
            tuning: tuning)
    }

    // MARK: What is not kept

    /// Raises first numbers, and has what is below them emptied in time.
    func raise(_ expiries: [Expiry]) throws(StoreError) {
        try memory.withLock { (memory) throws(StoreError) in try memory.requireOpen() }
        if needsHealing { try heal() }
        try writing { () throws(StoreError) in
            for expiry in expiries {
                try connection.statement(
                    "UPDATE conversations SET first_seq = max(first_seq, ?2) WHERE id = ?1"
                ).run(.text(expiry.conversation.text), .integer(expiry.firstSeq))
            }
        }
        memory.withLock { memory in
            for expiry in expiries { memory.raise(expiry.conversation, to: expiry.firstSeq) }
        }
        emptying.noteExpiry()
        isLeisureHeld = false
    }

    // MARK: Accounts

    func save(_ user: User) throws(StoreError) {
        try memory.withLock { (memory) throws(StoreError) in try memory.requireOpen() }
        if needsHealing { try heal() }
        try writing { () throws(StoreError) in try UserTable.save(user, connection) }
    }

    /// For a store that has lost what was acknowledged.
    func begin(_ epoch: Epoch) throws(StoreError) {
        try writing { () throws(StoreError) in try Meta.epoch.write(Int64(bitPattern: epoch.value), connection) }
    }

    // MARK: The end

    /// Whether the store that was here before was not closed, did not sync each commit, and was in another life of the machine.
    func wasLeftOpen(beforeBoot boot: Int64?) throws(StoreError) -> Bool {
        guard let boot, let left = try BootMark.left(in: connection) else { return false }
        return left != boot
    }

    /// Leaves word of the machine's life for as long as the store is open, synced whatever is promised of commits; nil for no word.
    func mark(boot: Int64?) throws(StoreError) {
        guard try BootMark.left(in: connection) != boot else { return }
        try connection.execute("PRAGMA synchronous = FULL")
        try writing { () throws(StoreError) in try BootMark.leave(boot, in: connection) }
        if boot != nil { try connection.execute("PRAGMA synchronous = NORMAL") }
    }

    /// Moves all of the WAL into the file and cuts it off, as far as readers allow.
    func close() {
        // When that fails the next opening begins a new epoch for nothing.
        try? mark(boot: nil)
        checkpoints.finish(connection)
    }

    /// For tests: a pragma on the writer's connection.
    func execute(_ sql: String) throws(StoreError) { try connection.execute(sql) }
}
