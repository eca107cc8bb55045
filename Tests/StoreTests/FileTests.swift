import ChatFaults
import ChatKernel
import ChatSQLite
import Glibc
import Testing

/// What is peculiar to a store that is a file.
@Suite("The file of a SQLite store")
struct FileTests {
    private let folder = Folder()
    private var path: String { folder.path + "/chat.db" }

    private func open(exclusive: Bool = true) async throws -> SQLiteStore {
        try await SQLiteStore.open(SQLiteStoreSettings(path: path), exclusive: exclusive)
    }

    /// Why opening is refused.
    private func refusal(exclusive: Bool = true) async -> StoreError? {
        do {
            await (try open(exclusive: exclusive)).close()
            return nil
        } catch { return error as? StoreError }
    }

    @Test("belongs to its user alone, as do the files beside it")
    func mode() async throws {
        let store = try await open()
        try await store.save(User(id: UserID("a"), username: "a", createdAt: Timestamp(microseconds: 0)))
        for name in folder.files { #expect(fileMode(folder.path + "/" + name) == 0o600, "\(name)") }
        #expect(Set(folder.files) == ["chat.db", "chat.db-wal", "chat.db-shm", "chat.db.lock"])
        await store.close()
        #expect(Set(folder.files) == ["chat.db", "chat.db.lock"], "after close")
    }

    @Test("is in WAL mode, and says that it is ours")
    func header() async throws {
        await (try open()).close()
        let bytes = try contents(path)
        #expect(bytes[18] == 2 && bytes[19] == 2, "the write and read versions of WAL")
        #expect(Array(bytes[68..<72]) == Array("CHAT".utf8))
    }

    @Test("is refused to a second opener, with the number of the first's process")
    func lock() async throws {
        let store = try await open()
        let error = await refusal()
        #expect(error?.code == .unavailable)
        #expect(
            error?.detail
                == "\(path) is in use by process \(getpid()); stop that one first, or choose another path")
        await store.close()
        #expect(await refusal() == nil)
    }

    @Test("is let go of by a store that nobody closed")
    func abandoned() async throws {
        func use() async throws { _ = try await (try open()).head() }
        try await use()
        #expect(await refusal() == nil)
    }

