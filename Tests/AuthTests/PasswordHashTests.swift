import ChatKernel
import Synchronization
import Testing

@testable import ChatAuth

@Suite("Password hashes") struct PasswordHashTests {
    static let salt = "AAECAwQFBgcICQoLDA0ODw"
    static let hash = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

    @Test("The text form is read and written alike") func form() throws {
        let text = "$scrypt$ln=15,r=8,p=1$\(Self.salt)$\(Self.hash)"
        let hash = try #require(PasswordHash(text))
        #expect(hash.parameters == .standard)
        #expect(hash.salt == Array(0..<16))
        #expect(hash.hash == Array(0..<32))
        #expect(hash.text == text)
    }

    @Test(
        "Another form, and a cost we are not willing to pay, is none",
        arguments: [
            "", "$", "$$$$", "scrypt$ln=15,r=8,p=1$\(salt)$\(hash)", "$scrypt$ln=15,r=8,p=1$\(salt)",
            "$scrypt$ln=15,r=8,p=1$\(salt)$\(hash)$", "$argon2id$ln=15,r=8,p=1$\(salt)$\(hash)",
            "$scrypt$ln=15,r=8$\(salt)$\(hash)", "$scrypt$r=8,ln=15,p=1$\(salt)$\(hash)",
            "$scrypt$ln=15,r=8,p=1,x=1$\(salt)$\(hash)", "$scrypt$ln=-1,r=8,p=1$\(salt)$\(hash)",
            "$scrypt$ln=,r=8,p=1$\(salt)$\(hash)", "$scrypt$ln=0,r=8,p=1$\(salt)$\(hash)",
            "$scrypt$ln=21,r=8,p=1$\(salt)$\(hash)", "$scrypt$ln=63,r=8,p=1$\(salt)$\(hash)",
            "$scrypt$ln=18,r=8,p=1$\(salt)$\(hash)", "$scrypt$ln=15,r=0,p=1$\(salt)$\(hash)",
            "$scrypt$ln=15,r=999,p=1$\(salt)$\(hash)", "$scrypt$ln=15,r=8,p=99999999999999999999$\(salt)$\(hash)",
            "$scrypt$ln=15,r=8,p=17$\(salt)$\(hash)", "$scrypt$ln=15,r=8,p=1$AAAA$\(hash)",
            "$scrypt$ln=15,r=8,p=1$\(salt)$AAAA", "$scrypt$ln=15,r=8,p=1$\(salt)=$\(hash)",
            "$scrypt$ln=15,r=8,p=1$\(salt)$\(hash)" + String(repeating: "A", count: 400),
        ])
    func refused(text: String) {
        #expect(PasswordHash(text) == nil)
    }

    @Test("The real thing: right, wrong, and another's cost") func real() async throws {
        let passwords = Passwords(parameters: try #require(ScryptParameters(logN: 4, r: 8, p: 1)))
        let stored = try await passwords.hash("correct horse")
        #expect(stored.hasPrefix("$scrypt$ln=4,r=8,p=1$"))
        #expect(try await passwords.matches("correct horse", stored))
        #expect(try await !passwords.matches("wrong horse", stored))
        #expect(try await !passwords.matches("correct horse", nil))
        let dearer = Passwords(parameters: try #require(ScryptParameters(logN: 5, r: 8, p: 1)))
        #expect(try await dearer.matches("correct horse", stored))
    }

    @Test("Nobody's password is not the one that hashes to zeros") func zeros() async throws {
        let passwords = Passwords { _, _, _, length in [UInt8](repeating: 0, count: length) }
        #expect(try await !passwords.matches("anything", nil))
    }

    @Test("Without the memory for a hash nobody is told that the password was wrong") func noMemory() async throws {
        let passwords = Passwords { _, _, _, _ in nil }
        let error = await #expect(throws: ChatError.self) { try await passwords.matches("x", nil) }
        #expect(error?.code == .overloaded)
    }
}

@Suite("The hashing thread") struct HashingThreadTests {
    @Test("Work is done one at a time, in the order it came") func order() async throws {
        let thread = HashingThread()
        let running = Occupancy()
        let results = await withTaskGroup(of: Int?.self) { group in
            for index in 0..<50 {
                group.addTask {
                    try? await thread.run {
                        running.enter()
                        defer { running.leave() }
                        return index
                    }
                }
            }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(results == Set(0..<50))
        #expect(running.most == 1)
    }

    final class Occupancy: Sendable {
        private let state = Mutex((now: 0, most: 0))

        var most: Int { state.withLock { $0.most } }
        func enter() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
        func leave() { state.withLock { $0.now -= 1 } }
    }

    @Test("Past the queue's end work is refused with a time to come again") func full() async throws {
        let thread = HashingThread(longestQueue: 0)
        let error = await #expect(throws: ChatError.self) { try await thread.run { 1 } }
        #expect(error?.code == .overloaded)
        #expect(error?.retryAfterMilliseconds != nil)
    }

    @Test("It ends with its owner") func end() async throws {
        final class Witness: Sendable {}
        weak var witness: Witness?
        do {
            let thread = HashingThread()
            let held = Witness()
            witness = held
            _ = try await thread.run { [held] in ObjectIdentifier(held) }
        }
        #expect(witness == nil)
    }
}
