import Glibc

/// A folder for a test's files, removed with its files when the last holds it no more.
package final class Folder: Sendable {
    package let path: String

    package init() {
        var template = Array("/tmp/chat-store-XXXXXX".utf8CString)
        path = unsafe template.withUnsafeMutableBufferPointer {
            guard let start = $0.baseAddress, let made = unsafe mkdtemp(start) else { return "/nowhere" }
            return unsafe String(cString: made)
        }
    }

    deinit {
        for name in files { unsafe unlink(path + "/" + name) }
        unsafe rmdir(path)
    }

    package var files: [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let item = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &item.pointee.d_name) {
                unsafe String(cString: UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

package struct FileTrouble: Error {
    package let path: String

    package init(path: String) { self.path = path }
}

package func contents(_ path: String) throws -> [UInt8] {
    guard let file = unsafe fopen(path, "r") else { throw FileTrouble(path: path) }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe fread(&chunk, 1, chunk.count, file)
        if count == 0 { return bytes }
        bytes += chunk[..<count]
    }
}

/// Whether there are the bytes of `text` in those of a file. Not asked of a `String`: that compares by characters, and what
/// happens to stand behind the text may join its last letter.
package func holds(_ bytes: [UInt8], _ text: String) -> Bool { bytes.contains(text.utf8) }

package func write(_ bytes: some Sequence<UInt8>, to path: String) throws {
    guard let file = unsafe fopen(path, "w") else { throw FileTrouble(path: path) }
    defer { unsafe fclose(file) }
    let bytes = Array(bytes)
    guard unsafe fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw FileTrouble(path: path) }
}

package func write(_ text: String, to path: String) throws { try write(text.utf8, to: path) }
