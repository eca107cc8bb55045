import ChatKernel

/// The way from conversation to conversation: where the first entries behind a position stand that a user may see, of all of
/// the user's conversations together. Those that have nothing there are passed at the price of a look at each.
///
/// Conversations are visited in different snapshots, and nothing is lost or shown too much by that: what a user may see up to
/// a head does not change later. A stay that has begun since shows only what came after the head, and one that has ended
/// since showed it to its end.
struct Round: Sendable {
    private let rows: [Int64]
    private let after: Pos
    private let limit: Int
    private var next = 0
    private var found: [Pos] = []
    /// Runs of what is not kept any more, by where the first of each stands, which is among those found.
    private(set) var lost: [Pos: LostRun] = [:]
    let through: Pos
    /// What stands behind here is not on this page.
    private var bound: Pos

    /// Numbers that a user may see and nobody can any more.
    struct LostRun: Sendable {
        let room: Int64
        let numbers: ClosedRange<Seq>
    }

    init(over rows: [Int64], behind after: Pos, through head: Pos, limit: Int) {
        self.rows = rows
        self.after = after
        self.limit = limit
        bound = head
        through = head
    }

    var isOver: Bool { next == rows.count }

    /// The lowest positions that were found, ascending.
    var places: [Pos] { Array(found.sorted().prefix(limit)) }

    /// Visits conversations until about so much work has been done, of which a visit is `each` and an entry 1.
    mutating func goOn(
        in snapshot: Snapshot, _ stays: inout Stays, work: Int, each: Int
    ) throws(StoreError) {
        var done = 0
        while !isOver, done < work {
            let count = found.count
            try visit(rows[next], in: snapshot, &stays)
            next += 1
            done += max(1, each) + found.count - count
            if found.count / 2 >= limit { forgetTheLast() }
        }
    }

    private mutating func forgetTheLast() {
        found = places
        bound = found.last.map { $0 &- 1 } ?? bound
    }

    private mutating func visit(
        _ room: Int64, in snapshot: Snapshot, _ stays: inout Stays
    ) throws(StoreError) {
        let (after, bound, limit) = (after, bound, limit)
        guard let tail = snapshot.remembered({ $0.tail(of: room, behind: after, through: bound, limit: limit) }),
            let filed = try filed(room, snapshot)
        else { return }
        let hasEntries = filed.through > after || tail.firstBehind != nil
        let hasMarks = filed.mark > after || !tail.marks.isEmpty
        guard hasEntries || hasMarks else { return }
        let stay = try stays.stay(in: room)
        if hasEntries, let first = try firstSeen(by: stay, in: room, filed, tail, snapshot) {
            for span in stay.spans {
                let (from, upper) = (max(first, span.from), span.through ?? .max)
                try addLost(from, min(upper, stay.firstSeq - 1), of: room, snapshot)
                let lower = max(from, stay.firstSeq)
                guard lower <= upper else { continue }
                found += try snapshot.places(
                    in: room, lower...upper, newestFirst: false, messagesOnly: false, limit: limit, through: bound)
            }
        }
        if hasMarks, stay.isActive {
            if filed.mark > after { try addIndexedMarks(of: room, snapshot) }
            found += tail.marks
        }
    }

    private mutating func addLost(
        _ lower: Seq, _ upper: Seq, of room: Int64, _ snapshot: Snapshot
    ) throws(StoreError) {
        guard lower <= upper else { return }
        let first = try snapshot.places(
            in: room, lower...lower, newestFirst: false, messagesOnly: false, limit: 1, through: bound)
        guard let pos = first.first else { return }
        found.append(pos)
        lost[pos] = LostRun(room: room, numbers: lower...upper)
    }

    // MARK: What the tables say

    /// A conversation as the tables have it.
    private struct Filed {
        /// The last numbered entry, its pos and its number, when the tail has none.
        let through: Pos
        let lastSeq: Seq
        /// The pos of the last mark in the index.
        let mark: Pos
    }

