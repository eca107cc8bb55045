import Glibc
import ScriptTesting

/// The built `chatd`, run as a process, which ends with this object at the latest.
final class Program {
    /// Beside the tests, where the build puts it; nil when it was not built.
    static let path = ChildProcess.path(of: "chatd")

    struct Ending: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Runs it to its end, in a folder.
    static func run(_ arguments: String..., in folder: TemporaryFolder, input: String = "") throws -> Ending {
        let process = try Program(arguments, in: folder, input: input)
        let output = try process.rest()
        return Ending(status: try process.ended(), output: output, errors: try folder.text(of: "stderr"))
    }

    private let process: ChildProcess
    private let output: Int32
    private var hasEnded = false

    /// Starts it.
    /// - Parameters:
    ///   - terminal: where it asks and complains, if it is to have one.
    ///   - unread: those of its output and errors that nobody reads.
    init(
        _ arguments: [String], in folder: TemporaryFolder, input: String = "", at terminal: Terminal? = nil,
        unread: [Int32] = []
    ) throws {
        guard let path = Self.path else { throw Trouble("chatd was not built") }
        try folder.write(input, to: "stdin")
        let ends = try Self.channel()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, folder.path + "/stdin", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends.writing, 1)
        unsafe posix_spawn_file_actions_addopen(
            &actions, 2, folder.path + "/stderr", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        if let terminal {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, terminal.path, O_RDWR | O_NOCTTY, 0)
            unsafe posix_spawn_file_actions_adddup2(&actions, 0, 2)
        }
        let unheard = try Self.channel()
        close(unheard.reading)
        defer { close(unheard.writing) }
        for descriptor in unread { unsafe posix_spawn_file_actions_adddup2(&actions, unheard.writing, descriptor) }
        // A shell only to be in the folder: glibc hides the action that would go there.
        let shell = ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, folder.path, path]
        defer { close(ends.writing) }
        process = try unsafe ChildProcess(shell + arguments, &actions)
        output = ends.reading
    }

    /// Like a pipe, but neither end is for a program that happens to be started meanwhile.
    private static func channel() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Trouble("socketpair: errno \(errno)") }
        return (ends[0], ends[1])
    }

    deinit {
        if hasEnded { return }
        kill(process.id, SIGKILL)
        _ = try? ended()
    }

    /// The next line of its output.
    func line() throws -> String {
        var bytes: [UInt8] = []
        while let byte = try byte() {
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        throw Trouble("it ended after \(String(decoding: bytes, as: UTF8.self))")
    }

    /// All of its output that has not been read.
    func rest() throws -> String {
        var bytes: [UInt8] = []
        while let byte = try byte() { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func byte() throws -> UInt8? {
        var wish = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&wish, 1, 300_000) == 1 else {
            kill(process.id, SIGKILL)
            throw Trouble("chatd says nothing")
        }
        var byte: UInt8 = 0
        return unsafe read(output, &byte, 1) == 1 ? byte : nil
    }

    func signal(_ number: Int32) { kill(process.id, number) }

    /// Waits for its end; the exit status, or 128 and the signal.
    func ended() throws -> Int32 {
        hasEnded = true
        close(output)
        return try process.ended()
    }
}
