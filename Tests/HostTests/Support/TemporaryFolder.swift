import FoundationEssentials
import Glibc
import Testing

/// A folder of one test, gone with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let name = "chat-host-tests-" + String(UInt64.random(in: .min ... .max), radix: 36)
        path = FileManager.default.temporaryDirectory.path() + name
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t = 0o600) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(filePath: file))
        try #require(unsafe chmod(file, mode) == 0)
        return file
    }

    /// Copies a file over another.
    func copy(_ name: String, to other: String) throws {
        try Data(try bytes(of: name)).write(to: URL(filePath: path + "/" + other))
    }

    func makeFolders(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
    }

    func bytes(of name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(filePath: path + "/" + name))) }

    func text(of name: String) throws -> String { String(decoding: try bytes(of: name), as: UTF8.self) }

    func mode(of name: String) throws -> mode_t {
        var status = stat()
        try #require(unsafe stat(path + "/" + name, &status) == 0)
        return status.st_mode & 0o7777
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}
