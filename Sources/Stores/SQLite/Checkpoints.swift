import CSQLite
import ChatKernel

/// When the WAL is copied into the file.
///
/// SQLite's own autocheckpoint runs inside the commit that crosses a line, which then waits for two syncs. This one runs
/// when the writer has nothing else to do, and inside a commit only if there has been no idle moment for long. The sizes
/// are in ``Tuning``.
///
/// The WAL begins anew when all of it has been copied and nobody reads it at that moment. Readers that follow on one another
/// without a gap would let it grow for ever; so past ``Tuning/pinnedPages`` the writer waits for those that read now. New ones
/// do not need the WAL any more, and a read takes some 20 ms at most.
struct Checkpoints {
    /// Pages in the WAL, as of the last commit. SQLite calls back with it.
    private final class Pages {
        var count = 0
    }

    private let pages = Pages()
    /// Pages in the WAL when it was last copied: it is due again after as many more.
    private var copied = 0
    private let tuning: Tuning
    /// How long the writer may wait for readers.
    private static let patienceMilliseconds: Int32 = 1000
    /// The file alone has no torn page: nothing stopped the last checkpoint, of this process or of one that died, half-way.
    /// False until the first, which cuts the WAL off besides: what a crash has left in it is met once.
    private(set) var hasWholeFile = false
    private var isFirst = true
    /// Content was erased since the last checkpoint that cut the WAL off: its copies in there should go soon.
    var hasErasures = false

    init(_ connection: Connection, _ tuning: Tuning) {
        self.tuning = tuning
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

    /// Pages since the last time. Fewer than there were then are a WAL that has begun anew.
    private var fresh: Int { pages.count < copied ? pages.count : pages.count - copied }

    var isDue: Bool { fresh >= tuning.duePages || hasErasures || isFirst }
    var isOverdue: Bool { fresh >= tuning.overduePages }
    private var isPinned: Bool { pages.count >= tuning.pinnedPages }

    /// Copies what can be copied. A checkpoint that fails has lost nothing: the WAL holds it all, synced, and the next
    /// one, after as many pages more, writes again whatever this one did not bring to the disk for certain.
    mutating func run(_ connection: Connection) {
        let cuts = hasErasures || isOverdue || isPinned || isFirst
        unsafe sqlite3_busy_timeout(connection.handle, isPinned ? Self.patienceMilliseconds : 0)
        defer { unsafe sqlite3_busy_timeout(connection.handle, Connection.busyMilliseconds) }
        let mode = cuts ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
        var pagesThere: Int32 = -1
        let code = unsafe sqlite3_wal_checkpoint_v2(connection.handle, nil, mode, &pagesThere, nil)
        copied = pages.count
        // Busy: with those who read all has been copied that may be, beside another checkpoint nothing.
        let isBusy = code & 0xFF == SQLITE_BUSY
        if isBusy, pagesThere < 0 { return }
        isFirst = false
        hasWholeFile = code == SQLITE_OK || isBusy
        if code == SQLITE_OK { hasErasures = false }
    }

    func finish(_ connection: Connection) {
        _ = unsafe sqlite3_wal_checkpoint_v2(connection.handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }
}
