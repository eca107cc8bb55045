import ChatKernel
import ChatSQLite
import Synchronization
import Testing

@Suite("When the disk fails")
struct PowerTests {
    @Test("power cut at any write loses nothing that was acknowledged, nor keeps half a batch", arguments: 0..<4)
    func synced(seed: Int) async throws {
        for (number, cut) in try await cuts(.synced, seed: seed).enumerated() {
            let kept = try await survivors(of: cut, seed: seed, number)
            #expect(kept >= cut.acknowledged, "cut \(number): \(cut.acknowledged) were acknowledged")
        }
    }

    @Test("a store that only promises written may lose the last of it, but whole batches and no others")
    func written() async throws {
        for (number, cut) in try await cuts(.written, seed: 9).enumerated() {
            _ = try await survivors(of: cut, seed: 9, number)
        }
    }

    @Test("a sync that fails is final for its batch, also when the process dies then")
    func failedSync() async throws {
        let disk = FaultyDisk()
        let path = disk.folder.path + "/chat.db"
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        try await talk.say("before")
        let head = try await talk.store.head()
        disk.failSyncs(1)
        await #expect { try await talk.say("lost") } throws: { ($0 as? StoreError)?.code == .unavailable }
        #expect(try await talk.store.head() == head)
        #expect(try await talk.contents() == ["before"])

        let copy = Folder()
        for name in ["chat.db", "chat.db-wal"] {
            try write(contents(disk.folder.path + "/" + name), to: copy.path + "/" + name)
        }
        let again = Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: copy.path + "/chat.db")))
        #expect(try await again.contents() == ["before"], "what a crash just then leaves")
        await again.store.close()

        try await talk.say("after")
        #expect(try await talk.contents() == ["before", "after"])
        #expect(try await talk.store.head().pos == head.pos + 1)
        await talk.store.close()
    }

    @Test("while no sync succeeds nothing is committed; then all is well")
    func failingSyncs() async throws {
        let disk = FaultyDisk()
        let path = disk.folder.path + "/chat.db"
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        disk.failSyncs(.max)
        for _ in 0..<3 { await #expect(throws: StoreError.self) { try await talk.say("lost") } }
        #expect(try await talk.contents() == [])
        disk.failSyncs(0)
        try await talk.say("found")
        #expect(try await talk.contents() == ["found"])
        await talk.store.close()
    }

    // MARK: Cutting the power

    /// What the disk held at some moment, and how many messages had been acknowledged by then.
    private struct Cut: Sendable {
        let acknowledged: Int
        let files: [String: FaultyDisk.Image]
    }

    private final class Recorder: Sendable {
        struct State {
            var dice: Dice
            var acknowledged = 0
            var cuts: [Cut] = []
        }
        let state: Mutex<State>

        init(seed: Int) { state = Mutex(State(dice: Dice(seed: UInt64(seed)))) }

        func watch(_ files: [String: FaultyDisk.Image]) {
            state.withLock { state in
                guard state.dice.roll(25) == 0 else { return }
                state.cuts.append(Cut(acknowledged: state.acknowledged, files: files))
            }
        }
    }

    private static let batch = 5

    /// A history of numbered messages, with a fill and checkpoints in it, cut at some of its writes and syncs.
    private func cuts(_ durability: SQLiteDurability, seed: Int) async throws -> [Cut] {
        let disk = FaultyDisk()
        var tuning = Tuning()
        tuning.tailLimit = 40
        tuning.sliceRows = 7
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db", durability: durability)
        let talk = try await Talk.begin(try await SQLiteStore.open(settings, tuning: tuning))
        try await talk.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        let recorder = Recorder(seed: seed)
        disk.beforeEach { recorder.watch($0) }
        for round in 0..<40 {
            let drafts = (0..<Self.batch).map {
                talk.draft(.post(content: "\(round * Self.batch + $0)", clientID: nil, replyTo: nil))
            }
            _ = try await talk.store.commit(drafts, at: Timestamp(microseconds: 0))
            recorder.state.withLock { $0.acknowledged += Self.batch }
            // Now and then by hand: on its own the store checkpoints once in megabytes.
            if round % 9 == 8 { try await talk.store.execute("PRAGMA wal_checkpoint(TRUNCATE)") }
        }
        disk.beforeEach(nil)
        await talk.store.close()
        let cuts = recorder.state.withLock { $0.cuts }
        try #require(cuts.count > 5)
        return cuts
    }

    /// Opens what is left after the cut. How many messages there are; they must be the first ones, in whole batches.
    private func survivors(of cut: Cut, seed: Int, _ number: Int) async throws -> Int {
        var dice = Dice(seed: UInt64(seed * 1000 + number))
        let folder = Folder()
        for name in ["chat.db", "chat.db-wal"] {
            try write(cut.files[name]?.cut(&dice) ?? [], to: folder.path + "/" + name)
        }
        let talk = Talk.goOn(try await SQLiteStore.open(SQLiteStoreSettings(path: folder.path + "/chat.db")))
        let found = try await talk.contents()
        #expect(found == (0..<found.count).map { "\($0)" }, "seed \(seed), cut \(number)")
        #expect(found.count % Self.batch == 0, "seed \(seed), cut \(number)")
        let next = try await talk.perform(.post(content: "next", clientID: nil, replyTo: nil))
        #expect(next.entry?.seq == Seq(found.count + 2), "seed \(seed), cut \(number)")
        await talk.store.close()
        return found.count
    }
}
