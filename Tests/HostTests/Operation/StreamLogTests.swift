import ChatKernel
import Glibc
import ScriptTesting
import Testing

@testable import ChatHost

/// What a log writes, a line each.
private func lines(
    _ form: StreamLog.Form, from threshold: LogLevel = .debug, _ write: (StreamLog) -> Void
) throws -> [String] {
    let folder = try TemporaryFolder()
    let descriptor = unsafe open(folder.path + "/log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    write(StreamLog(form, from: threshold, time: TestTime(), descriptor: descriptor))
    close(descriptor)
    let text = try folder.text(of: "log")
    #expect(text.isEmpty || text.hasSuffix("\n"))
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
}

@Suite("The log")
struct StreamLogTests {
    @Test("a text line has the time, the level, the message and the fields")
    func text() throws {
        let lines = try lines(.text) { log in
            log.warning("the disk is slow", LogField("ms", 12), LogField("path", "chat.db"))
        }
        #expect(lines == ["2026-01-01T00:00:00.000000Z WARNING  the disk is slow  ms=12  path=chat.db"])
    }

    @Test(
        "text is one line whatever came from outside",
        arguments: ["a\nb", "a\r\nb", "a\u{1B}[31mb", "a\u{0}b", "\u{7F}"])
    func oneLine(hostile: String) throws {
        let lines = try lines(.text) { $0.info("said \(hostile)", LogField("field", hostile)) }
        #expect(lines.count == 1)
        #expect(lines.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } })
    }

    @Test("JSON is an object a line, and somebody else's parser reads it")
    func json() throws {
        let hostile = "a\"\\\n\u{1F}\u{2028}é"
        let lines = try lines(.json) { log in
            log.error(hostile, LogField("one", hostile), LogField("tw\"o", 2))
            log.info("plain")
        }
        #expect(lines.count == 2)
        let first = try JSON(parsing: Array(lines[0].utf8))
        #expect(first["time"] == "2026-01-01T00:00:00.000000Z")
        #expect(first["level"] == "error")
        #expect(first["message"].text == hostile)
        #expect(first["fields"]["one"].text == hostile)
        #expect(first["fields"]["tw\"o"] == "2")
        #expect(try JSON(parsing: Array(lines[1].utf8))["fields"].names.isEmpty)
    }

    @Test("what is below the level is not written")
    func threshold() throws {
        let lines = try lines(.text, from: .warning) { log in
            log.log(.debug, "one", [])
            log.info("two")
            log.warning("three")
            log.error("four")
        }
        #expect(lines.count == 2)
        #expect(lines.first?.contains("three") == true)
    }

    @Test("no token appears in either form", arguments: [StreamLog.Form.text, .json])
    func secrets(form: StreamLog.Form) throws {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"
        let lines = try lines(form) { log in
            log.info("GET /api/chat/ws/1?token=\(token)&after=3", LogField("authorization", "Bearer \(token)"))
            log.info("offers chat.v2, chat.token.\(token)", LogField("said", "{\"access_token\":\"\(token)\"}"))
        }
        #expect(lines.count == 2)
        for line in lines {
            #expect(!line.contains("c2lnbmF0dXJl"))
            #expect(!line.contains("eyJzdWIiOiJhbm4ifQ"))
        }
        #expect(lines[0].contains("after=3"))
    }
}

@Suite("Redaction")
struct RedactionTests {
    @Test(
        "takes secrets out, and leaves the rest",
        arguments: [
            ("nothing to hide", "nothing to hide"),
            ("?token=abc&after=1", "?token=…&after=1"),
            ("?after=1&token=abc", "?after=1&token=…"),
            ("?ticket=abc d", "?ticket=… d"),
            ("access_token=abc", "access_token=…"),
            ("Authorization: Bearer abc.def\nHost: x", "Authorization: Bearer …\nHost: x"),
            ("authorization: bearer abc", "authorization: bearer …"),
            ("password=a&password=b", "password=…&password=…"),
            ("\"token=x\"", "\"token=…\""),
            ("token=", "token=…"),
            ("chat.token.eyJhIjoxfQ.eyJiIjoyfQ.c2ln, chat.v2", "chat.token.…, chat.v2"),
            ("eyJhIjoxfQ.eyJiIjoyfQ.", "…"),
            ("eyJ", "eyJ"),
            ("they eyJust met. v1.2.3", "they eyJust met. v1.2.3"),
            ("", ""),
        ])
    func texts(before: String, after: String) {
        #expect(Redaction.redact(before) == after)
    }
}
