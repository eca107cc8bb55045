import CSQLite

/// SQLite's own file system with three methods of the database file replaced, so that each page bears a ``PageSum`` there.
///
/// ```
///   SQLite ── page ──▶ WAL, as it is (its frames have sums of SQLite's)
///      ▲                │ checkpoint
///      │                ▼
///      └─ checked ◀── the file, with sums
/// ```
/// A sum is made when a checkpoint writes the page into the file and looked at when the page is read from it, so that a commit
/// costs nothing more. What was read goes up without its sum: it would be stale in the next version of the page, and a page
/// that another program copies out of the WAL has none, instead of a wrong one. A file whose header leaves no room for sums,
/// an older one, is read and written as it is.
/// A page that is not as it was written is an I/O error (`SQLITE_IOERR_DATA`), which becomes ``StoreError/Code/damaged``.
enum CheckedFile {
    /// The name by which connections ask for it.
    static let name = "chat"

    /// False when SQLite did not take it.
    static let isInstalled: Bool = {
        guard let system = unsafe sqlite3_vfs_find(nil) else { return false }
        let vfs = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe vfs.initialize(to: system.pointee)
        unsafe vfs.pointee.zName = unsafe UnsafePointer(strdup(name))
        unsafe vfs.pointee.pNext = nil
        // The default is asked for at each call: tests put theirs there.
        unsafe vfs.pointee.xOpen = { _, path, file, flags, outFlags in
            guard let system = unsafe sqlite3_vfs_find(nil), let file = unsafe file else { return SQLITE_CANTOPEN }
            let code = unsafe system.pointee.xOpen(system, path, file, flags, outFlags)
            if code == SQLITE_OK, flags & SQLITE_OPEN_MAIN_DB != 0 { unsafe CheckedFile.adopt(file) }
            return code
        }
        unsafe vfs.pointee.xDelete = { _, path, syncsFolder in
            guard let system = unsafe sqlite3_vfs_find(nil) else { return SQLITE_IOERR }
            return unsafe system.pointee.xDelete(system, path, syncsFolder)
        }
        return unsafe sqlite3_vfs_register(vfs, 0) == SQLITE_OK
    }()

    /// What is known of an open file. Stands where SQLite looks for the file's methods, so that finding it costs nothing; used by
    /// one connection, and so by one thread at a time.
    @unsafe private struct Table {
        var methods: sqlite3_io_methods
        let system: UnsafePointer<sqlite3_io_methods>
        /// Whether the pages have sums; nil until there is one.
        var hasSums: Bool?
        /// The page that was last found damaged, from 1; 0 for none.
        var damaged: Int64 = 0
    }

    /// `sqlite3_file_control` with this puts ``Table/damaged`` into an `Int64`.
    private static let askForDamage: Int32 = 0x4348_4154

    /// SQLite reads so much of the first page before it knows how large a page is.
    private static let headerSize: Int32 = 100

    private static func table(of file: UnsafeMutablePointer<sqlite3_file>) -> UnsafeMutablePointer<Table>? {
        unsafe UnsafeMutableRawPointer(mutating: file.pointee.pMethods)?.assumingMemoryBound(to: Table.self)
    }

    private static func adopt(_ file: UnsafeMutablePointer<sqlite3_file>) {
        guard let system = unsafe file.pointee.pMethods else { return }
        let table = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        unsafe table.initialize(to: Table(methods: system.pointee, system: system))
        // The third brings the memory map, which would lead past the sums.
        unsafe table.pointee.methods.iVersion = unsafe min(system.pointee.iVersion, 2)
        unsafe table.pointee.methods.xRead = { unsafe CheckedFile.read($0, $1, $2, $3) }
        unsafe table.pointee.methods.xWrite = { unsafe CheckedFile.write($0, $1, $2, $3) }
        unsafe table.pointee.methods.xFileControl = { unsafe CheckedFile.control($0, $1, $2) }
        unsafe table.pointee.methods.xClose = { unsafe CheckedFile.close($0) }
        unsafe file.pointee.pMethods = unsafe UnsafePointer(
            UnsafeMutableRawPointer(table).assumingMemoryBound(to: sqlite3_io_methods.self))
    }

    // MARK: The methods

    private static func read(
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ data: UnsafeMutableRawPointer?, _ count: Int32, _ offset: Int64
    ) -> Int32 {
        guard let file = unsafe file, let data = unsafe data, let table = unsafe table(of: file) else {
            return SQLITE_IOERR
        }
        let system = unsafe table.pointee.system
        let code = unsafe system.pointee.xRead(file, data, count, offset)
        // What does not begin a page are counters in the header.
        guard code == SQLITE_OK, beginsPage(offset), count != headerSize else { return code }
        if unsafe table.pointee.hasSums == nil {
            let code = unsafe learn(file, table)
            guard code == SQLITE_OK else { return code }
        }
        guard unsafe table.pointee.hasSums == true else { return code }
        if count == PageSum.pageSize { return unsafe check(data, at: offset, table) }
        // A part: what a large value has on a page of its own is read past SQLite's cache, as its version and the way it was
        // built will have it. More: the page's size was changed in the header.
        return unsafe withUnsafeTemporaryAllocation(byteCount: PageSum.pageSize, alignment: 8) { page in
            guard let whole = page.baseAddress else { return SQLITE_IOERR }
            let code = unsafe system.pointee.xRead(file, whole, Int32(PageSum.pageSize), offset)
            return code == SQLITE_OK ? unsafe check(whole, at: offset, table) : code
        }
    }

