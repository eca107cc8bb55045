import Glibc
import ScriptTesting
import Testing

@testable import ChatHost

/// What chatd does with a terminal, and without anybody who reads it.
@Suite("chatd's streams", .enabled(if: Program.path != nil, "chatd was not built"))
struct StreamTests {
    @Test("a log that nobody reads any more does not end it")
    func unreadLog() async throws {
        let folder = try TemporaryFolder()
        try await onThread {
            let host = try Program(["--listen", "127.0.0.1:0"], in: folder, unread: [2])
            // The log has lines before this one, and more at its end.
            #expect(try host.line().hasPrefix("chatd serves at http://127.0.0.1:"))
            host.signal(SIGTERM)
            #expect(try host.ended() == 0)
        }
    }

    @Test("an answer that nobody reads is a sentence and status 1", arguments: [["--version"], ["help", "serve"]])
    func unreadAnswer(words: [String]) async throws {
        let folder = try TemporaryFolder()
        try await onThread {
            let process = try Program(words, in: folder, unread: [1])
            #expect(try process.ended() == 1)
        }
        #expect(try folder.text(of: "stderr") == "chatd: Standard output cannot be written: Broken pipe.\n")
    }

    @Test("a password is not shown while it is typed, and what comes next is")
    func password() async throws {
        let folder = try TemporaryFolder()
        try await onThread {
            let terminal = try Terminal()
            let process = try Program(["user", "add", "ann"], in: folder, at: terminal)
            try terminal.read(until: "Password for ann: ")
            #expect(!terminal.echoes)
            try terminal.type("correct horse\n")
            #expect(try process.rest().hasPrefix("ann is "))
            #expect(try process.ended() == 0)
            #expect(terminal.echoes)
        }
    }

    @Test("Ctrl-C at the question for a password leaves the terminal as it was", arguments: [SIGINT, SIGTERM, SIGHUP])
    func interrupted(signal: Int32) async throws {
        let folder = try TemporaryFolder()
        try await onThread {
            let terminal = try Terminal()
            let process = try Program(["user", "add", "ann"], in: folder, at: terminal)
            try terminal.read(until: "Password for ann: ")
            #expect(!terminal.echoes)
            process.signal(signal)
            #expect(try process.ended() == 128 + signal)
            #expect(terminal.echoes)
        }
        #expect(try folder.names == ["stderr", "stdin"])
    }
}
