import ChatFaults
import ChatKernel
import ChatSQLite
import ChatSimulation
import Testing

/// What a reader is given and what it is told that it does not get lie side by side, from the first number to the last that
/// it may see: whatever was let go of, erased, joined and left.
@Suite("Delivered numbers and gaps tile the log")
struct TileTests {
    @Test("over either store, by all ways of reading", arguments: 0..<16)
    func tile(seed: Int) async throws {
        var dice = Dice(seed: UInt64(seed) + 100)
        var tuning = Tuning()
        tuning.tailLimit = dice.pick([1, 9, 60, 60_000])
        tuning.scanRows = dice.pick([2, 30, 20_000])
        (tuning.scanFirst, tuning.conversationRows) = dice.pick([(0, 0), (8, 1), (4000, 8)])
        tuning.emptiedRows = dice.pick([1, 128])
        tuning.quietNanoseconds = 0
        let harness = SQLiteHarness(.written, tuning)
        let stores: [any StoreWithRetention] = [
            InMemoryStore(epoch: Epoch(1)), try #require(try await harness.makeStore() as? SQLiteStore),
        ]
        var history = History(dice: dice)
        for user in history.accounts { for store in stores { try await store.save(user) } }
        var limits = KernelLimits()
        limits.pageEntries = history.dice.pick([1, 2, 7, 256])
        limits.retention = Retention(messages: history.dice.pick([0, 3, 12]))
        let kernels = stores.map { Kernel(store: $0, authenticator: Nobody(), time: SimulatedTime(), limits: limits) }
        for round in 0..<100 {
            let (drafts, now) = history.nextBatch()
            for store in stores { history.learn(from: try await store.commit(drafts, at: now)) }
            if let (retention, now) = history.nextExpiry() {
                for store in stores { _ = try await store.expire(retention, at: now) }
            }
            if history.dice.roll(5) == 0 { try await (stores[1] as? SQLiteStore)?.tidy() }
            guard round % 10 == 9 else { continue }
            for kernel in kernels {
                for user in history.accounts {
                    let limit = history.dice.pick([1, 2, 5, 40])
                    try await look(kernel, user.id, limit, "seed \(seed), round \(round)", history.conversations)
                }
            }
        }
        for store in stores { await store.close() }
    }

    private func look(
        _ kernel: Kernel, _ user: UserID, _ limit: Int, _ place: String, _ conversations: [ConversationID]
    ) async throws {
        var everywhere: [ConversationID: [Piece]] = [:]
        var position: Pos = 0
        while true {
            let page = try await kernel.events(of: user, after: position, limit: limit)
            for entry in page.entries where entry.seq > 0 {
                everywhere[entry.conversation, default: []].append(Piece(entry))
            }
            position = page.through
            if page.isLast { break }
        }
        for id in Set(conversations) {
            guard let standing = try await kernel.store.standing(of: user, in: id), let membership = standing.membership
            else {
                #expect(everywhere[id] == nil, "\(user) in \(id), \(place)")
                continue
            }
            let last = min(membership.spans.last?.through ?? standing.lastSeq, standing.lastSeq)
            let trouble = Self.trouble(everywhere[id] ?? [], through: last, membership, standing.firstSeq)
            try #require(trouble == nil, "\(user) by \(limit) everywhere in \(id), \(place)")
            guard membership.isActive else { continue }

            var there: [Piece] = []
            var seq: Seq = 0
            while true {
                let page = try await kernel.log(of: id, as: user, after: seq)
                there += page.entries.map { Piece($0) }
                seq = page.through
                if page.isLast { break }
            }
            let other = Self.trouble(there, through: last, membership, standing.firstSeq)
            try #require(other == nil, "\(user) in \(id), \(place)")
        }
    }

    /// A number that came, or several that were said not to.
    private struct Piece {
        let numbers: ClosedRange<Seq>
        let reason: Change.Gap.Reason?

        init(_ entry: Entry) {
            if case .gap(let gap) = entry.change {
                (numbers, reason) = (gap.from...entry.seq, gap.reason)
            } else {
                (numbers, reason) = (entry.seq...entry.seq, nil)
            }
        }
    }

    private static func trouble(
        _ pieces: [Piece], through last: Seq, _ membership: Membership, _ first: Seq
    ) -> String? {
        var next: Seq = 1
        for piece in pieces {
            guard piece.numbers.lowerBound == next else { return "\(piece.numbers) came where \(next) is due" }
            next = piece.numbers.upperBound + 1
            for seq in piece.numbers {
                let wanted: Change.Gap.Reason? = !membership.sees(seq) ? .membership : seq < first ? .retention : nil
                guard piece.reason == wanted else {
                    return "\(seq) was given as \(piece.reason?.rawValue ?? "an entry")"
                }
            }
        }
        return next == last + 1 ? nil : "it ends before \(next), and \(last) is the last"
    }
}
