import ChatFaults
import ChatKernel
import ChatSQLite
import Synchronization
import Testing

@testable import ChatSQLite

/// What is peculiar to an index of words that follows the log at a distance.
@Suite("The index of words")
struct SearchTests {
    private let folder = Folder()
    private var path: String { folder.path + "/chat.db" }

    private func open(_ rows: Int = 1, in folder: Folder? = nil) async throws -> SQLiteStore {
        var tuning = Tuning()
        tuning.searchRows = rows
        tuning.sweepPages = 1
        return try await SQLiteStore.open(
            SQLiteStoreSettings(path: (folder ?? self.folder).path + "/chat.db"), tuning: tuning)
    }

    private func found(_ words: String, in store: SQLiteStore) async throws -> [String] {
        try await store.search(words, for: Talk.ada).map(\.content)
    }

    private func number(_ sql: String, in path: String? = nil) throws -> Int64 {
        let connection = try Connection(path: path ?? self.path)
        return try withExtendedLifetime(connection) { try connection.statement(sql).first { $0.integer(0) } ?? -1 }
    }

    @Test("has in a quiet moment all that was said before it, and nobody has to ask")
    func follows() async throws {
        let disk = try FaultyDisk()
        var tuning = Tuning()
        tuning.searchRows = 4
        let talk = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: disk.folder.path + "/chat.db"), tuning: tuning))
        for number in 1...3 { try await talk.say("word \(number)") }
        let path = disk.folder.path + "/chat.db"
        let searched = "SELECT value FROM meta WHERE name = 'searched'"
        try await withCheckedThrowingContinuation { continuation in
            let waiting = Mutex<CheckedContinuation<Void, any Error>?>(continuation)
            let goOn: @Sendable () -> Void = { waiting.withLock { $0.take() }?.resume() }
            // Whatever is written from here on, nobody has asked for. It may have been written already.
            disk.beforeEach { _ in goOn() }
            if (try? number(searched, in: path)) == 4 { goOn() }
        }
        disk.beforeEach(nil)
        // Behind what is written now.
        try await talk.store.atRest {}
        #expect(try number(searched, in: path) == 4)
        #expect(try await found("word", in: talk.store) == ["word 3", "word 2", "word 1"])
        await talk.store.close()
    }

    @Test("is where the log ends, or a slice before it, once there was time; a commit does not touch it")
    func distance() async throws {
        let talk = try await Talk.begin(try await open(8))
        for number in 1...20 { try await talk.say("word \(number)") }
        try await talk.store.tidy()
        try await talk.say("one more")
        await talk.store.close()
        #expect(try number("SELECT value FROM meta WHERE name = 'searched'") == 16)
        #expect(try number("SELECT count(*) FROM words WHERE words MATCH 'word'") == 15)
    }

    @Test(
        "keeps no word of a deleted message, nor of its edits, once it was swept and the log was copied",
        arguments: [1, 4, 50])
    func erasure(rows: Int) async throws {
        let talk = try await Talk.begin(try await open(rows))
        for number in 1...20 { try await talk.say("before \(number)") }
        let message = try await talk.say("the firstsecret")
        try await talk.store.tidy()
        try await talk.perform(.edit(message, content: "the secondsecret"))
        try await talk.store.tidy()
        try await talk.perform(.edit(message, content: "the thirdsecret"))
        try await talk.say("kept for good")
        try await talk.perform(.delete(message))
        try await talk.store.tidy()
        #expect(try await found("the", in: talk.store) == [])
        #expect(!holds(try contents(path) + contents(path + "-wal"), "secret"))
        #expect(try await found("kept", in: talk.store) == ["kept for good"])
        await talk.store.close()
        #expect(try number("SELECT value FROM meta WHERE name = 'unswept'") == 0)
    }

    @Test("is swept after a crash, too, at whatever point of the sweep that was")
    func crashInSweep() async throws {
        let disk = try FaultyDisk()
        var tuning = Tuning()
        tuning.searchRows = 2
        tuning.sweepPages = 1
        // Nothing but what is asked for here: no moment is quiet, and every slice is followed by a long rest.
        tuning.quietNanoseconds = .max >> 2
        tuning.leisureShare = 1 << 30
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db")
        let talk = try await Talk.begin(try await SQLiteStore.open(settings, tuning: tuning))
        // More than a page of the index holds.
        let filler = (0..<400).map { "filler\($0)x" }.joined(separator: " ")
        for number in 1...20 { try await talk.say("\(number) \(filler)") }
        let message = try await talk.say("a topsecret")
        try await talk.say("kept")
        try await talk.store.tidy()
        try await talk.perform(.delete(message))
        let points = Mutex<[DiskState]>([])
        disk.beforeEach { state in points.withLock { if $0.count < 400 { $0.append(state) } } }
        try await talk.store.tidy()
        disk.beforeEach(nil)
        await talk.store.close()
        let states = points.withLock { $0 }
        #expect(states.count > 20)
        for state in states.enumerated().filter({ $0.offset % (states.count / 12) == 0 }).map(\.element) {
            let left = try FaultyDisk(files: state.files.mapValues(\.settled))
            let again = Talk.goOn(
                try await SQLiteStore.open(
                    SQLiteStoreSettings(path: left.folder.path + "/chat.db"), tuning: tuning))
            try await again.store.tidy()
            #expect(try await found("topsecret", in: again.store) == [])
            #expect(try await found("kept", in: again.store) == ["kept"])
            #expect(again.store.damagedPieces == 0)
            await again.store.close()
            #expect(!holds(try contents(left.folder.path + "/chat.db"), "topsecret"))
        }
    }

    @Test("is swept also while it is behind: the two take turns")
    func turns() async throws {
        var tuning = Tuning()
        tuning.searchRows = 2
        tuning.sweepPages = 1
        tuning.quietNanoseconds = .max >> 2
        tuning.leisureShare = 1 << 30
        let talk = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning))
        let message = try await talk.say("topsecret")
        try await talk.store.tidy()
        try await talk.perform(.delete(message))
        for number in 1...20 { try await talk.say("word \(number)") }
        let head = try await talk.store.head().pos
        await talk.store.close()

        let connection = try Connection(path: path)
        let index = try SearchIndex(connection, tuning)
        var slices: [String] = []
        for _ in 0..<4 {
            let slice = try connection.writing { () throws(StoreError) in try index.writeSlice(head: head) }
            _ = index.take(slice)
            if case .swept = slice { slices.append("sweep") } else { slices.append("words") }
        }
        #expect(slices == ["words", "sweep", "words", "sweep"])
    }

    @Test("is the same after a crash, wherever it was", arguments: [1, 3, 7])
    func crash(rows: Int) async throws {
        let talk = try await Talk.begin(try await open(rows))
        var said: [String] = []
        for number in 0..<12 {
            let message = try await talk.say("word \(number)")
            said.insert("word \(number)", at: 0)
            if number % 3 == 1 { try await talk.store.tidy() }
            if number % 4 == 2 {
                try await talk.perform(.edit(message, content: "edited \(number)"))
                said[0] = "edited \(number)"
            }
            let copy = Folder()
            // The WAL last: a checkpoint in between leaves what it copied in both.
            for name in ["chat.db", "chat.db-wal"] {
                try write(contents(folder.path + "/" + name), to: copy.path + "/" + name)
            }
            let again = try await open(rows, in: copy)
            for _ in 1...2 {
                #expect(try await found("word", in: again) == said.filter { $0.hasPrefix("w") })
                #expect(try await found("edited", in: again) == said.filter { $0.hasPrefix("e") })
                try await again.tidy()
            }
            await again.close()
        }
        await talk.store.close()
    }

    @Test("of a file of before is made when there is time; all is found meanwhile")
    func migration() async throws {
        let talk = try await Talk.begin(try await open(1000))
        for number in 1...30 { try await talk.say("word \(number)") }
        await talk.store.close()
        try undoSchema(to: 3, of: path)
        let store = try await open(1000)
        #expect(try await found("word", in: store).count == 30)
        await store.close()
        #expect(try number("SELECT value FROM meta WHERE name = 'searched'") == 0)
        let again = try await open(4)
        try await again.tidy()
        #expect(try await found("word", in: again).count == 30)
        await again.close()
        #expect(try number("SELECT value FROM meta WHERE name = 'searched'") == 28)
    }

    @Test("is made anew when its words were made by another rule")
    func otherRule() async throws {
        let talk = try await Talk.begin(try await open())
        try await talk.say("Größe")
        try await talk.store.tidy()
        await talk.store.close()
        // As though umlauts had not been looked through.
        try execute(
            """
            INSERT INTO words(words) VALUES ('delete-all'); INSERT INTO words(rowid, line) VALUES (2, 'größe :1');
            UPDATE meta SET value = 0 WHERE name = 'word_rule'
            """, on: path)
        let store = try await open()
        for _ in 1...2 {
            #expect(try await found("grosse".replacing("ss", with: "ß"), in: store) == ["Größe"])
            try await store.tidy()
        }
        await store.close()
        #expect(try number("SELECT count(*) FROM words WHERE words MATCH 'größe'") == 0)
    }

    @Test("looks at so much for a page, and says where to go on")
    func bounded() async throws {
        var tuning = Tuning()
        tuning.scanRows = 10
        tuning.searchTurns = 2
        let talk = try await Talk.begin(
            try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning))
        try await talk.say("needle")
        for number in 1...99 { try await talk.say("hay \(number)") }
        var (pages, before, found): (Int, Pos?, [String]) = (0, nil, [])
        repeat {
            let search = Search(try SearchQuery("needle"), for: Talk.ada, before: before)
            let page = try await talk.store.search(search, limit: 10)
            found += page.messages.map(\.content)
            before = page.next
            pages += 1
        } while before != nil
        #expect(found == ["needle"])
        #expect(pages == 6)
        await talk.store.close()
    }
}

@Suite("Leisure")
struct LeisureTests {
    private var leisure: Leisure = {
        var tuning = Tuning()
        tuning.quietNanoseconds = 20
        tuning.leisureShare = 10
        return Leisure(tuning)
    }()

    @Test("comes when nobody has asked for so long, and then at once")
    mutating func quiet() {
        leisure.wasAsked(at: 1000)
        leisure.worked(from: 1000, to: 1010)
        #expect(leisure.wait(at: 1010) == 10)
        #expect(leisure.wait(at: 1020) == 0)
        leisure.worked(from: 1020, to: 1030)
        #expect(leisure.wait(at: 1030) == 0)
    }

    @Test("is a share of the time when somebody always asks")
    mutating func share() {
        var worked: Int64 = 0
        for now in stride(from: Int64(1000), to: 11_000, by: 10) {
            leisure.wasAsked(at: now)
            guard leisure.wait(at: now) == 0 else { continue }
            leisure.worked(from: now, to: now + 8)
            worked += 8
        }
        #expect(worked == 1000)
    }
}
