import CLinux
import ChatNet
import Synchronization

/// An outbox in a file, for one user of one server: what was written before the app was killed, or the machine was, is sent by the next
/// client.
///
///     let outbox = try OutboxFile(at: "/var/lib/app/ann.outbox", for: "ann at https://chat.example")
///     let client = try ChatClient(server, outbox: outbox) { token }
///
/// A message is on the disk before `send` returns, and it is sent again with the same `client_id`, so the server has it once. Messages are
/// appended, as their settlements are, each synced; when the file has grown to twice of what is still to be sent, and 64 KiB, it is written
/// anew beside itself and renamed. The messages in it are readable by the file's owner only, and not encrypted.
public final class OutboxFile: OutboxStore {
    /// Bytes that messages may take which are still to be sent. One more is refused (``Failure/full``); the file is at most about twice as
    /// large.
    public static let limit = 32 << 20

    /// Why an outbox cannot be kept.
    public enum Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// Another client has it open, in this process or another.
        case inUse(path: String)
        /// It is somebody else's: nothing of it may be sent as this user's.
        case foreign(path: String, owner: String)
        /// A line of it is broken in the middle. The file has been put aside as it was, for somebody to look at; the next attempt begins with a
        /// new one.
        case damaged(path: String, line: Int, keptAs: String)
        /// It holds as much as it may.
        case full
        /// The system refuses, and why.
        case system(String)

        public var description: String {
            switch self {
            case .inUse(let path): "\(path) is in use by another client"
            case .foreign(let path, let owner): "\(path) is the outbox of \(owner)"
            case .damaged(let path, let line, let kept):
                "line \(line) of \(path) is damaged, so nothing of it is sent; it is kept as \(kept)"
            case .full: "the file holds \(OutboxFile.limit >> 20) MiB of messages that are still to be sent"
            case .system(let detail): detail
            }
        }
    }

    private struct State: ~Copyable {
        var file: AppendedFile
        /// Held for as long as this object lives.
        let lock: Lock
        var items: [OutboxItem]
        /// Of the lines that a new file would have.
        var liveBytes: Int
    }

    private let owner: String
    private let state: Mutex<State>

    /// Opens the file, or makes it.
    /// - Parameters:
    ///   - path: in a folder that exists. Beside it come `path.lock`, and now and then `path.new`.
    ///   - owner: whose it is, in words that stay the same.
    public convenience init(at path: String, for owner: String) throws(Failure) {
        try self.init(at: path, for: owner, sync: { fdatasync($0) })
    }

    init(at path: String, for owner: String, sync: @escaping AppendedFile.Sync) throws(Failure) {
        let lock = try Lock(path)
        let bytes = try AppendedFile.contents(of: path, limit: 4 * Self.limit)
        let log: OutboxLog
        do throws(OutboxLog.Damage) {
            log = try OutboxLog(bytes)
        } catch {
            throw .damaged(path: path, line: error.line, keptAs: try AppendedFile.putAside(path))
        }
        if let other = log.owner, other != owner { throw .foreign(path: path, owner: other) }
        self.owner = owner
        // Written anew each time: an end that was cut is never appended to.
        let lines = Self.lines(log.items, owner)
        state = Mutex(
            State(
                file: try AppendedFile(replacing: path, with: lines, sync: sync), lock: lock, items: log.items,
                liveBytes: lines.count))
    }

    private static func lines(_ items: [OutboxItem], _ owner: String) -> [UInt8] {
        items.reduce(into: OutboxLog.line(for: owner)) { $0 += OutboxLog.line(adding: $1) }
    }

    // MARK: The store

    public func items() -> [OutboxItem] { state.withLock { $0.items } }

    /// - Throws: ``Failure``; then the item is not kept.
    public func add(_ item: OutboxItem) throws {
        let line = OutboxLog.line(adding: item)
        try state.withLock { state in
            guard state.liveBytes &+ line.count <= Self.limit else { throw Failure.full }
            try state.file.append(line)
            state.items.append(item)
            state.liveBytes &+= line.count
        }
    }

    /// When the disk does not take it, the item stays in the file, and the next client sends it once more.
    public func remove(_ item: OutboxItem) {
        state.withLock { state in
            guard let place = state.items.firstIndex(of: item) else { return }
            state.items.remove(at: place)
            state.liveBytes &-= OutboxLog.line(adding: item).count
            do throws(Failure) {
                try state.file.append(OutboxLog.line(settling: item))
                guard state.file.count > 2 &* state.liveBytes &+ 64 << 10 else { return }
                try state.file.replace(with: Self.lines(state.items, owner))
            } catch {
                // It will be sent once more by the next client, which does no harm.
            }
        }
    }
}

/// Keeps a second client away: an exclusive `flock` on `<path>.lock`.
private struct Lock: ~Copyable {
    private let file: Descriptor

    init(_ path: String) throws(OutboxFile.Failure) {
        let file = unsafe Descriptor(owning: chat_open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
        guard file.number >= 0 else { throw .system("\(path).lock: \(SystemError.text(of: chat_errno()))") }
        guard flock(file.number, LOCK_EX | LOCK_NB) == 0 else { throw .inUse(path: path) }
        self.file = file
    }

    deinit {
        // Said, not only let go: a program that the app is just starting holds the same description for a moment, and closing
        // ours alone would leave the lock with it.
        flock(file.number, LOCK_UN)
    }
}
