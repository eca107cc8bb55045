import CSQLite
import ChatKernel

extension StoreError {
    /// What SQLite's answer means for the store. `action` says what was tried, for the operator.
    init(code: Int32, of database: OpaquePointer?, while action: String) {
        let extended = unsafe database.map { unsafe sqlite3_extended_errcode($0) } ?? code
        let words =
            unsafe database.flatMap { unsafe sqlite3_errmsg($0) }
            ?? sqlite3_errstr(code)
            .map { unsafe UnsafePointer($0) }
        let text = unsafe words.map { unsafe String(cString: $0) } ?? "no reason given"
        if extended == chat_sqlite_ioerr_data, let database = unsafe database {
            self.init(
                .damaged, unsafe CheckedFile.describe(damaged: CheckedFile.damagedPage(of: database), of: database))
            return
        }
        let detail = "SQLite \(extended) while \(action): \(text)"
        self.init(Self.meaning(of: code & 0xFF, extended), detail)
    }

    /// SQLite's primary result codes. A lock that was not got, an I/O error and memory that ran out may all be
    /// otherwise at the next attempt; a full disk is named, because the operator can do something about it.
    private static func meaning(of primary: Int32, _ extended: Int32) -> Code {
        switch primary {
        // The shared memory is a file too, which could not grow.
        case SQLITE_IOERR where extended == chat_sqlite_ioerr_shmsize: .full
        case SQLITE_FULL: .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: .damaged
        case SQLITE_CONSTRAINT: .conflict
        default: .unavailable
        }
    }
}
