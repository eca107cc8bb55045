import ChatKernel
import ChatSQLite

/// One history of a store, in which one operation of the disk fails, once.
///
/// A step of it that is refused has not happened and never will: not in any read, nor after a power cut right then. Whoever
/// asked asks again; the store goes on as though nothing had been; and a power cut at the end loses nothing.
package struct SingleFault {
    package enum Outcome: Sendable {
        /// There are not so many such operations.
        case unreached
        case passed
        case failed(String)
    }

    private let disk: FaultyDisk
    private let tuning: Tuning
    private let model = InMemoryStore(epoch: Epoch(1))
    private var history: History
    private var dice: Dice

    private static let length = 26

    /// All that can fail.
    package static let kinds: [Fault] = [
        Fault(.write, .error, of: ".db-wal"), Fault(.write, .full, of: ".db-wal"), Fault(.write, .error, of: ".db"),
        Fault(.write, .full, of: ".db"), Fault(.sync, .error, of: ".db-wal"), Fault(.sync, .forgetting, of: ".db-wal"),
        Fault(.sync, .error, of: ".db"), Fault(.truncate), Fault(.share, .error), Fault(.share, .full),
        Fault(.read, .error),
    ]

    package static func run(_ fault: Fault, seed: Int) async -> Outcome {
        do {
            var life = try SingleFault(fault, seed: seed)
            if let trouble = try await life.live() { return .failed("seed \(seed), \(fault): \(trouble)") }
            return life.disk.isThrough ? .passed : .unreached
        } catch {
            return .failed("seed \(seed), \(fault): \(error)")
        }
    }

    private init(_ fault: Fault, seed: Int) throws {
        var dice = Dice(seed: UInt64(seed))
        history = History(dice: Dice(seed: dice.next()))
        // Not the same pieces for each.
        for _ in 0..<fault.after % 64 { _ = dice.next() }
        var tuning = Tuning()
        tuning.tailLimit = 25
        tuning.sliceRows = 10
        tuning.duePages = 12
        tuning.overduePages = 36
        tuning.readers = 1
        tuning.searchRows = 8
        tuning.sweepPages = 1
        tuning.quietNanoseconds = 0
        self.tuning = tuning
        disk = try FaultyDisk(seed: dice.next())
        self.dice = dice
        disk.plan(fault)
    }

    private mutating func live() async throws -> String? {
        var store = try await open()
        for number in 0..<Self.length {
            let step = history.nextStep(number)
            var results: [Result<Reply, ChatError>]
            do {
                results = try await step.perform(on: store)
            } catch {
                guard disk.isThrough else { return "refused for no reason: \(error)" }
                if let trouble = try await afterRefusal(store) { return trouble }
                results = try await step.perform(on: store)
            }
            guard try await results == step.perform(on: model) else { return "step \(number) was answered otherwise" }
            history.learn(from: results)
            if number % 4 == 3, let text = try await difference(store) { return "after step \(number), \(text)" }
            if number == Self.length / 2 {
                await store.close()
                store = try await open()
            }
        }
        if let text = try await afterCut() { return "after a cut at the end, " + text }
        await store.close()
        return try await afterCut().map { "after the close, " + $0 }
    }

    private mutating func afterRefusal(_ store: SQLiteStore) async throws -> String? {
        if let text = try await afterCut() { return "after a cut right after the refusal, " + text }
        return try await difference(store).map { "after the refusal, " + $0 }
    }

    /// A read may be refused, once, for the reason that was planned.
    private func difference(_ store: SQLiteStore) async throws -> String? {
        let wasThrough = disk.isThrough
        do {
            return try await Comparison(history).difference(store, model)
        } catch {
            guard !wasThrough, disk.isThrough else { throw error }
            return try await Comparison(history).difference(store, model)
        }
    }

    private func open() async throws -> SQLiteStore {
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db")
        let wasThrough = disk.isThrough
        do {
            return try await SQLiteStore.open(settings, tuning: tuning)
        } catch {
            guard !wasThrough, disk.isThrough else { throw error }
            return try await SQLiteStore.open(settings, tuning: tuning)
        }
    }

    private mutating func afterCut() async throws -> String? {
        let left = try FaultyDisk(files: disk.state.cut(&dice))
        let settings = SQLiteStoreSettings(path: left.folder.path + "/chat.db")
        let store = try await SQLiteStore.open(settings, tuning: tuning)
        try await store.tidy()
        let text =
            store.damagedPieces > 0
            ? "the cut was taken for damage" : try await Comparison(history).difference(store, model)
        await store.close()
        return text
    }
}
