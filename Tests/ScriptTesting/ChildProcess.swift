package import Glibc
import Synchronization

/// A program of this package, run by a test.
package struct ChildProcess: Sendable {
    package let id: pid_t

    /// Held while a program is started, and while descriptors are made that it is not to have.
    private static let starting = Mutex(())

    /// Where the build has put it, beside the tests; nil when it was not built.
    package static func path(of program: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        let me = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = me.lastIndex(of: "/") else { return nil }
        let path = String(me[...slash] + program)
        return unsafe access(path, X_OK) == 0 ? path : nil
    }

    /// Starts it.
    ///
    /// Nothing of the tests' environment may decide, but for what a sanitizer is told by: without it the thread sanitizer of the program
    /// sees a race in each contended Mutex (Tests/Sanitizers/README.md), and its reports are lost.
    ///
    /// - Parameters:
    ///   - words: the program's path and its arguments.
    ///   - environment: all else it is to see, as `NAME=value`.
    ///   - actions: what becomes of its descriptors.
    package init(
        _ words: [String], environment: [String] = [], _ actions: inout posix_spawn_file_actions_t
    ) throws {
        var environment = environment
        for name in ["LD_PRELOAD", "TSAN_OPTIONS", "ASAN_OPTIONS", "LSAN_OPTIONS"] {
            if let value = unsafe getenv(name) { unsafe environment.append(name + "=" + String(cString: value)) }
        }
        var arguments = unsafe Self.terminated(words)
        defer { unsafe arguments.forEach { unsafe free($0) } }
        var variables = unsafe Self.terminated(environment)
        defer { unsafe variables.forEach { unsafe free($0) } }
        var id = pid_t()
        let code = Self.starting.withLock { _ in
            unsafe posix_spawn(&id, words[0], &actions, nil, &arguments, &variables)
        }
        guard code == 0 else { throw Trouble("posix_spawn: errno \(code)") }
        self.id = id
    }

    /// A pipe, neither end of which is for a program that another test happens to start.
    package static func pipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try starting.withLock { _ in
            guard unsafe Glibc.pipe(&ends) == 0 else { throw Trouble("pipe: errno \(errno)") }
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        return (ends[0], ends[1])
    }

    private static func terminated(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        unsafe texts.map { unsafe strdup($0) } + [nil]
    }

    /// Waits for its end, to be called once; the exit status, or 128 and the signal.
    package func ended() throws -> Int32 {
        var status: Int32 = 0
        guard unsafe waitpid(id, &status, 0) == id else { throw Trouble("waitpid: errno \(errno)") }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}
