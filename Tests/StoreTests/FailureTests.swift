import ChatFaults
import ChatKernel
import ChatSQLite
import Glibc
import Testing

@Suite("When writing fails")
struct FailureTests {
    private let folder = Folder()

    private func talk(_ tuning: Tuning = Tuning()) async throws -> Talk {
        try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: folder.path + "/chat.db"), tuning: tuning))
    }

    @Test("a full disk refuses the batch whole, and nothing of it has happened; then room makes all well")
    func full() async throws {
        let talk = try await talk()
        try await talk.say("before")
        let head = try await talk.store.head()
        // A file that may not grow is a full disk.
        try await talk.store.execute("PRAGMA max_page_count = 1")
        let large = String(repeating: "x", count: 20_000)
        let drafts = (0..<5).map {
            talk.draft(.post(content: "\($0)" + large, clientID: ClientID("\($0)"), replyTo: nil))
        }
        for _ in 0..<3 {
            await #expect { _ = try await talk.store.commit(drafts, at: Timestamp(microseconds: 0)) } throws: {
                ($0 as? StoreError)?.code == .full
            }
        }
        #expect(try await talk.store.head() == head)
        #expect(try await talk.contents() == ["before"], "reads go on")
        #expect(try await talk.store.standing(of: Talk.ada, in: talk.room)?.lastSeq == 2)

        try await talk.store.execute("PRAGMA max_page_count = 1000000")
        let results = try await talk.store.commit(drafts, at: Timestamp(microseconds: 0))
        #expect(try results.map { try $0.get().entry?.seq } == [3, 4, 5, 6, 7], "no number was used up")
        #expect(try results.allSatisfy { if case .committed = try $0.get() { true } else { false } }, "nor a client_id")
        await talk.store.close()
    }

    @Test("a full disk is said at the opening, in words")
    func openedFull() async throws {
        let disk = try FaultyDisk()
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db")
        disk.setRoom(3000)
        let sentence = "there is no room on the disk to open "
        await #expect(throws: StoreError(.full, sentence + settings.path)) {
            _ = try await SQLiteStore.open(settings)
        }
        disk.setRoom(nil)
        let talk = try await Talk.begin(try await SQLiteStore.open(settings))
        try await talk.say("kept")
        // Left as by a crash, on a disk that has filled up since.
        let left = try FaultyDisk(files: disk.state.files.mapValues(\.settled))
        await talk.store.close()
        left.setRoom(0)
        let other = SQLiteStoreSettings(path: left.folder.path + "/chat.db")
        await #expect(throws: StoreError(.full, sentence + other.path)) {
            _ = try await SQLiteStore.open(other)
        }
        left.setRoom(nil)
        let again = Talk.goOn(try await SQLiteStore.open(other))
        #expect(try await again.contents() == ["kept"])
        await again.store.close()
    }

    @Test("readers that never pause do not let the WAL grow for ever")
    func pinned() async throws {
        var tuning = Tuning()
        tuning.duePages = 20
        tuning.overduePages = 60
        tuning.pinnedPages = 100
        let talk = try await talk(tuning)
        for index in 0..<100 { try await talk.say("\(index)") }
        let store = talk.store
        let room = talk.room
        let path = folder.path + "/chat.db-wal"
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while !Task.isCancelled {
                        _ = try await store.entries(in: .conversation(room, after: 0), limit: 40)
                    }
                }
            }
            var largest = 0
            for index in 0..<250 {
                try await talk.say(String(repeating: "x", count: 3000) + "\(index)")
                largest = max(largest, fileSize(path))
            }
            group.cancelAll()
            #expect(largest < 200 * 4096, "the WAL has come to \(largest / 4096) pages")
        }
        await store.close()
    }

    @Test("a conversation made in a batch that failed is not there, nor is its place taken")
    func failedCreation() async throws {
        let talk = try await talk()
        let create = { (name: String) in
            Draft(
                conversation: ConversationID(name), author: Talk.ada,
                proposal: .create(ConversationDetails(name: name, isGroup: true), participants: []), entropy: 1)
        }
        try await talk.store.execute("PRAGMA max_page_count = 1")
        let large = talk.draft(.post(content: String(repeating: "x", count: 50_000), clientID: nil, replyTo: nil))
        await #expect(throws: StoreError.self) {
            _ = try await talk.store.commit([create("a"), large], at: Timestamp(microseconds: 0))
        }
        try await talk.store.execute("PRAGMA max_page_count = 1000000")
        #expect(try await talk.store.conversation(ConversationID("a"), for: Talk.ada) == nil)
        _ = try await talk.store.commit([create("b")], at: Timestamp(microseconds: 0))
        let all = try await talk.store.entries(in: .user(Talk.ada, after: 0), limit: 9)
        #expect(all.map(\.conversation.text) == ["room", "b"])
        await talk.store.close()
    }

    @Test("a fill that finds no room waits, and is made good when there is some")
    func failedFill() async throws {
        var tuning = Tuning()
        tuning.tailLimit = 50
        let talk = try await talk(tuning)
        for index in 0..<40 { try await talk.say("\(index)") }
        try await talk.store.execute("CREATE TRIGGER no BEFORE INSERT ON seq_index BEGIN SELECT RAISE(FAIL, 'no'); END")
        for index in 40..<80 { try await talk.say("\(index)") }
        #expect(try await talk.contents() == (0..<80).map { "\($0)" })
        try await talk.store.execute("DROP TRIGGER no")
        for index in 80..<120 { try await talk.say("\(index)") }
        #expect(try await talk.contents() == (0..<120).map { "\($0)" })
        await talk.store.close()
    }

    @Test("a commit on the writer's thread does not leave it")
    func sameThread() async throws {
        let talk = try await talk()
        let draft = talk.draft(.post(content: "a", clientID: nil, replyTo: nil))
        let store = talk.store
        let threads = try await Task(executorPreference: store.writer) {
            let before = pthread_self()
            _ = try await store.commit([draft], at: Timestamp(microseconds: 0))
            return (before, pthread_self())
        }.value
        #expect(threads.0 == threads.1)
        await store.close()
    }

    @Test("a task on the writer's thread goes on after the store was closed")
    func afterClose() async throws {
        let talk = try await talk()
        let store = talk.store
        let code = await Task(executorPreference: store.writer) {
            await store.close()
            await Task.yield()
            do { _ = try await store.head() } catch { return (error as? StoreError)?.code }
            return nil
        }.value
        #expect(code == .closed)
    }
}
