import ChatClient
import Glibc
import Testing

/// The built `chat`, run as a process with pipes, which ends with this object at the latest.
final class ChatProcess: @unchecked Sendable {
    /// Beside the tests, where the build puts it; nil when it was not built.
    static let path: String? = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        let me = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = me.lastIndex(of: "/") else { return nil }
        let path = String(me[...slash] + "chat")
        return unsafe access(path, X_OK) == 0 ? path : nil
    }()

    private let process: pid_t
    private var input: Int32
    private let output: Int32
    private var hasEnded = false
    /// All that it has said.
    private(set) var said: [String] = []

    init(_ arguments: [String], password: String? = "correct horse") throws {
        guard let path = Self.path else { throw Trouble("chat was not built") }
        var (down, up): ([Int32], [Int32]) = ([0, 0], [0, 0])
        guard unsafe pipe(&down) == 0, unsafe pipe(&up) == 0 else { throw Trouble("pipe: errno \(errno)") }
        for end in down + up { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, down[0], 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, up[1], 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, up[1], 2)
        var words: [UnsafeMutablePointer<CChar>?] = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        defer { unsafe words.forEach { unsafe free($0) } }
        // Nothing of the tests' environment may decide, but for what a sanitizer is told by.
        var environment: [UnsafeMutablePointer<CChar>?] = unsafe []
        if let password { unsafe environment.append(strdup("CHAT_PASSWORD=" + password)) }
        for name in ["LD_PRELOAD", "TSAN_OPTIONS", "ASAN_OPTIONS", "LSAN_OPTIONS"] {
            guard let value = unsafe getenv(name) else { continue }
            unsafe environment.append(strdup(name + "=" + String(cString: value)))
        }
        unsafe environment.append(nil)
        defer { unsafe environment.forEach { unsafe free($0) } }
        var process = pid_t()
        let code = unsafe posix_spawn(&process, path, &actions, nil, &words, &environment)
        close(down[0])
        close(up[1])
        guard code == 0 else { throw Trouble("posix_spawn: errno \(code)") }
        self.process = process
        input = down[1]
        output = up[0]
    }

    deinit {
        if hasEnded { return }
        kill(process, SIGKILL)
        _ = try? ended()
    }

    func type(_ line: String) throws {
        let bytes = Array((line + "\n").utf8)
        guard unsafe write(input, bytes, bytes.count) == bytes.count else { throw Trouble("it reads no more") }
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

    private func next() throws -> String? {
        var bytes: [UInt8] = []
        while true {
            var wish = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&wish, 1, 30_000) == 1 else { throw Trouble("it says nothing more, after \(said)") }
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
        var status: Int32 = 0
        guard unsafe waitpid(process, &status, 0) == process else { throw Trouble("waitpid: errno \(errno)") }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}

private final class Errand {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

/// Runs a blocking script on a thread of its own: the threads of the cooperative pool belong to the host.
func onThread<Value: Sendable>(_ script: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
        let start = unsafe Unmanaged.passRetained(Errand { continuation.resume(with: Result(catching: script)) })
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context {
                    unsafe Unmanaged<Errand>.fromOpaque(context).takeRetainedValue().body()
                }
                return nil
            }, start.toOpaque())
        precondition(code == 0)
        pthread_detach(thread)
    }
}
