import CSQLite
import ChatKernel

/// One connection to the file and its prepared statements. Used by one thread at a time, so it takes none of SQLite's
/// own locks.
@safe final class Connection {
    let handle: OpaquePointer
    private var statements: [String: Statement] = [:]

    /// How long to wait for another process's write: `chatd user add` takes a millisecond.
    static let busyMilliseconds: Int32 = 5000

    /// Opens a file that exists.
    init(path: String) throws(StoreError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code =
            CheckedFile.isInstalled ? unsafe sqlite3_open_v2(path, &handle, flags, CheckedFile.name) : SQLITE_CANTOPEN
        guard code == SQLITE_OK, let handle = unsafe handle else {
            let error = unsafe StoreError(code: code, of: handle, while: "opening \(path)")
            unsafe sqlite3_close_v2(handle)
            throw error
        }
        unsafe self.handle = handle
        unsafe sqlite3_busy_timeout(handle, Self.busyMilliseconds)
    }

    /// Statements first: a connection with live statements cannot let go of its file.
    deinit {
        statements.removeAll()
        unsafe sqlite3_close_v2(handle)
    }

    /// The prepared statement for this text, made once.
    func statement(_ sql: String) throws(StoreError) -> Statement {
        if let statement = statements[sql] { return statement }
        let statement = try Statement(sql, on: self)
        statements[sql] = statement
        return statement
    }

    /// Runs statements that take no values.
    func execute(_ sql: String) throws(StoreError) {
        let code = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe StoreError(code: code, of: handle, while: "executing") }
    }

    var lastInsertedRow: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// Rows changed by the statement before.
    var changes: Int { Int(unsafe sqlite3_changes(handle)) }

    /// What all statements have done so far, as ``Statement/work``.
    var work: Int { statements.values.reduce(0) { $0 &+ $1.work } }

    /// Rows changed since it was opened.
    var totalChanges: Int { Int(unsafe sqlite3_total_changes(handle)) }

    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    // MARK: Transactions

    func begin() throws(StoreError) { try statement("BEGIN").run() }

    /// Takes the write lock at once: a transaction that reads first and then wants to write could not wait for it.
    func beginImmediate() throws(StoreError) { try statement("BEGIN IMMEDIATE").run() }

    func commit() throws(StoreError) { try statement("COMMIT").run() }

    /// Some failures roll back by themselves; then there is nothing to do.
    func rollback() {
        guard isInTransaction else { return }
        try? statement("ROLLBACK").run()
    }

    /// Runs `body` in a transaction that writes: all of it is kept or none.
    func writing<T>(_ body: () throws(StoreError) -> T) throws(StoreError) -> T {
        try beginImmediate()
        do throws(StoreError) {
            let result = try body()
            try commit()
            return result
        } catch {
            rollback()
            throw error
        }
    }
}
