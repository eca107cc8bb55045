import ChatKernel
import ChatSQLite
import Synchronization

/// One history of a store whose power is cut at many points of it, each of which is then lived on from.
///
/// The history has repeated names, edits, deletions, reactions, members, accounts, fills of the indexes and checkpoints. What
/// is left after a cut must be what was acknowledged, and of the one batch that was under way all or nothing: in
/// every read, and in the answers to whatever is asked next.
package struct PowerCuts {
    private let seed: Int
    private let disk: FaultyDisk
    private let tuning: Tuning
    private var history: History
    private var steps: [Step] = []
    private let sampler: Sampler

    /// How many writes to the store a history has.
    private static let length = 70

    /// - Returns: a sentence for each point at which something was wrong.
    package static func run(seed: Int, points: Int) async throws -> (points: Int, failures: [String]) {
        var life = try PowerCuts(seed: seed, points: points)
        try await life.live()
        var failures: [String] = []
        let cuts = life.sampler.cuts
        for (number, cut) in cuts.enumerated() {
            if let trouble = await life.trouble(after: cut, number) {
                failures.append("seed \(seed), cut \(number), \(cut.answered) of \(cut.asked) answered: \(trouble)")
            }
        }
        return (cuts.count, failures)
    }

    private init(seed: Int, points: Int) throws {
        self.seed = seed
        var dice = Dice(seed: UInt64(seed))
        var tuning = Tuning()
        tuning.tailLimit = dice.pick([10, 40, 150, 60_000])
        tuning.sliceRows = dice.pick([3, 20, 500])
        tuning.duePages = dice.pick([5, 40, 1000])
        tuning.overduePages = tuning.duePages * 3
        tuning.searchRows = dice.pick([1, 10, 512])
        tuning.sweepPages = dice.pick([1, 32])
        tuning.quietNanoseconds = 0
        self.tuning = tuning
        disk = try FaultyDisk(seed: dice.next())
        sampler = Sampler(dice: Dice(seed: dice.next()), capacity: points)
        history = History(dice: dice)
    }

    private mutating func live() async throws {
        let sampler = sampler
        disk.beforeEach { sampler.watch($0) }
        var store = try await open(disk.folder)
        for number in 0..<Self.length {
            let step = history.nextStep(number)
            steps.append(step)
            sampler.ask()
            let results = try await step.perform(on: store)
            sampler.answer()
            history.learn(from: results)
            if history.dice.roll(25) == 0 {
                await store.close()
                store = try await open(disk.folder)
            }
        }
        await store.close()
        disk.beforeEach(nil)
    }

    private func open(_ folder: Folder) async throws(StoreError) -> SQLiteStore {
        try await SQLiteStore.open(SQLiteStoreSettings(path: folder.path + "/chat.db"), tuning: tuning)
    }

    // MARK: After a cut

    private func trouble(after cut: Cut, _ number: Int) async -> String? {
        var dice = Dice(seed: UInt64(seed) << 32 | UInt64(number))
        do {
            var files = cut.disk.cut(&dice)
            // Shared memory of another time.
            if dice.roll(3) == 0 { files["chat.db-shm"] = (0..<32_768).map { _ in UInt8(dice.roll(256)) } }
            let left = try FaultyDisk(files: files)
            let model = InMemoryStore(epoch: Epoch(1))
            for step in steps.prefix(cut.answered) { try await step.perform(on: model) }
            return try await trouble(in: left.folder, model, cut, &dice)
        } catch {
            return "\(error)"
        }
    }

    private func trouble(
        in folder: Folder, _ model: InMemoryStore, _ cut: Cut, _ dice: inout Dice
    ) async throws(StoreError) -> String? {
        let comparison = Comparison(history)
        let store = try await open(folder)
        if store.damagedPieces > 0 { return "a power cut was taken for damage" }
        var kept = cut.answered
        if let text = try await comparison.difference(store, model) {
            guard cut.asked > cut.answered else { return text }
            // What was under way may have arrived.
            try await steps[kept].perform(on: model)
            kept += 1
            if let more = try await comparison.difference(store, model) { return "\(text); or \(more)" }
        }
        // It goes on: what was sent before is sent again, and then what had not been sent yet.
        let again = kept == 0 ? [] : (0..<3).map { _ in steps[dice.roll(kept)] }
        for step in again + steps.dropFirst(kept).prefix(6) {
            let (found, wanted) = (try await step.perform(on: store), try await step.perform(on: model))
            if found != wanted { return "went on with \(found) instead of \(wanted)" }
        }
        await store.close()
        let last = try await open(folder)
        let text = try await comparison.difference(last, model)
        await last.close()
        return text.map { "after the next start, " + $0 }
    }

    // MARK: Points

    /// What the disk held at some moment, how much had been asked by then, and how much of it answered.
    struct Cut: Sendable {
        let asked: Int
        let answered: Int
        let disk: DiskState
    }

    /// Takes as many points as wanted, each as likely as any other.
    private final class Sampler: Sendable {
        private struct State {
            var dice: Dice
            var seen = 0
            var asked = 0
            var answered = 0
            var cuts: [Cut] = []
        }

        private let state: Mutex<State>
        private let capacity: Int

        init(dice: Dice, capacity: Int) {
            state = Mutex(State(dice: dice))
            self.capacity = capacity
        }

        var cuts: [Cut] { state.withLock { $0.cuts } }

        func ask() { state.withLock { $0.asked += 1 } }

        func answer() { state.withLock { $0.answered += 1 } }

        func watch(_ disk: DiskState) {
            state.withLock { state in
                state.seen += 1
                let cut = Cut(asked: state.asked, answered: state.answered, disk: disk)
                if state.cuts.count < capacity { return state.cuts.append(cut) }
                let place = state.dice.roll(state.seen)
                if place < capacity { state.cuts[place] = cut }
            }
        }
    }
}
