import CSQLite
import ChatKernel
import Synchronization

/// Keeps a second process from writing the same store: both would give out the same numbers.
///
/// An exclusive `flock` on `<path>.lock`, which the system lets go of when the process ends, however it ends. The file is
/// kept, since removing it would let two processes hold locks on two files of one name; it holds the owner's process
/// number for the message.
final class FileLock: Sendable {
    private let descriptor: Int32
    private let isHeld = Atomic(true)

    init(path: String, guarding store: String) throws(StoreError) {
        let descriptor = unsafe chat_open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreError(.unavailable, "\(path) cannot be opened: \(systemError())") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = chat_errno()
            let holder = Self.holder(descriptor)
            close(descriptor)
            guard reason == EWOULDBLOCK else {
                throw StoreError(.unavailable, "\(path) cannot be locked: \(systemError(reason))")
            }
            throw StoreError(
                .unavailable,
                "\(store) is in use by \(holder.map { "process \($0)" } ?? "another process"); "
                    + "stop that one first, or choose another path")
        }
        self.descriptor = descriptor
        var text = Array("\(getpid())\n".utf8)
        // For the message only: what cannot be written is not missed.
        _ = ftruncate(descriptor, 0)
        _ = unsafe pwrite(descriptor, &text, text.count, 0)
    }

    deinit { release() }

    /// Once.
    func release() {
        guard isHeld.exchange(false, ordering: .relaxed) else { return }
        // Said, not only let go: a child of this process that has forked and not yet become another program holds the
        // same description for a moment, and closing ours alone would leave the lock with it.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private static func holder(_ descriptor: Int32) -> Int? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return Int(String(decoding: digits, as: UTF8.self))
    }
}

/// What the system says of its last refusal.
func systemError(_ code: Int32 = chat_errno()) -> String { unsafe String(cString: strerror(code)) }

/// Makes the file with nobody else's eyes on it, if it is not there: SQLite gives its own files the same mode.
///
/// A file that is there is not opened: closing it would let go of the locks that SQLite holds on it in this process.
func makeStoreFile(at path: String) throws(StoreError) {
    let descriptor = unsafe chat_open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
        close(descriptor)
        return
    }
    let reason = chat_errno()
    guard reason == EEXIST else {
        throw StoreError(.unavailable, "\(path) cannot be made: \(systemError(reason))")
    }
}

/// - Throws: in a sentence of its own: a missing folder is the commonest mistake.
func requireFolder(of path: String) throws(StoreError) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    guard unsafe access(folder, W_OK | X_OK) != 0 else { return }
    let reason = chat_errno()
    throw StoreError(
        .unavailable,
        reason == ENOENT
            ? "the folder \(folder) of the store does not exist"
            : "the folder \(folder) of the store cannot be used: \(systemError(reason))")
}