    private func filed(_ room: Int64, _ snapshot: Snapshot) throws(StoreError) -> Filed? {
        let found = try snapshot.connection.statement(
            """
            SELECT through, last_seq, (SELECT max(pos) FROM mark_index WHERE conversation = ?1) FROM conversations
            WHERE row = ?1
            """
        ).first(.integer(room)) { Filed(through: $0.integer(0), lastSeq: $0.integer(1), mark: $0.integer(2)) }
        guard let found else { throw StoreError(.damaged, "a member's conversation is not there") }
        guard Counter.isSound(found.lastSeq) else {
            throw StoreError(.damaged, "the row of conversation \(room) counts \(found.lastSeq)")
        }
        return found
    }

    /// Those above the watermark belong to a fill in progress: the tail has them.
    private mutating func addIndexedMarks(of room: Int64, _ snapshot: Snapshot) throws(StoreError) {
        let statement = try snapshot.connection.statement(
            "SELECT pos FROM mark_index WHERE conversation = ? AND pos > ? AND pos <= ? ORDER BY pos LIMIT ?")
        try statement.each(
            .integer(room), .integer(after), .integer(min(bound, snapshot.watermark)), .integer(Int64(limit))
        ) {
            found.append($0.integer(0))
            return true
        }
    }

    /// The lowest number behind the position; nil when the user may see none from there on.
    private func firstSeen(
        by stay: Stay, in room: Int64, _ filed: Filed, _ tail: TailPart, _ snapshot: Snapshot
    ) throws(StoreError) -> Seq? {
        guard let lastSeen = stay.spans.last.map({ $0.through ?? .max }) else { return nil }
        let last = min(lastSeen, tail.first.map { $0 - 1 } ?? filed.lastSeq)
        func isBehind(_ seq: Seq) throws(StoreError) -> Bool {
            guard let pos = try snapshot.records.indexed(seq, in: room) else {
                throw StoreError(.damaged, "the index has no entry \(seq) of conversation row \(room)")
            }
            return pos > after
        }
        guard last > 0, try isBehind(last) else { return tail.firstBehind }
        // pos grows with the number. Mostly little is new: from the end, twice as far each time, then halves of what is left.
        var (low, high): (Seq, Seq) = (0, last)
        var step: Seq = 1
        while high > step {
            guard try isBehind(high - step) else {
                low = high - step
                break
            }
            high -= step
            step *= 2
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2
            if try isBehind(middle) { high = middle } else { low = middle }
        }
        return high
    }
}

/// What the tail has of a conversation behind a position.
private struct TailPart: Sendable {
    /// The first number that the tail has at all.
    var first: Seq?
    /// The first number behind the position.
    var firstBehind: Seq?
    var marks: [Pos] = []
}

extension Memory {
    fileprivate func tail(of room: Int64, behind pos: Pos, through bound: Pos, limit: Int) -> TailPart {
        var part = TailPart()
        func add(_ run: Run?, _ marks: [MarkPlace]?) {
            if let run {
                part.first = part.first ?? run.first
                let index = run.places.firstIndex(behind: pos) { $0.pos }
                if index < run.places.count { part.firstBehind = part.firstBehind ?? run.first + Seq(index) }
            }
            if let marks {
                let index = marks.firstIndex(behind: pos) { $0.pos }
                part.marks += marks[index...].prefix(limit).map(\.pos).prefix { $0 <= bound }
            }
        }
        add(old.runs[room], old.markPlaces[room])
        add(young.runs[room], young.markPlaces[room])
        return part
    }
}

extension Array {
    /// The index of the first element behind a position, in an array that is ordered by it.
    fileprivate func firstIndex(behind pos: Pos, _ place: (Element) -> Pos) -> Int {
        var (lower, upper) = (0, count)
        while lower < upper {
            let middle = lower + (upper - lower) / 2
            if place(self[middle]) > pos { upper = middle } else { lower = middle + 1 }
        }
        return lower
    }
}
