import CLinux
import ChatAuth

/// The secret that signs tokens, when the config names none: made on the first run and kept beside the data, readable by
/// nobody else.
enum KeptSecret {
    static let name = "chat.secret"
    private static let length = 32

    /// - Throws: ``Host/Failure`` saying what is wrong with the file.
    static func load(in directory: String) throws -> [UInt8] {
        let path = directory + "/" + name
        if let kept = try read(path) { return kept }
        let fresh = try Randomness.bytes(length)
        // Written under another name and then linked, which fails when the name is taken: of two hosts that start at once
        // one wins, and the other finds the whole of what the first has written.
        let draft = path + ".\(UInt64.random(in: .min ... .max))"
        let descriptor = unsafe chat_open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Host.Failure("the secret \(path) cannot be made: \(SystemText.error())")
        }
        defer {
            close(descriptor)
            unsafe unlink(draft)
        }
        let count = unsafe fresh.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        guard count == fresh.count, fsync(descriptor) == 0 else {
            throw Host.Failure("the secret \(path) cannot be written: \(SystemText.error())")
        }
        if unsafe link(draft, path) == 0 { return fresh }
        let reason = SystemText.error()
        if let kept = try read(path) { return kept }
        throw Host.Failure("the secret \(path) cannot be made: \(reason)")
    }

    /// Nil when there is no such file.
    private static func read(_ path: String) throws -> [UInt8]? {
        let descriptor = unsafe chat_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        unsafe fstat(descriptor, &status)
        guard status.st_mode & 0o077 == 0 else {
            throw Host.Failure(
                "the secret \(path) can be read by others: chmod 600 it, or remove it to have a new one made")
        }
        var bytes = [UInt8](repeating: 0, count: length + 1)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe CLinux.read(descriptor, $0.baseAddress, $0.count) }
        guard count == length else {
            throw Host.Failure(
                "the secret \(path) is not one of ours (\(length) bytes); remove it to have a new one made")
        }
        return Array(bytes.prefix(length))
    }
}

/// What the system says.
enum SystemText {
    static func error() -> String {
        unsafe String(cString: strerror(chat_errno()))
    }
}

enum Terminal {
    static var isStandardError: Bool { isatty(2) == 1 }
}
