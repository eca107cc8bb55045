import ChatKernel

/// A page of what one user may see behind a position, while it is read: a turn at a time, since nobody may hold a reading
/// thread, and the WAL, for long.
///
/// ```
///   log    after ─── looked at, row by row ───▶ · · · what others said · · · head       near the head, or where much is new
///          conversation 1 ──────▶│ its first entries behind `after`                      far behind, where little is new
///          conversation 2 ──────────────────▶│    of all conversations the lowest
/// ```
/// Looking at the log costs what is in the store since; going from conversation to conversation costs what conversations
/// the user has. Nobody knows before which is less. So the log is looked at until that has cost as much as the other way
/// would, and then the other way is taken: never more than twice the cheaper.
struct CatchUp: Sendable {
    private let user: UserID
    private let among: Set<ConversationID>?
    private let tuning: Tuning

    private var page: ReplayPage
    private(set) var isDone = false
    /// All up to here has been looked at, and is on the page as far as the user may see it.
    private var after: Pos
    /// Rows that were looked at, and how many may be before the other way is thought of.
    private var looked = 0
    private var allowance: Int
    /// The last number that is gone and was passed, of each conversation.
    private var lost: [Int64: Seq] = [:]
    /// The other way, once it is taken.
    private var round: Round?

    init(of user: UserID, after pos: Pos, among: Set<ConversationID>?, limit: Int, _ tuning: Tuning) {
        self.user = user
        self.among = among
        page = ReplayPage(limit: limit)
        self.tuning = tuning
        after = max(0, pos)
        allowance = tuning.scanFirst
        isDone = limit <= 0
    }

    var entries: [Entry] { page.entries }

    mutating func takeTurn(in snapshot: Snapshot) throws(StoreError) {
        // The commonest question: is there anything new?
        guard after < snapshot.head, var stays = try Stays(of: user, among: among, snapshot.records) else {
            isDone = true
            return
        }
        if round == nil, looked >= allowance {
            isDone = page.isFull
            if isDone { return }
            try weigh(snapshot, stays)
        }
        if round == nil { try look(in: snapshot, &stays) } else { try goRound(in: snapshot, &stays) }
    }

    /// Takes the other way when looking at the log has cost as much, and the rest of it would cost more.
    private mutating func weigh(_ snapshot: Snapshot, _ stays: borrowing Stays) throws(StoreError) {
        let rows = try stays.conversations()
        let price = rows.count * tuning.conversationRows
        allowance = max(allowance, price)
        guard looked >= price, snapshot.head - after > Pos(price) else { return }
        round = Round(over: rows, behind: after, through: snapshot.head, limit: page.limit - page.count)
    }

    private mutating func look(in snapshot: Snapshot, _ stays: inout Stays) throws(StoreError) {
        let rows = looked < allowance ? min(tuning.scanRows, allowance - looked) : tuning.scanRows
        let wanted = page.limit - page.count
        var places: [Pos] = []
        var (count, news) = (0, 0)
        var last = after
        var (isCut, hasMore) = (false, false)
        // Three columns of each row, and the whole of those that are for this user: most are not.
        let statement = try snapshot.connection.statement(
            "SELECT pos, conversation, seq FROM log WHERE pos > ? ORDER BY pos")
        try statement.each(.integer(after)) { (row) throws(StoreError) in
            isCut = count == rows
            guard !isCut else { return false }
            let (room, seq) = (row.integer(1), row.integer(2))
            if try stays.see(seq, in: room) {
                let isLost = try stays.lost(seq, in: room)
                // What makes a gap longer takes no room.
                if !isLost || lost[room] != seq - 1 { news += 1 }
                hasMore = news > wanted
                guard !hasMore else { return false }
                if isLost { lost[room] = seq }
                places.append(row.integer(0))
            }
            last = row.integer(0)
            count += 1
            return true
        }
        try take(places, in: snapshot, &stays)
        after = last
        looked += count
        // What a round has passed is not counted here, so there may be room left.
        isDone = isDone || (hasMore ? page.isFull : !isCut)
    }

    private mutating func goRound(in snapshot: Snapshot, _ stays: inout Stays) throws(StoreError) {
        guard var next = round else { return }
        try next.goOn(in: snapshot, &stays, work: tuning.scanRows, each: tuning.conversationRows)
        round = next
        guard next.isOver else { return }
        let places = next.places
        let isWhole = places.count < page.limit - page.count
        try take(places, in: snapshot, &stays, next, isWhole: isWhole)
        if isWhole || page.isFull { isDone = true }
        // A mark that was left out has made room: the page must not look as though there were no more.
        after = places.last ?? after
        round = nil
        looked = 0
    }

    /// The same of a round, which names of each run of what is gone the first.
    private mutating func take(
        _ places: [Pos], in snapshot: Snapshot, _ stays: inout Stays, _ round: Round, isWhole: Bool
    ) throws(StoreError) {
        var runs: [Round.LostRun] = []
        var last = after
        for pos in places {
            // A run takes its place on the page when it is known how far it goes.
            guard !page.isFull, page.count + runs.count < page.limit else { break }
            last = pos
            if let run = round.lost[pos] { runs.append(run) } else { try take([pos], in: snapshot, &stays) }
        }
        if isWhole, !page.isFull { last = round.through }
        for run in runs {
            guard let pos = try snapshot.last(of: run.numbers, in: run.room, through: last)?.pos else { continue }
            let shell = try snapshot.records.gap(snapshot.records.requireRow(at: pos), from: run.numbers.lowerBound)
            page.pass(through: shell, from: run.numbers.lowerBound)
        }
    }

    /// Puts the entries at these positions on the page, as far as it has room.
    private mutating func take(
        _ places: [Pos], in snapshot: Snapshot, _ stays: inout Stays
    ) throws(StoreError) {
        for pos in places {
            let row = try snapshot.records.requireRow(at: pos)
            guard try stays.see(row.seq, in: row.conversation) else {
                // A membership that has ended meanwhile takes the marks along, and nothing else.
                if row.seq == 0 { continue }
                throw LogRow.damage(at: pos)
            }
            if try stays.lost(row.seq, in: row.conversation) {
                let shell = try snapshot.records.gap(row, from: row.seq)
                guard page.mayPass(shell) else { break }
                page.pass(shell)
            } else {
                guard !page.isFull else { break }
                page.add(try snapshot.records.entry(row))
            }
        }
        if page.isSpent { isDone = true }
    }
}
