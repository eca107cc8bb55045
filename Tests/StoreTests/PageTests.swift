import CSQLite
import ChatFaults
import ChatKernel
import Synchronization
import Testing

@testable import ChatSQLite

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

    @Test("is not the copy that SQLite's own backup makes, though it counts on in the header")
    func backup() async throws {
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        for index in 0..<300 { try await talk.say("\(index)") }
        try await talk.store.tidy()
        try backUp(path, to: folder.path + "/live.db")
        await talk.store.close()
        try backUp(path, to: folder.path + "/closed.db")
        for name in ["live.db", "closed.db"] {
            let copy = folder.path + "/" + name
            #expect(try contents(copy).prefix(100) != contents(path).prefix(100))
            let log = Lines()
            let again = Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: copy), log: log))
            try await again.say("after it")
            #expect(try await again.contents() == (0..<300).map { "\($0)" } + ["after it"])
            try await again.store.tidy()
            #expect(log.lines == [])
            await again.store.close()
            _ = try await SQLiteStore.open(SQLiteStoreSettings(path: copy)).close()
        }
    }

    @Test("is not a file that was made when the sum of the first page was of all of it")
    func olderSum() async throws {
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        try await talk.say("before")
        await talk.store.close()
        var bytes = try contents(path)
        let sum = unsafe bytes.withUnsafeBytes { unsafe PageSum.ofAll($0, number: 1) }
        let place = 4088..<4096
        let kept = Array(bytes[place])
        for at in 0..<8 { bytes[4088 + at] = UInt8(truncatingIfNeeded: sum >> (8 * UInt64(at))) }
        #expect(Array(bytes[place]) != kept)
        try write(bytes, to: path)
        let again = Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        #expect(try await again.contents() == ["before"])
        await again.store.close()
        bytes[30] ^= 1
        try write(bytes, to: path)
        await #expect(throws: StoreError.self) { _ = try await SQLiteStore.open(SQLiteStoreSettings(path: path)) }
    }

    @Test("in a WAL that was left is said, and begins a new epoch: what clients know of is gone")
    func leftLog() async throws {
        let disk = try FaultyDisk()
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db")
        let talk = try await Talk.begin(try await SQLiteStore.open(settings))
        try await talk.store.tidy()
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

    @Test(
        "each frame of a WAL that was left counts: broken in its bytes or in its sum, all but the last commit is said")
    func lastButOne() async throws {
        let disk = try FaultyDisk()
        let talk = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: disk.folder.path + "/chat.db")))
        // The first checkpoint cuts the WAL off.
        try await talk.store.tidy()
        for index in 0..<5 { try await talk.say("\(index)") }
        let before = disk.state.files["chat.db-wal"]?.settled.count ?? 0
        try await talk.say("last but one")
        let between = disk.state.files["chat.db-wal"]?.settled.count ?? 0
        try await talk.say("last")
        let files = disk.state.files.mapValues(\.settled)
        await talk.store.close()
        #expect(before < between)
        // Its salts, its sum, its page; and of the WAL's header the order of the bytes, its salts and its sum.
        for place in [between - 4120 + 9, between - 4120 + 20, between - 9, 3, 17, 30] {
            var changed = files
            changed["chat.db-wal"]?[place] ^= 1
            let left = try FaultyDisk(files: changed)
            let settings = SQLiteStoreSettings(path: left.folder.path + "/chat.db")
            // A tool does not cut it off unsaid.
            await #expect(throws: StoreError.self) { _ = try await SQLiteStore.open(settings, exclusive: false) }
            let again = try await SQLiteStore.open(settings)
            #expect(again.damagedPieces == 1, "byte \(place)")
            await again.close()
        }
    }

    @Test("a commit that a crash has torn is cut off, said once, and nothing before it is lost: 50 of 50 places")
    func torn() async throws {
        let disk = try FaultyDisk()
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db")
        let talk = try await Talk.begin(try await SQLiteStore.open(settings))
        // The first checkpoint cuts the WAL off.
        try await talk.store.tidy()
        for index in 0..<20 { try await talk.say("\(index)") }
        let epoch = try await talk.store.head().epoch
        let sure = disk.state.files.mapValues(\.settled)
        try await talk.say("torn")
        let log = try #require(disk.state.files["chat.db-wal"]?.settled)
        await talk.store.close()
        let start = try #require(sure["chat.db-wal"]?.count)
        for cut in 0...51 {
            var files = sure
            files["chat.db-wal"] = Array(log.prefix(start + (log.count - start) * cut / 51))
            let left = try FaultyDisk(files: files)
            let lines = Lines()
            let settings = SQLiteStoreSettings(path: left.folder.path + "/chat.db")
            let again = Talk.goOn(try await SQLiteStore.open(settings, log: lines))
            #expect(try await again.contents() == (0..<20).map { "\($0)" } + (cut == 51 ? ["torn"] : []))
            #expect(try await again.store.head().epoch == epoch)
            let sentence =
                "the last commit was not whole, as after a crash: it is cut off file=\(left.folder.path)/chat.db-wal"
            #expect(lines.lines == (1...50 ~= cut ? [sentence] : []), "cut \(cut)")
            // Another crash, after the moment in which the server had nothing to do: it is not said again.
            try await again.store.tidy()
            try await again.say("more")
            let later = try FaultyDisk(files: left.state.files.mapValues(\.settled))
            await again.store.close()
            let quiet = Lines()
            let last = try await SQLiteStore.open(
                SQLiteStoreSettings(path: later.folder.path + "/chat.db"), log: quiet)
            #expect(quiet.lines == [])
            await last.close()
        }
    }

    @Test(
        "a page that a crash tore while it was copied into the file is no damage: the WAL has it",
        arguments: [false, true])
    func tornPage(failsAgain: Bool) async throws {
        let disk = try FaultyDisk()
        let talk = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: disk.folder.path + "/chat.db")))
        for index in 0..<50 { try await talk.say("\(index)") }
        var files = disk.state.files.mapValues(\.settled)
        await talk.store.close()
        let old = try #require(files["chat.db"])
        let new = try #require(disk.state.files["chat.db"]?.settled)
        // Of each page the first half has arrived.
        files["chat.db"] = new.indices.map { $0 % 4096 >= 2048 ? $0 < old.count ? old[$0] : 0xA5 : new[$0] }
        let left = try FaultyDisk(files: files)
        if failsAgain { left.plan(Fault(.write, .error, of: ".db")) }
        let again = Talk.goOn(
            try await SQLiteStore.open(SQLiteStoreSettings(path: left.folder.path + "/chat.db")))
        try await again.store.tidy()
        #expect(left.isThrough)
        #expect(again.store.damagedPieces == 0)
        #expect(try await again.contents().count == 50)
        await again.store.close()
    }

    @Test("the header's own word for it does not switch the looking off; a part of a page is looked at with the whole")
    func header() async throws {
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        for index in 0..<50 { try await talk.say("\(index)") }
        await talk.store.close()
        let bytes = try contents(path)
        for (place, value) in [(16, UInt8(0x20)), (16, 0x02), (17, 1), (20, 0), (20, 9), (4096 + 4000, 0xA5)] {
            var changed = bytes
            changed[place] = value
            try write(changed, to: path)
            let code = try readPart(of: path, at: Int64(place / 4096 * 4096))
            #expect(code == SQLITE_IOERR | 32 << 8, "byte \(place)")
            if place < 4096 {
                await #expect(throws: StoreError.self) {
                    _ = try await SQLiteStore.open(SQLiteStoreSettings(path: path))
                }
            }
        }
        try write(bytes, to: path)
        #expect(try readPart(of: path, at: 4096) == SQLITE_OK)
    }

    /// What SQLite's own file says when it is read past the cache.
    private func readPart(of path: String, at offset: Int64) throws -> Int32 {
        var handle: OpaquePointer?
        defer { unsafe sqlite3_close_v2(handle) }
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard unsafe sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, "chat") == SQLITE_OK,
            unsafe sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK,
            let file = unsafe file, let methods = unsafe file.pointee.pMethods
        else { throw FileTrouble(path: path) }
        return unsafe withUnsafeTemporaryAllocation(byteCount: 500, alignment: 8) { part in
            unsafe methods.pointee.xRead(file, part.baseAddress, 500, offset)
        }
    }

    @Test("a file of before, whose header leaves no room for sums, is served as it was")
    func older() async throws {
        try execute("PRAGMA journal_mode = WAL; CREATE TABLE t(x); DROP TABLE t", on: path, system: nil)
        for number in 1...2 {
            let talk =
                number == 1
                ? try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
                : Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
            for index in 0..<50 { try await talk.say("\(index)") }
            try await talk.store.tidy()
            #expect(try await talk.contents().count == 50 * number)
            #expect(talk.store.damagedPieces == 0)
            await talk.store.close()
            #expect(try contents(path)[20] == 0)
        }
    }

    @Test("what another program has copied out of the WAL bears no sums, and is no damage")
    func foreign() async throws {
        let disk = try FaultyDisk()
        let talk = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: disk.folder.path + "/chat.db")))
        for index in 0..<50 { try await talk.say("\(index)") }
        try await talk.store.execute("PRAGMA wal_checkpoint")
        for index in 50..<100 { try await talk.say("\(index)") }
        for (name, image) in disk.state.files { try write(image.settled, to: folder.path + "/" + name) }
        await talk.store.close()
        try execute("PRAGMA wal_checkpoint(TRUNCATE)", on: path, system: nil)
        let again = Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        try await again.store.tidy()
        #expect(try await again.contents().count == 100)
        #expect(again.store.damagedPieces == 0)
        await again.store.close()
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
