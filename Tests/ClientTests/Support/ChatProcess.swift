import Glibc
import ScriptTesting

/// The built `chat`, run as a process with pipes, which ends with this object at the latest.
final class ChatProcess: @unchecked Sendable {
    /// Beside the tests, where the build puts it; nil when it was not built.
    static let path = ChildProcess.path(of: "chat")

    private let process: ChildProcess
    private var input: Int32
    private let output: Int32
    private var hasEnded = false
    /// All that it has said.
    private(set) var said: [String] = []

    init(
        _ arguments: [String], password: String? = "correct horse", environment more: [String] = []
    ) throws {
        guard let path = Self.path else { throw Trouble("chat was not built") }
        let (down, up) = (try ChildProcess.pipe(), try ChildProcess.pipe())
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, down.reading, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, up.writing, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, up.writing, 2)
        defer {
            close(down.reading)
            close(up.writing)
        }
        process = try unsafe ChildProcess(
            [path] + arguments, environment: (password.map { ["CHAT_PASSWORD=" + $0] } ?? []) + more, &actions)
        input = down.writing
        output = up.reading
    }

    deinit {
        if hasEnded { return }
        kill(process.id, SIGKILL)
        _ = try? ended()
    }

    func type(_ line: String) throws {
        let bytes = Array((line + "\n").utf8)
        guard unsafe write(input, bytes, bytes.count) == bytes.count else { throw Trouble("it reads no more") }
    }

    /// Types the same line again and again, until it is not read for half a second; how many bytes that took, at most about `limit`.
    func flood(_ line: String, limit: Int) throws -> Int {
        let bytes = Array((line + "\n").utf8)
        var taken = 0
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
        while taken < limit {
            var wish = pollfd(fd: input, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&wish, 1, 500) == 1 else { break }
            taken += max(0, unsafe write(input, bytes, bytes.count))
        }
        return taken
    }

    /// Nothing more is typed.
    func hush() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Reads until a line has all of these words in it; that line.
    @discardableResult
    func line(with words: String...) throws -> String {
        while let line = try next() {
            if words.allSatisfy({ line.contains($0) }) { return line }
        }
        throw Trouble("it ended, without \(words), after \(said)")
    }

    /// Reads to the end; the exit status.
    func rest() throws -> Int32 {
        while try next() != nil {}
        return try ended()
    }

    /// Ends it as nothing can prevent; the status.
    func killed() throws -> Int32 {
        kill(process.id, SIGKILL)
        return try ended()
    }

    private func next() throws -> String? {
        var bytes: [UInt8] = []
        while true {
            var wish = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&wish, 1, 300_000) == 1 else { throw Trouble("it says nothing more, after \(said)") }
            var byte: UInt8 = 0
            guard unsafe read(output, &byte, 1) == 1 else { return nil }
            guard byte != UInt8(ascii: "\n") else { break }
            bytes.append(byte)
        }
        let line = String(decoding: bytes, as: UTF8.self)
        said.append(line)
        return line
    }

    private func ended() throws -> Int32 {
        hasEnded = true
        hush()
        close(output)
        return try process.ended()
    }
}
