import ChatFaults
import ChatKernel
import ChatSQLite
import Glibc
import Testing

@Suite("After a crash")
struct CrashTests {
    /// The files as they are at some moment are what a crash of the process at that moment leaves.
    @Test("all that was acknowledged is there, wherever a fill was", arguments: [1, 3, 20, 1000])
    func copied(tailLimit: Int) async throws {
        var tuning = Tuning()
        tuning.tailLimit = tailLimit
        tuning.sliceRows = 2
        let folder = Folder()
        let talk = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: folder.path + "/chat.db"), tuning: tuning))
        for index in 0..<30 {
            try await talk.say("\(index)", as: "key \(index)")
            let copy = Folder()
            // The WAL last: a checkpoint in between leaves what it copied in both.
            for name in ["chat.db", "chat.db-wal"] {
                try write(contents(folder.path + "/" + name), to: copy.path + "/" + name)
            }
            let again = Talk.goOn(
                try await SQLiteStore.open(SQLiteStoreSettings(path: copy.path + "/chat.db"), tuning: tuning))
            #expect(try await again.contents() == (0...index).map { "\($0)" })
            #expect(try await again.store.head() == talk.store.head())
            let repeated = try await again.perform(
                .post(content: "0", clientID: ClientID("key 0"), replyTo: nil))
            guard case .repeated = repeated else { throw StoreError(.damaged, "key 0 was forgotten: \(repeated)") }
            let next = try await again.perform(.post(content: "next", clientID: nil, replyTo: nil))
            #expect(next.entry?.seq == Seq(index + 3))
            await again.store.close()
        }
        await talk.store.close()
    }

    @Test("of the whole process, nothing acknowledged is lost and the lock is free")
    func killed() async throws {
        let folder = Folder()
        let path = folder.path + "/chat.db"
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
            for index in 0..<50 { try await talk.say("\(index)") }
            kill(getpid(), SIGKILL)
        }
        let talk = Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        #expect(try await talk.contents() == (0..<50).map { "\($0)" })
        await talk.store.close()
    }
}
