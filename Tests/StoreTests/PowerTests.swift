import ChatFaults
import ChatKernel
import ChatSQLite
import Synchronization
import Testing

@Suite("When the disk fails")
struct PowerTests {
    @Test("power cut at any write loses nothing that was acknowledged, nor keeps half a batch", arguments: 0..<4)
    func synced(seed: Int) async throws {
        let (points, failures) = try await PowerCuts.run(seed: seed, points: 12)
        #expect(points == 12)
        #expect(failures == [])
    }

    @Test("one operation that fails refuses at most one batch, for good", arguments: SingleFault.kinds)
    func single(kind: Fault) async throws {
        var fault = kind
        // Some of each kind; `disk-faults --single` tries all.
        for after in [0, 3, 8, 21, 34] {
            fault.after = after
            if case .failed(let trouble) = await SingleFault.run(fault, seed: after) { Issue.record("\(trouble)") }
        }
    }

    @Test("a store that only promises written may lose the last of it, but whole batches and no others")
    func written() async throws {
        for (number, cut) in try await cuts(.written, seed: 9).enumerated() {
            try await survivors(of: cut, seed: 9, number)
        }
    }

    @Test("one that only promises written begins a new epoch when the machine went off meanwhile, and only then")
    func newLife() async throws {
        func settings(_ folder: Folder) -> SQLiteStoreSettings {
            SQLiteStoreSettings(path: folder.path + "/chat.db", durability: .written)
        }
        func tuning(life: Int64) -> Tuning {
            var tuning = Tuning()
            tuning.boot = life
            return tuning
        }
        let folder = Folder()
        let talk = try await Talk.begin(try await SQLiteStore.open(settings(folder), tuning: tuning(life: 1)))
        try await talk.say("before")
        let epoch = try await talk.store.head().epoch
        for (life, isSame) in [(Int64(1), true), (2, false)] {
            let copy = Folder()
            for name in ["chat.db", "chat.db-wal"] {
                try write(contents(folder.path + "/" + name), to: copy.path + "/" + name)
            }
            let left = Talk.goOn(try await SQLiteStore.open(settings(copy), tuning: tuning(life: life)))
            #expect(try await left.contents() == ["before"])
            #expect((try await left.store.head().epoch == epoch) == isSame)
            await left.store.close()
        }
        await talk.store.close()
        let closed = try await SQLiteStore.open(settings(folder), tuning: tuning(life: 2))
        #expect(try await closed.head().epoch == epoch)
        await closed.close()
    }

    @Test("a sync that fails is final for its batch, also when the process dies then")
    func failedSync() async throws {
        let disk = try FaultyDisk()
        let path = disk.folder.path + "/chat.db"
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        try await talk.say("before")
        let head = try await talk.store.head()
        disk.plan(Fault(.sync))
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
        let disk = try FaultyDisk()
        let path = disk.folder.path + "/chat.db"
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path)))
        disk.plan(Fault(.sync, times: .max))
        for _ in 0..<3 { await #expect(throws: StoreError.self) { try await talk.say("lost") } }
        #expect(try await talk.contents() == [])
        disk.plan()
        try await talk.say("found")
        #expect(try await talk.contents() == ["found"])
        await talk.store.close()
    }

    // MARK: Cutting the power

    /// A history of numbered messages, with a fill and checkpoints in it, and what the disk held at some of its writes.
    private func cuts(_ durability: SQLiteDurability, seed: Int) async throws -> [DiskState] {
        let disk = try FaultyDisk()
        var tuning = Tuning()
        tuning.tailLimit = 40
        tuning.sliceRows = 7
        tuning.duePages = 30
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db", durability: durability)
        let talk = try await Talk.begin(try await SQLiteStore.open(settings, tuning: tuning))
        try await talk.store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        let found = Mutex<(dice: Dice, cuts: [DiskState])>((Dice(seed: UInt64(seed)), []))
        disk.beforeEach { state in
            found.withLock { if $0.dice.roll(25) == 0 { $0.cuts.append(state) } }
        }
        for round in 0..<40 {
            let drafts = (0..<Self.batch).map {
                talk.draft(.post(content: "\(round * Self.batch + $0)", clientID: nil, replyTo: nil))
            }
            _ = try await talk.store.commit(drafts, at: Timestamp(microseconds: 0))
        }
        disk.beforeEach(nil)
        await talk.store.close()
        let cuts = found.withLock { $0.cuts }
        try #require(cuts.count > 5)
        return cuts
    }

    private static let batch = 5

    /// Opens what is left after the cut: the first messages there were, in whole batches.
    private func survivors(of cut: DiskState, seed: Int, _ number: Int) async throws {
        var dice = Dice(seed: UInt64(seed * 1000 + number))
        let disk = try FaultyDisk(files: cut.cut(&dice))
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db", durability: .written)
        let talk = Talk.goOn(try await SQLiteStore.open(settings))
        let found = try await talk.contents()
        #expect(found == (0..<found.count).map { "\($0)" }, "seed \(seed), cut \(number)")
        #expect(found.count % Self.batch == 0, "seed \(seed), cut \(number)")
        let next = try await talk.perform(.post(content: "next", clientID: nil, replyTo: nil))
        #expect(next.entry?.seq == Seq(found.count + 2), "seed \(seed), cut \(number)")
        await talk.store.close()
    }
}
