public import ChatKernel

extension SQLiteStore {
    /// Opens the store at `settings.path`, making the file if it is not there, and rebuilds the tail.
    /// - Parameters:
    ///   - settings: an absolute path.
    ///   - newEpoch: for a store that is made now; random when left out.
    ///   - exclusive: false for a tool that looks after accounts beside a running server: takes no lock, and only
    ///     ``users(_:limit:)`` and ``save(_:)`` work.
    ///   - log: told, once for each, of what is not as it was written. The whole file is looked through after the opening, when
    ///     there is nothing else to do; what is read is looked at in any case.
    /// - Throws: `unavailable` with a sentence for the operator when the file is in use, is not ours, is newer than this
    ///   program, or cannot be opened; `full` when there is no room for it; `damaged` when it contradicts itself.
    public static func open(
        _ settings: SQLiteStoreSettings, exclusive: Bool = true,
        newEpoch: Epoch = Epoch(UInt64.random(in: 1 ... .max)), log: any LogSink = SilentLog()
    ) async throws(StoreError) -> SQLiteStore {
        try await open(settings, exclusive: exclusive, newEpoch: newEpoch, tuning: Tuning(), log: log)
    }

    package static func open(
        _ settings: SQLiteStoreSettings, exclusive: Bool = true,
        newEpoch: Epoch = Epoch(UInt64.random(in: 1 ... .max)), tuning: Tuning, log: any LogSink = SilentLog()
    ) async throws(StoreError) -> SQLiteStore {
        let path = settings.path
        let durability = settings.durability
        let damage = DamageBook(log)
        let writing = Desk<Writer>(thread: DatabaseThread())
        var reading: [Desk<Reader>] = []
        let searching = Desk<Reader>(thread: DatabaseThread())
        do throws(StoreError) {
            let begun = try await writing.thread.run { () throws(StoreError) -> Begun in
                try requireFolder(of: path)
                let lock = exclusive ? try FileLock(path: path + ".lock", guarding: path) : nil
                try makeStoreFile(at: path)
                let left = LeftLog.ending(at: path + "-wal")
                if !exclusive { try leave(left, of: path) }
                let (writer, memory) = try makeWriter(path, durability, newEpoch, tuning, exclusive, damage)
                if exclusive {
                    try tell(left, of: path, writer, memory, newEpoch, damage, log)
                    try take(over: path, durability, writer, memory, newEpoch, in: tuning.boot, log)
                }
                return Begun(lock: lock, writer: writer, memory: memory)
            }
            try await writing.open { begun.writer }
            let memory = begun.memory
            for _ in 0..<max(1, tuning.readers) {
                let desk = Desk<Reader>(thread: DatabaseThread())
                reading.append(desk)
                try await desk.open { () throws(StoreError) in try Reader(readingConnection(path), memory) }
            }
            try await searching.open { () throws(StoreError) in try Reader(readingConnection(path), memory) }
            if exclusive {
                writing.thread.setIdle { [weak writing] in writing?.peek { $0.tidy() } ?? .nothing }
            }
            return SQLiteStore(
                durability: durability, memory: memory, lock: begun.lock, writing: writing,
                reading: reading, searching: searching, tuning: tuning, damage: damage)
        } catch {
            for desk in reading + [searching] { await desk.close { _ in } }
            await writing.close { _ in }
            throw error.code == .full ? StoreError(.full, "there is no room on the disk to open \(path)") : error
        }
    }

    /// What becomes of the end of a WAL that a process has left, which SQLite has cut off.
    private static func tell(
        _ left: LeftLog.Ending, of path: String, _ writer: Writer, _ memory: SharedMemory, _ newEpoch: Epoch,
        _ damage: DamageBook, _ log: any LogSink
    ) throws(StoreError) {
        switch left {
        case .whole: break
        case .torn:
            log.info("the last commit was not whole, as after a crash: it is cut off", LogField("file", path + "-wal"))
        case .broken(let commits):
            // Numbers that clients have seen will come again: theirs are of another time.
            try writer.begin(newEpoch)
            memory.withLock { $0.epoch = newEpoch }
            damage.note(
                "\(path)-wal has a frame that is not as it was written: what was committed then and later is lost, "
                    + "\(commits) commits at least; the store begins a new epoch")
        }
    }

