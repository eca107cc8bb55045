import ChatFaults
import ChatKernel
import ChatSQLite
import Testing

/// The same random history, told to the readable store and to SQLite: the same replies and the same reads.
@Suite("SQLite differs in nothing from the specification")
struct DifferentialTests {
    @Test(arguments: 0..<12)
    func asInMemory(seed: Int) async throws {
        var dice = Dice(seed: UInt64(seed))
        var tuning = Tuning()
        // From always filling to never.
        tuning.tailLimit = [1, 7, 40, 200, 60_000][dice.roll(5)]
        tuning.sliceRows = [1, 5, 500][dice.roll(3)]
        tuning.scanRows = [3, 50, 20_000][dice.roll(3)]
        tuning.searchRows = [1, 10, 512][dice.roll(3)]
        tuning.searchTurns = [1, 5][dice.roll(2)]
        tuning.quietNanoseconds = 0
        let harness = SQLiteHarness(.written, tuning)
        let specification = InMemoryStore(epoch: Epoch(1))
        var store = try await harness.makeStore()
        var history = History(dice: dice)
        for user in history.accounts {
            try await specification.save(user)
            try await store.save(user)
        }
        for round in 0..<120 {
            let (drafts, now) = history.nextBatch()
            let wanted = try await specification.commit(drafts, at: now)
            let found = try await store.commit(drafts, at: now)
            try #require(found == wanted, "seed \(seed), batch \(round)")
            history.learn(from: wanted)
            if let (retention, now) = history.nextExpiry() {
                let wanted = try await specification.expire(retention, at: now)
                let found = try await (store as? any StoreWithRetention)?.expire(retention, at: now) ?? []
                try #require(Set(found) == Set(wanted), "seed \(seed), expiry \(round)")
            }
            if history.dice.roll(6) == 0 { try await (store as? SQLiteStore)?.tidy() }
            if history.dice.roll(25) == 0 { store = try #require(try await harness.reopen(store)) }
            if round % 4 == 0 { try await compare(store, specification, &history, "seed \(seed), batch \(round)") }
        }
        await store.close()
    }

    private func compare(
        _ store: any Store, _ specification: any Store, _ history: inout History, _ place: String
    ) async throws {
        for read in history.reads(count: 12) {
            let wanted = try await read.answer(of: specification)
            let found = try await read.answer(of: store)
            try #require(found == wanted, "\(read), \(place)")
        }
        #expect(try await store.head().pos == specification.head().pos, "\(place)")
    }
}
