import ChatKernel
import Glibc
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
        let record = Record()
        await withTaskGroup { group in
            for index in 0..<50 {
                // Runs here until it waits for the thread: so they come in this order.
                group.addImmediateTask {
                    try? await thread.run {
                        record.begin(index)
                        if index == 0 { record.awaitAll() }
                        record.end()
                    }
                }
            }
            record.allHaveCome()
        }
        #expect(record.begun == Array(0..<50))
        #expect(record.most == 1)
    }

    /// Which work was begun, in its order, and how much of it ran at once.
    final class Record: Sendable {
        private let state = Mutex((begun: [Int](), now: 0, most: 0))
        private let hasAll = Atomic<Bool>(false)

        var begun: [Int] { state.withLock { $0.begun } }
        var most: Int { state.withLock { $0.most } }

        func begin(_ index: Int) {
            state.withLock { state in
                state.begun.append(index)
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }

        func end() { state.withLock { $0.now -= 1 } }

        /// What is begun first keeps the thread until all the others stand behind it.
        func awaitAll() { while !hasAll.load(ordering: .acquiring) { sched_yield() } }
        func allHaveCome() { hasAll.store(true, ordering: .releasing) }
    }

    @Test("Past the queue's end work is refused with a time to come again") func full() async throws {
        let thread = HashingThread(longestQueue: 0)
        let error = await #expect(throws: ChatError.self) { try await thread.run { 1 } }
        #expect(error?.code == .overloaded)
        #expect(error?.retryAfterMilliseconds != nil)
    }

    @Test("It ends with its owner, and keeps nothing of the work it did") func end() async throws {
        final class Witness: Sendable {}
        weak var witness: Witness?
        let farewell = Farewell()
        do {
            let thread = HashingThread()
            let held = Witness()
            witness = held
            try await thread.run { [held] in
                farewell.waitForEnd()
                _ = held
            }
            #expect(!farewell.isSaid)
        }
        #expect(farewell.isSaid)
        #expect(witness == nil)
    }

    /// Said when a thread ends, by what it does with its own values then (pthread_key_create(3)).
    final class Farewell: Sendable {
        private let key: pthread_key_t
        private let said = Atomic<Bool>(false)

        init() {
            var key = pthread_key_t()
            let code = unsafe pthread_key_create(&key) { value in
                guard let value = unsafe value else { return }
                unsafe Unmanaged<Farewell>.fromOpaque(value).takeRetainedValue().said.store(true, ordering: .relaxed)
            }
            precondition(code == 0)
            self.key = key
        }

        deinit { pthread_key_delete(key) }

        var isSaid: Bool { said.load(ordering: .relaxed) }

        /// On the thread whose end is to be told.
        func waitForEnd() {
            let code = unsafe pthread_setspecific(key, Unmanaged.passRetained(self).toOpaque())
            precondition(code == 0)
        }
    }
}