    /// Notices that the machine has been off since a store that is not synced was left open, and leaves the mark by which the next
    /// opening will.
    private static func take(
        over path: String, _ durability: SQLiteDurability, _ writer: Writer, _ memory: SharedMemory,
        _ newEpoch: Epoch, in boot: Int64?, _ log: any LogSink
    ) throws(StoreError) {
        if try writer.wasLeftOpen(beforeBoot: boot), memory.withLock({ $0.epoch }) != newEpoch {
            try writer.begin(newEpoch)
            memory.withLock { $0.epoch = newEpoch }
            log.warning(
                "the machine went off while the store was open, and not all may be there that was written and not synced; "
                    + "the store begins a new epoch", LogField("file", path))
        }
        try writer.mark(boot: durability == .synced ? nil : boot)
    }

    /// A tool's opening would cut a broken WAL off as well, and nobody would ever know. With a running store it is in use,
    /// and only looks broken while the store writes it.
    private static func leave(_ left: LeftLog.Ending, of path: String) throws(StoreError) {
        guard case .broken = left, (try? FileLock(path: path + ".lock", guarding: path)) != nil else { return }
        throw StoreError(.damaged, "\(path)-wal is not as it was written; start the server, which says what is lost")
    }

    private struct Begun: Sendable {
        let lock: FileLock?
        let writer: Writer
        let memory: SharedMemory
    }

    private static func makeWriter(
        _ path: String, _ durability: SQLiteDurability, _ epoch: Epoch, _ tuning: Tuning, _ exclusive: Bool,
        _ damage: DamageBook
    ) throws(StoreError) -> (Writer, SharedMemory) {
        let connection = try Connection(path: path)
        if try Migrations.isNew(connection, path: path) { unsafe CheckedFile.reserve(connection.handle) }
        let mode = try connection.statement("PRAGMA journal_mode = WAL").first { $0.text(0) }
        guard mode == "wal" else {
            throw StoreError(.unavailable, "\(path) cannot be put into WAL mode: its file system has no shared memory")
        }
        // In WAL mode FULL syncs each commit; NORMAL syncs checkpoints only, which keeps the file whole but may lose the
        // last commits with the power.
        try connection.execute("PRAGMA synchronous = \(durability == .synced ? "FULL" : "NORMAL")")
        // What is deleted is overwritten, in the file at once and in the WAL at its next checkpoint.
        try connection.execute("PRAGMA secure_delete = ON")
        // The indexes' inner pages and the pages that a fill goes through: 32 MB, used only as far as there is a file.
        try connection.execute("PRAGMA cache_size = -32768")
        try configure(connection)
        // A WAL that has once been long is cut to this when it begins anew.
        try connection.execute("PRAGMA journal_size_limit = 67108864")
        try Migrations.apply(to: connection, path: path, epoch: epoch)
        if exclusive { try SearchIndex.prepare(connection) }
        let records = try Records(connection)
        let keys = try ClientKeys(connection)
        // A tool beside a running store has no use for the tail, and could not keep it true.
        let empty = Memory(epoch: epoch, head: 0, lastAt: Timestamp(microseconds: 0), watermark: 0)
        let memory = SharedMemory(exclusive ? try Recovery.memory(connection, records, keys) : empty)
        let writer = try Writer(
            connection: connection, records: records, keys: keys, memory: memory, tuning: tuning, damage: damage)
        return (writer, memory)
    }

    private static func readingConnection(_ path: String) throws(StoreError) -> Connection {
        let connection = try Connection(path: path)
        try connection.execute("PRAGMA query_only = ON")
        // The indexes' inner pages. What is not there is one copy away, in the system's own cache, and that one is not
        // paid for by each reader.
        try connection.execute("PRAGMA cache_size = -1024")
        try configure(connection)
        return connection
    }

    /// For every connection.
    private static func configure(_ connection: Connection) throws(StoreError) {
        // No memory map: an I/O error would be a signal that kills the process, instead of an answer.
        try connection.execute("PRAGMA mmap_size = 0")
        // A page that contradicts itself is noticed when it is read.
        try connection.execute("PRAGMA cell_size_check = ON")
        // Functions with side effects are not called by what a schema says.
        try connection.execute("PRAGMA trusted_schema = OFF")
        try connection.execute("PRAGMA temp_store = MEMORY")
    }
}