    @Test("in a folder that does not exist is refused in a sentence")
    func missingFolder() async throws {
        await #expect(throws: StoreError(.unavailable, "the folder \(folder.path)/none of the store does not exist")) {
            _ = try await SQLiteStore.open(SQLiteStoreSettings(path: folder.path + "/none/chat.db"))
        }
    }

    @Test("that is no database is refused and left alone")
    func garbage() async throws {
        let text = String(repeating: "This is a letter to my aunt. ", count: 100)
        try write(text, to: path)
        let error = try #require(await refusal())
        #expect(error.code == .damaged)
        #expect(error.detail.hasPrefix("\(path) is not a chat database, or is damaged"))
        #expect(try contents(path) == Array(text.utf8))
    }

    @Test("that was cut short is refused")
    func short() async throws {
        let talk = try await Talk.begin(try await open())
        for index in 0..<200 { try await talk.say("\(index)") }
        await talk.store.close()
        let whole = try contents(path)
        try write(whole[..<(whole.count - 5000)], to: path)
        #expect(await refusal()?.code == .damaged)
    }

    @Test("of another application is refused and left alone")
    func foreign() async throws {
        try execute("CREATE TABLE invoices(number); PRAGMA user_version = 7", on: path)
        let before = try contents(path)
        let error = await refusal()
        #expect(error?.detail == "\(path) is a database of another application; choose another path")
        #expect(try contents(path) == before)
    }

    @Test("of a newer version is refused, saying which")
    func newer() async throws {
        await (try open()).close()
        try execute("PRAGMA user_version = 99", on: path)
        #expect(
            await refusal()?.detail
                == "\(path) was written by a newer version of this program (schema 99, this one knows 6); "
                + "use that version, or a backup from before it")
    }

    @Test("of an older version is brought up to date, with all that is in it")
    func older() async throws {
        let talk = try await Talk.begin(try await open())
        try await talk.say("from before")
        await talk.store.close()
        try undoSchema(to: 1, of: path)

        let store = try await open()
        #expect(try await store.messages(.newest(talk.room, spans: [Span(from: 1)], offset: 0), limit: 9).count == 1)
        let owner = try #require(try await store.conversation(talk.room, for: Talk.ada)?.participants.first?.user.id)
        let create = Draft(
            conversation: ConversationID("c"), author: owner,
            proposal: .create(ConversationDetails(isGroup: true), participants: []), entropy: 1,
            limits: MembershipLimits(conversationsPerUser: 1))
        #expect(try await store.commit([create], at: Timestamp(microseconds: 0)).map(\.refusal) == [.conflict])
        await store.close()
    }

    @Test("can be opened beside a running store to look after accounts, and for nothing else")
    func beside() async throws {
        let running = try await open()
        let tool = try await open(exclusive: false)
        let user = User(id: UserID("a"), username: "a", createdAt: Timestamp(microseconds: 0))
        try await tool.save(user)
        #expect(try await running.user(user.id) == user)
        #expect(try await tool.users(.all(after: nil), limit: 9) == [user])
        await #expect(throws: StoreError.self) { _ = try await tool.head() }
        await #expect(throws: StoreError.self) { _ = try await tool.commit([], at: Timestamp(microseconds: 0)) }
        await #expect(throws: StoreError.self) {
            _ = try await tool.conversation(ConversationID("x"), for: user.id)
        }

        // The running store notices at once that an account was disabled.
        let create = Draft(
            conversation: ConversationID("c"), author: user.id,
            proposal: .create(ConversationDetails(isGroup: true), participants: []), entropy: 1)
        var disabled = user
        disabled.isActive = false
        try await tool.save(disabled)
        let refused = try await running.commit([create], at: Timestamp(microseconds: 0))
        #expect(refused.map(\.refusal) == [.unknownUser])
        try await tool.save(user)
        #expect(try await running.commit([create], at: Timestamp(microseconds: 0)).map(\.refusal) == [nil])
        await tool.close()
        #expect(try await running.head().pos == 1)
        await running.close()
    }

    @Test("does not hold the content of deleted messages any more, nor of their edits")
    func erasure() async throws {
        let talk = try await Talk.begin(try await open())
        let message = try await talk.say("the first secret")
        try await talk.perform(.edit(message, content: "the second secret"))
        try await talk.say("kept for good")
        try await talk.perform(.delete(message))
        // The words of it that the index may have had go when there is time.
        try await talk.store.tidy()
        await talk.store.close()
        let file = try contents(path)
        #expect(holds(file, "kept for good"))
        #expect(!holds(file, "secret"))
    }

    @Test("does not hold what is not kept any more, once there was time, and uses its pages again")
    func retention() async throws {
        // In the moment that is asked for and in no other: where SQLite puts what, and what it leaves between, depends on the order.
        var tuning = Tuning()
        (tuning.quietNanoseconds, tuning.leisureShare) = (1 << 60, 1 << 30)
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning))
        let old = try await talk.say("an old secret")
        try await talk.perform(.edit(old, content: "another secret"))
        try await talk.perform(.react(old, key: "secretly", on: true))
        try await talk.perform(.update(name: "secret name", description: "secret"))
        try await talk.perform(.update(name: "name", description: ""))
        for index in 0..<2000 { try await talk.say("secret \(index)" + String(repeating: " and more", count: 60)) }
        let kept = try await talk.say("kept for good")
        try await talk.store.tidy()
        try await talk.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        let full = try contents(path).count
        let gone = try await talk.store.expire(Retention(messages: 1), at: Timestamp(microseconds: 0))
        #expect(gone == [Expiry(conversation: talk.room, firstSeq: 2007)])
        // Whoever searches finds nothing of it from now on.
        let search = Search(try SearchQuery("secret"), for: Talk.ada)
        #expect(try await talk.store.search(search, limit: 9).messages.isEmpty)
        try await talk.store.tidy()
        for index in 0..<1000 { try await talk.say("later \(index)" + String(repeating: " and more", count: 60)) }
        await talk.store.close()
        let file = try contents(path)
        #expect(holds(file, "kept for good"))
        #expect(!holds(file, "secret"))
        #expect(file.count <= full, "half as many again found room in what became free")
        let again = try await open()
        #expect(try await again.message(kept)?.content == "kept for good")
        #expect(try await again.message(old) == nil)
        await again.close()
    }

    @Test("gives up a message whose bytes have changed, and no other")
    func damage() async throws {
        let talk = try await Talk.begin(try await open())
        let (one, two) = (try await talk.say("one"), try await talk.say("two"))
        try await talk.store.execute("UPDATE log SET content = 'eno' WHERE content = 'one'")
        await #expect(throws: StoreError(.damaged, "the log's entry at pos 2 is not as it was written")) {
            _ = try await talk.store.message(one)
        }
        #expect(try await talk.store.message(two)?.content == "two")
        await talk.store.close()
    }

    @Test("an index that names another entry is damage, not an answer")
    func wrongIndex() async throws {
        var tuning = Tuning()
        tuning.tailLimit = 1
        let store = try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning)
        let talk = try await Talk.begin(store)
        for index in 0..<20 { try await talk.say("\(index)") }
        try await talk.store.execute("UPDATE seq_index SET pos = 9999 WHERE seq = 5")
        await #expect(throws: StoreError.self) {
            _ = try await talk.store.entries(in: .conversation(talk.room, after: 0), limit: 10)
        }
        await talk.store.close()
    }
}
