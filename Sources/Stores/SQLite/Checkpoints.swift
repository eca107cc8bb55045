import CSQLite
import ChatKernel

/// When the WAL is copied into the file.
///
/// SQLite's own autocheckpoint runs inside the commit that crosses a line, which then waits for two syncs. This one runs
/// when the writer has nothing else to do, from 1,000 pages on (4 MB: 20,000 messages in large batches, 900 alone), and
/// inside a commit only if there has been no idle moment for 4,000 pages (16 MB: some 30 ms).
struct Checkpoints {
    private static let duePages = 1000
    private static let overduePages = 4000

    /// Pages in the WAL, as of the last commit. SQLite calls back with it.
    private final class Pages {
        var count = 0
    }

    private let pages = Pages()
    /// Content was erased since the last checkpoint that cut the WAL off: its copies in there should go soon.
    var hasErasures = false

    init(_ connection: Connection) {
        // Unretained: the pages live in the writer, and so as long as the connection.
        unsafe sqlite3_wal_hook(
            connection.handle,
            { context, _, _, count in
                if let context = unsafe context {
                    unsafe Unmanaged<Pages>.fromOpaque(context).takeUnretainedValue().count = Int(count)
                }
                return SQLITE_OK
            }, Unmanaged.passUnretained(pages).toOpaque())
    }

    var isDue: Bool { pages.count >= Self.duePages || hasErasures }
    var isOverdue: Bool { pages.count >= Self.overduePages }

    /// Copies what can be copied. A checkpoint that fails has lost nothing: the WAL holds it all, and the next one tries
    /// again, after as many pages more.
    mutating func run(_ connection: Connection) {
        let cuts = hasErasures || isOverdue
        // Not to wait for readers, in either mode.
        unsafe sqlite3_busy_timeout(connection.handle, 0)
        defer { unsafe sqlite3_busy_timeout(connection.handle, Connection.busyMilliseconds) }
        let mode = cuts ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        let code = unsafe sqlite3_wal_checkpoint_v2(connection.handle, nil, mode, nil, nil)
        pages.count = 0
        if code == SQLITE_OK { hasErasures = false }
    }

    func finish(_ connection: Connection) {
        _ = unsafe sqlite3_wal_checkpoint_v2(connection.handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }
}
