import ChatFaults
import ChatKernel
import ChatSQLite
import Synchronization
import Testing

@Suite("What is not as it was written")
struct PageTests {
    private let folder = Folder()
    private var path: String { folder.path + "/chat.db" }

    @Test("one changed byte anywhere is found, and never shown", arguments: 0..<3)
    func flips(seed: Int) async throws {
        let outcome = try await Flips.run(seed: seed, places: 30)
        #expect(outcome.failures == [])
        #expect(outcome.refused + outcome.met + outcome.found > 20)
    }

    @Test("is said in the log once, with the page, before anybody asks for it; what is whole is served")
    func said() async throws {
        var tuning = Tuning()
        tuning.tailLimit = 100
        let before = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning))
        for index in 0..<1000 { try await before.say("message \(index)") }
        await before.store.close()
        var bytes = try contents(path)
        let place = try #require(bytes.firstRange(of: Array("message 300".utf8))).lowerBound
        bytes[place + 8] ^= 1
        try write(bytes, to: path)

        let log = Lines()
        let talk = Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: path), log: log))
        try await talk.store.tidy()
        let sentence = "page \(place / 4096 + 1) of \(path) is not as it was written"
        #expect(log.lines == ["the store is damaged what=\(sentence)"])
        #expect(talk.store.damagedPieces == 1)
        await #expect(throws: StoreError(.damaged, sentence)) { _ = try await talk.contents() }
        let newest = try await talk.store.messages(.newest(talk.room, spans: [Span(from: 1)], offset: 0), limit: 5)
        #expect(newest.map(\.content) == (995..<1000).map { "message \($0)" })
        try await talk.say("one more")
        #expect(log.lines.count == 1)
        await talk.store.close()
    }

    @Test("in a WAL that was left is said, and begins a new epoch: what clients know of is gone")
    func leftLog() async throws {
        let disk = try FaultyDisk()
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db")
        let talk = try await Talk.begin(try await SQLiteStore.open(settings))
        for index in 0..<20 { try await talk.say("\(index)") }
        let epoch = try await talk.store.head().epoch
        var files = disk.state.files.mapValues(\.settled)
        await talk.store.close()
        let log = try #require(files["chat.db-wal"])
        files["chat.db-wal"]?[log.count / 2] ^= 1

        let left = try FaultyDisk(files: files)
        let lines = Lines()
        let again = Talk.goOn(
            try await SQLiteStore.open(SQLiteStoreSettings(path: left.folder.path + "/chat.db"), log: lines))
        let kept = try await again.contents()
        #expect(kept.count < 20 && kept == (0..<kept.count).map { "\($0)" })
        #expect(try await again.store.head().epoch != epoch)
        #expect(lines.lines.count == 1 && lines.lines[0].contains("commits at least; the store begins a new epoch"))
        await again.store.close()
    }

    @Test("a WAL that a crash has left, with a torn end or none, is no damage", arguments: 0...4)
    func torn(quarters: Int) async throws {
        let disk = try FaultyDisk()
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db")
        let talk = try await Talk.begin(try await SQLiteStore.open(settings))
        for index in 0..<20 { try await talk.say("\(index)") }
        var files = disk.state.files.mapValues(\.settled)
        try await talk.say("torn")
        let log = try #require(disk.state.files["chat.db-wal"]?.settled)
        let sure = files["chat.db-wal"]?.count ?? 0
        files["chat.db-wal"] = Array(log.prefix(sure + (log.count - sure) * quarters / 4))
        await talk.store.close()
        let left = try FaultyDisk(files: files)
        let again = Talk.goOn(
            try await SQLiteStore.open(SQLiteStoreSettings(path: left.folder.path + "/chat.db")))
        #expect(try await again.contents() == (0..<20).map { "\($0)" } + (quarters == 4 ? ["torn"] : []))
        #expect(again.store.damagedPieces == 0)
        await again.store.close()
    }

    @Test("pages without sums are read as they are: what another program has written is not damage")
    func foreign() async throws {
        let before = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        try await before.say("one")
        await before.store.close()
        // A copy without the bytes that SQLite leaves to us.
        let copy = folder.path + "/copy.db"
        try execute("PRAGMA journal_mode = DELETE; VACUUM INTO '\(copy)'", on: path)
        let talk = Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: copy)))
        try await talk.store.tidy()
        #expect(try await talk.contents() == ["one"])
        #expect(talk.store.damagedPieces == 0)
        await talk.store.close()
    }
}

/// What was said.
private final class Lines: LogSink {
    private let said = Mutex<[String]>([])

    var lines: [String] { said.withLock { $0 } }

    func log(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        said.withLock { $0.append(([message] + fields.map { "\($0.name)=\($0.value)" }).joined(separator: " ")) }
    }
}