    /// Takes the sum off a page that is as it was written.
    private static func check(
        _ data: UnsafeMutableRawPointer, at offset: Int64, _ table: UnsafeMutablePointer<Table>
    ) -> Int32 {
        let page = unsafe UnsafeRawBufferPointer(start: data, count: PageSum.pageSize)
        let number = number(at: offset)
        guard unsafe PageSum.holds(page, number: number) else {
            unsafe table.pointee.damaged = number
            return chat_sqlite_ioerr_data
        }
        unsafe data.storeBytes(of: 0, toByteOffset: PageSum.pageSize &- PageSum.size, as: UInt64.self)
        return SQLITE_OK
    }

    /// Reads the first page to know whether they have sums. A file that is being made does not tell yet.
    private static func learn(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ table: UnsafeMutablePointer<Table>
    ) -> Int32 {
        unsafe withUnsafeTemporaryAllocation(byteCount: PageSum.pageSize, alignment: 8) { first in
            let code = unsafe table.pointee.system.pointee.xRead(
                file, first.baseAddress, Int32(PageSum.pageSize), 0)
            if code == chat_sqlite_ioerr_short_read { return SQLITE_OK }
            guard code == SQLITE_OK else { return code }
            unsafe table.pointee.hasSums = unsafe PageSum.areKept(behind: first)
            return SQLITE_OK
        }
    }

    private static func write(
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ data: UnsafeRawPointer?, _ count: Int32, _ offset: Int64
    ) -> Int32 {
        guard let file = unsafe file, let data = unsafe data, let table = unsafe table(of: file) else {
            return SQLITE_IOERR
        }
        let system = unsafe table.pointee.system
        guard count == PageSum.pageSize, beginsPage(offset) else {
            return unsafe system.pointee.xWrite(file, data, count, offset)
        }
        let page = unsafe UnsafeRawBufferPointer(start: data, count: PageSum.pageSize)
        if offset == 0 {
            unsafe table.pointee.hasSums = unsafe PageSum.areKept(accordingTo: page)
        } else if unsafe table.pointee.hasSums == nil {
            let code = unsafe learn(file, table)
            guard code == SQLITE_OK else { return code }
        }
        guard unsafe table.pointee.hasSums == true else {
            return unsafe system.pointee.xWrite(file, data, count, offset)
        }
        let sum = unsafe PageSum.of(page, number: number(at: offset))
        return unsafe withUnsafeTemporaryAllocation(byteCount: PageSum.pageSize, alignment: 8) { copy in
            unsafe copy.copyMemory(from: page)
            unsafe copy.storeBytes(
                of: sum.littleEndian, toByteOffset: PageSum.pageSize &- PageSum.size, as: UInt64.self)
            return unsafe system.pointee.xWrite(file, copy.baseAddress, count, offset)
        }
    }

    private static func beginsPage(_ offset: Int64) -> Bool { offset >= 0 && offset % Int64(PageSum.pageSize) == 0 }

    private static func number(at offset: Int64) -> Int64 { offset / Int64(PageSum.pageSize) &+ 1 }

    private static func control(
        _ file: UnsafeMutablePointer<sqlite3_file>?, _ operation: Int32, _ argument: UnsafeMutableRawPointer?
    ) -> Int32 {
        guard let file = unsafe file, let table = unsafe table(of: file) else { return SQLITE_IOERR }
        guard operation == askForDamage else {
            return unsafe table.pointee.system.pointee.xFileControl(file, operation, argument)
        }
        unsafe argument?.storeBytes(of: table.pointee.damaged, as: Int64.self)
        return SQLITE_OK
    }

    private static func close(_ file: UnsafeMutablePointer<sqlite3_file>?) -> Int32 {
        guard let file = unsafe file, let table = unsafe table(of: file) else { return SQLITE_IOERR }
        let code = unsafe table.pointee.system.pointee.xClose(file)
        unsafe table.deinitialize(count: 1)
        unsafe table.deallocate()
        return code
    }

    // MARK: What the store asks

    /// To be called for a database that is made now, before anything is written: its pages will have sums.
    static func reserve(_ database: OpaquePointer) {
        var bytes = Int32(PageSum.size)
        unsafe sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes)
    }

    static func describe(damaged page: Int64, of database: OpaquePointer) -> String {
        let path = unsafe sqlite3_db_filename(database, "main").map { unsafe String(cString: $0) } ?? "the file"
        return "page \(page) of \(path) is not as it was written"
    }

    /// The page that this connection last found damaged.
    static func damagedPage(of database: OpaquePointer) -> Int64 {
        var page: Int64 = 0
        unsafe sqlite3_file_control(database, "main", askForDamage, &page)
        return page
    }
}
