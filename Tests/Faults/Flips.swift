import ChatKernel
import ChatSQLite

/// The files of a store with one byte changed, at many places of them.
///
/// Wherever it is, each read either says what was written or refuses, and the store says that it is damaged. It may also
/// refuse to open. A WAL that was left and is broken is cut off there: then more than one commit is missed only with a new epoch.
package struct Flips {
    package struct Outcome: Sendable {
        /// The store did not open.
        package var refused = 0
        /// Some read refused.
        package var met = 0
        /// Found by looking through the whole, and in no read.
        package var found = 0
        /// At the end of a WAL, where it looks like what a power cut leaves.
        package var torn = 0
        package var failures: [String] = []
    }

    private let tuning: Tuning
    private var history: History
    private var steps: [Step] = []
    /// Which of them wrote something.
    private var writes: [Bool] = []

    /// How many of them the files had seen that a crash would have left.
    private var stepsLeft = 0

    private static let length = 60

    /// Leaves the counters out that SQLite keeps for itself: nobody notices, and nothing comes of it.
    package static func run(seed: Int, places: Int) async throws -> Outcome {
        var dice = Dice(seed: UInt64(seed))
        var flips = Flips(&dice)
        let (closed, left) = try await flips.build()
        var outcome = Outcome()
        for number in 0..<places {
            let name = number % 4 == 0 ? "chat.db-wal" : "chat.db"
            var changed = number % 4 == 0 ? left : closed
            // The headers, of a file and of the WAL and its first frame, are small; each byte of them matters.
            let length = changed[name]?.count ?? 1
            var place = 0
            repeat {
                place = dice.roll(number % 5 == 0 ? min(100, length) : length)
            } while name == "chat.db" && PageSum.counters.contains { $0.contains(place) }
            let change = UInt8(1 + dice.roll(255))
            changed[name]?[place] ^= change
            if let trouble = try await flips.look(at: changed, isLeft: number % 4 == 0, &outcome) {
                outcome.failures.append("seed \(seed), flip \(number), by \(change) at \(place) of \(name): \(trouble)")
            }
        }
        return outcome
    }

    private init(_ dice: inout Dice) {
        var tuning = Tuning()
        tuning.tailLimit = dice.pick([10, 40, 60_000])
        tuning.readers = 1
        tuning.searchRows = dice.pick([5, 512])
        tuning.quietNanoseconds = 0
        self.tuning = tuning
        history = History(dice: Dice(seed: dice.next()))
    }

    /// The files of a store that was closed, and those that a crash would have left when the WAL was at its longest: an idle
    /// moment may cut it off.
    private mutating func build() async throws -> (closed: [String: [UInt8]], left: [String: [UInt8]]) {
        let disk = try FaultyDisk()
        let store = try await open(disk, Epoch(1))
        var left: [String: [UInt8]] = [:]
        for number in 0..<Self.length {
            let step = history.nextStep(number)
            let results = try await step.perform(on: store)
            history.learn(from: results)
            steps.append(step)
            writes.append(results.isEmpty || results.contains { $0.isCommitted })
            // Not in the middle of a checkpoint: then the file is of two moments, and only a whole WAL makes it one.
            let files = try await store.atRest { disk.state.files.mapValues(\.settled) }
            guard Self.walSize(of: files) > Self.walSize(of: left) else { continue }
            left = files
            stepsLeft = steps.count
        }
        await store.close()
        return (disk.state.files.mapValues(\.settled), left)
    }

    private static func walSize(of files: [String: [UInt8]]) -> Int { files["chat.db-wal"]?.count ?? 0 }

    private func open(_ disk: FaultyDisk, _ epoch: Epoch) async throws(StoreError) -> SQLiteStore {
        let settings = SQLiteStoreSettings(path: disk.folder.path + "/chat.db")
        return try await SQLiteStore.open(settings, newEpoch: epoch, tuning: tuning)
    }

    private func look(
        at files: [String: [UInt8]], isLeft: Bool, _ outcome: inout Outcome
    ) async throws -> String? {
        let disk = try FaultyDisk(files: files)
        let store: SQLiteStore
        do { store = try await open(disk, Epoch(2)) } catch {
            outcome.refused += 1
            return nil
        }
        let trouble = isLeft ? try await lookBack(store, &outcome) : try await look(store, &outcome)
        await store.close()
        return trouble
    }

    private func look(_ store: SQLiteStore, _ outcome: inout Outcome) async throws(StoreError) -> String? {
        let model = InMemoryStore(epoch: Epoch(1))
        for step in steps { try await step.perform(on: model) }
        var isMet = false
        for probe in Comparison(history).probes {
            do throws(StoreError) {
                if let text = try await probe.difference(store, model) { return text }
            } catch {
                isMet = true
            }
        }
        if isMet { outcome.met += 1 } else { outcome.found += 1 }
        try await store.tidy()
        return store.damagedPieces > 0 ? nil : "nobody noticed"
    }

    /// The state after some of the steps.
    private func lookBack(_ store: SQLiteStore, _ outcome: inout Outcome) async throws(StoreError) -> String? {
        let comparison = Comparison(history)
        for kept in (0...stepsLeft).reversed() {
            let model = InMemoryStore(epoch: Epoch(1))
            for step in steps.prefix(kept) { try await step.perform(on: model) }
            guard try await comparison.difference(store, model) == nil else { continue }
            let epoch = try await store.head().epoch
            let isSaid = store.damagedPieces > 0 && epoch == Epoch(2)
            // What is in the last commit, or behind it, or no commit at all.
            if isSaid { outcome.met += 1 } else { outcome.torn += 1 }
            let lost = writes[kept..<stepsLeft].count { $0 }
            return isSaid || lost <= 1 ? nil : "\(lost) steps are lost, and nobody says so"
        }
        return "no state there has ever been"
    }
}

extension Result<Reply, ChatError> {
    fileprivate var isCommitted: Bool { if case .success(.committed) = self { true } else { false } }
}
