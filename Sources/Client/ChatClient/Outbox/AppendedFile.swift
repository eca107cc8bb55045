import CLinux
import ChatNet

/// A file that grows by what is safe: bytes are appended and synced, or the whole is written anew beside it and takes its place.
struct AppendedFile: ~Copyable {
    /// Brings what was appended to the disk, as `fdatasync` does, which it is but for tests.
    typealias Sync = @Sendable (Int32) -> Int32

    let path: String
    private let sync: Sync
    private var file: Descriptor
    /// Its length in bytes.
    private(set) var count: Int
    /// What was written last may be there or not, and the next sync may not tell (a failed one drops what it was about).
    private var isBroken = false

    /// Makes the file, or puts a new one in its place: as it was, or as it is to be, whatever happens meanwhile.
    init(replacing path: String, with bytes: [UInt8], sync: @escaping Sync) throws(OutboxFile.Failure) {
        let folder = try Self.folder(of: path)
        let file = try Self.put(bytes, at: path)
        // The name too is to survive.
        guard fsync(folder.number) == 0 else { throw Self.failure(path) }
        self.path = path
        self.sync = sync
        self.file = file
        count = bytes.count
    }

    /// All of it, or none; but for a sync that fails, after which what was written may be there all the same.
    mutating func append(_ bytes: [UInt8]) throws(OutboxFile.Failure) {
        guard !isBroken else { throw .system("\(path) could not be written") }
        guard let code = Self.write(bytes, to: file) else {
            guard sync(file.number) == 0 else {
                isBroken = true
                let failure = Self.failure(path)
                // Nobody is to find what its writer is told is not kept.
                _ = ftruncate(file.number, off_t(count))
                throw failure
            }
            count &+= bytes.count
            return
        }
        // A full disk may have taken a part.
        isBroken = ftruncate(file.number, off_t(count)) != 0
        throw .system("\(path): \(SystemError.text(of: code))")
    }

    /// When it throws the file is as it was, or will not be written any more.
    mutating func replace(with bytes: [UInt8]) throws(OutboxFile.Failure) {
        guard !isBroken else { return }
        let folder = try Self.folder(of: path)
        file = try Self.put(bytes, at: path)
        count = bytes.count
        guard fsync(folder.number) == 0 else {
            isBroken = true
            throw Self.failure(path)
        }
    }

    // MARK: The system

    private static func failure(_ path: String) -> OutboxFile.Failure {
        .system("\(path): \(SystemError.text(of: chat_errno()))")
    }

    /// Takes the place of what is there, or leaves it.
    private static func put(_ bytes: [UInt8], at path: String) throws(OutboxFile.Failure) -> Descriptor {
        let new = path + ".new"
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC
        let file = unsafe Descriptor(owning: chat_open(new, flags, 0o600))
        guard file.number >= 0 else { throw failure(new) }
        if let code = write(bytes, to: file) { throw .system("\(new): \(SystemError.text(of: code))") }
        guard fsync(file.number) == 0, unsafe rename(new, path) == 0 else { throw failure(new) }
        return file
    }

    private static func folder(of path: String) throws(OutboxFile.Failure) -> Descriptor {
        var name = "."
        if let slash = path.lastIndex(of: "/") { name = slash == path.startIndex ? "/" : String(path[..<slash]) }
        let folder = unsafe Descriptor(owning: chat_open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0))
        guard folder.number >= 0 else { throw failure(name) }
        return folder
    }

    /// The `errno` of what failed; nil when all was written.
    private static func write(_ bytes: [UInt8], to file: borrowing Descriptor) -> Int32? {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
                return unsafe CLinux.write(file.number, rest.baseAddress, rest.count)
            }
            if count < 0, chat_errno() == EINTR { continue }
            guard count > 0 else { return count < 0 ? chat_errno() : ENOSPC }
            written &+= count
        }
        return nil
    }

    /// What is in a file; nothing for one that does not exist.
    static func contents(of path: String, limit: Int) throws(OutboxFile.Failure) -> [UInt8] {
        let file = unsafe Descriptor(owning: chat_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0))
        guard file.number >= 0 else {
            guard chat_errno() == ENOENT else { throw failure(path) }
            return []
        }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { unsafe read(file.number, $0.baseAddress, $0.count) }
            if count < 0, chat_errno() == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { return bytes }
            bytes += piece.prefix(count)
            guard bytes.count <= limit else { throw .system("\(path) is too large to be an outbox") }
        }
    }

    /// Gives a file another name, at which nothing is; that name.
    static func putAside(_ path: String) throws(OutboxFile.Failure) -> String {
        for number in 1...1000 {
            let name = path + ".damaged-\(number)"
            guard unsafe access(name, F_OK) != 0 else { continue }
            guard unsafe rename(path, name) == 0 else { throw failure(path) }
            return name
        }
        throw .system("there are a thousand damaged files beside \(path)")
    }
}
