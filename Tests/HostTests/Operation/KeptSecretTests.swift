import Glibc
import ScriptTesting
import Testing

@testable import ChatHost

@Suite("The secret that a host makes for itself")
struct KeptSecretTests {
    @Test("is 32 bytes, of the owner alone, and nothing else is left in the folder")
    func made() throws {
        let folder = try TemporaryFolder()
        let secret = try KeptSecret.load(in: folder.path)
        #expect(secret.count == 32)
        #expect(try folder.mode(of: "chat.secret") == 0o600)
        #expect(try folder.bytes(of: "chat.secret") == secret)
        #expect(try folder.names == ["chat.secret"])
    }

    @Test("is the same at the next run, and another in another folder")
    func kept() throws {
        let (here, there) = (try TemporaryFolder(), try TemporaryFolder())
        let secret = try KeptSecret.load(in: here.path)
        #expect(try KeptSecret.load(in: here.path) == secret)
        #expect(try KeptSecret.load(in: there.path) != secret)
    }

    @Test("is refused when others can read it", arguments: [mode_t(0o640), 0o604, 0o666, 0o620])
    func open(mode: mode_t) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(String(repeating: "x", count: 32), to: "chat.secret", mode: mode)
        #expect { try KeptSecret.load(in: folder.path) } throws: { error in
            "\(error)"
                == "the secret \(path) can be read by others: chmod 600 it, or remove it to have a new one made"
        }
        #expect(try folder.text(of: "chat.secret").hasPrefix("xxx"))
    }

    @Test("is refused when it is not one of ours", arguments: [0, 31, 33])
    func foreign(length: Int) throws {
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: "x", count: length), to: "chat.secret")
        #expect { try KeptSecret.load(in: folder.path) } throws: { "\($0)".contains("is not one of ours (32 bytes)") }
    }

    @Test("says why it cannot be made")
    func nowhere() {
        #expect { try KeptSecret.load(in: "/nowhere") } throws: { error in
            "\(error)" == "the secret /nowhere/chat.secret cannot be made: No such file or directory"
        }
    }

    @Test("of hosts that start at once all have the same")
    func atOnce() async throws {
        let folder = try TemporaryFolder()
        let secrets = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 { group.addTask { try await onThread { try KeptSecret.load(in: folder.path) } } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(secrets.count == 1)
        #expect(try folder.names == ["chat.secret"])
    }
}
