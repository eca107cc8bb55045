import FoundationEssentials
package import Glibc

/// A folder of one test, gone with it.
package final class TemporaryFolder: Sendable {
    package let path: String

    package init() throws {
        let name = "chat-tests-" + String(UInt64.random(in: .min ... .max), radix: 36)
        path = FileManager.default.temporaryDirectory.path() + name
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    package func write(_ text: String, to name: String, mode: mode_t = 0o600) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(filePath: file))
        guard unsafe chmod(file, mode) == 0 else { throw Trouble("chmod \(file): errno \(errno)") }
        return file
    }

    /// Copies a file over another.
    package func copy(_ name: String, to other: String) throws {
        try Data(try bytes(of: name)).write(to: URL(filePath: path + "/" + other))
    }

    package func makeFolders(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }

    package func bytes(of name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path + "/" + name)))
    }

    package func text(of name: String) throws -> String { String(decoding: try bytes(of: name), as: UTF8.self) }

    package func mode(of name: String) throws -> mode_t {
        var status = stat()
        guard unsafe stat(path + "/" + name, &status) == 0 else { throw Trouble("stat \(name): errno \(errno)") }
        return status.st_mode & 0o7777
    }

    package var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}
