import CLinux
import ChatClient

/// Where what was typed waits until the server has it, also when `chat` is killed or the machine is.
///
/// With `--outbox FILE` there, or not at all. Otherwise in `$XDG_STATE_HOME/chat` or `~/.local/state/chat`, in a file for each user of each
/// server; when that cannot be, in memory only, and it is said.
enum KeptOutbox {
    static func open(_ arguments: Arguments, at server: ServerAddress) throws(ClientFailure) -> OutboxFile? {
        let owner = "\(arguments.user) at \(server)"
        if let path = arguments.outbox {
            do throws(OutboxFile.Failure) {
                return try OutboxFile(at: path, for: owner)
            } catch {
                throw .outboxBroken(error.description)
            }
        }
        guard let folder else { return nil }
        do throws(OutboxFile.Failure) {
            try make(folder)
            return try OutboxFile(at: "\(folder)/\(name(owner)).outbox", for: owner)
        } catch {
            switch error {
            case .inUse: Terminal.complain("another chat keeps the outbox; what is typed here is kept in memory only")
            default: Terminal.complain("what is typed is kept in memory only: \(error)")
            }
            return nil
        }
    }

    private static var folder: String? {
        if let state = variable("XDG_STATE_HOME") { return state + "/chat" }
        return variable("HOME").map { $0 + "/.local/state/chat" }
    }

    /// A path by a variable; one that is not absolute does not count (XDG Base Directory Specification).
    private static func variable(_ name: String) -> String? {
        guard let found = unsafe getenv(name) else { return nil }
        let path = unsafe String(cString: found)
        return path.hasPrefix("/") ? path : nil
    }

    /// With all that leads to it.
    private static func make(_ folder: String) throws(OutboxFile.Failure) {
        for place in folder.indices.dropFirst() where folder[place] == "/" {
            unsafe mkdir(String(folder[..<place]), 0o700)
        }
        guard unsafe mkdir(folder, 0o700) == 0 || chat_errno() == EEXIST else {
            throw .system("\(folder) cannot be made: errno \(chat_errno())")
        }
    }

    /// Fit for a file's name: what is not a letter, a digit or harmless is its hexadecimal code.
    private static func name(_ owner: String) -> String {
        var name = ""
        for byte in owner.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
                name.unicodeScalars.append(Unicode.Scalar(byte))
            default: name += "_" + String(byte, radix: 16)
            }
        }
        return name
    }
}
