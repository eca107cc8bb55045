import ChatKernel

/// The name a user gave a message in a conversation.
struct ClientKey: Hashable, Sendable {
    let conversation: Int64
    let author: Int64
    let name: String
    let hash: UInt64

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    func isOf(_ row: LogRow) -> Bool {
        row.conversation == conversation && row.author == author && row.clientID == name
    }
}

/// Which names have been used, and by which entry. The writer's alone.
///
/// ```
///   memory    young ── old ── a filter for each run
///   file                      client_keys: run 0 | run 60,000 | run 120,000 | …     each sorted by hash
/// ```
/// Names are as good as random, so that an index of them all would be written in another place for each message, and read
/// there too. Instead each fill writes those of its part of the log as a run of its own, in order; and since nearly every
/// name is new, a filter in memory says of most runs that they need not be asked (75 KB for 60,000 names; a day of 100 named
/// messages a second makes 144 runs). Runs are dropped once they are a day old: the contract's 24 hours and last 10,000.
///
/// Only hashes are kept: what a name says is in the log, which decides.
final class ClientKeys {
    private let salt: (UInt64, UInt64)
    private var young = NameTable()
    private var old = NameTable()
    private var runs: [KeyRun] = []
    private let look: Statement

    init(_ connection: Connection) throws(StoreError) {
        salt = (
            UInt64(bitPattern: try Meta.saltHigh.read(connection)),
            UInt64(bitPattern: try Meta.saltLow.read(connection))
        )
        look = try connection.statement("SELECT pos FROM client_keys WHERE run = ? AND hash = ?")
        runs = try KeyRun.all(connection)
    }

    func key(_ name: String, of author: Int64, in conversation: Int64) -> ClientKey {
        var hash = SipHash(key: salt)
        hash.add(UInt64(bitPattern: conversation))
        hash.add(UInt64(bitPattern: author))
        hash.add(name)
        return ClientKey(conversation: conversation, author: author, name: name, hash: hash.finish())
    }

    /// The entry with this name. `row` reads the log.
    func row(
        of key: ClientKey, reading row: (Pos) throws(StoreError) -> LogRow
    ) throws(StoreError) -> LogRow? {
        for table in [young, old] {
            for pos in table.candidates(for: key.hash) {
                let row = try row(pos)
                if key.isOf(row) { return row }
            }
        }
        // The newest first: a repetition mostly follows soon.
        for run in runs.reversed() where run.filter.mayContain(key.hash) {
            for pos in try candidates(for: key.hash, in: run) {
                let row = try row(pos)
                if key.isOf(row) { return row }
            }
        }
        return nil
    }

    private func candidates(for hash: UInt64, in run: KeyRun) throws(StoreError) -> [Pos] {
        var found: [Pos] = []
        try look.each(.integer(run.id), .integer(Int64(bitPattern: hash))) {
            found.append($0.integer(0))
            return true
        }
        return found
    }

    func keep(_ pos: Pos, for key: ClientKey) { young.keep(pos, for: key.hash) }

    // MARK: Fills

    /// What the fill has to write, in order.
    func beginFill() -> [(hash: UInt64, pos: Pos)] {
        old = young
        young = NameTable()
        return old.sorted
    }

    /// The runs that may go, once this one is there.
    func expired(besides run: KeyRun?, at now: Timestamp, keeping least: Int) -> [KeyRun] {
        var newer = run?.count ?? 0
        var expired: [KeyRun] = []
        for run in runs.reversed() {
            if newer >= least, run.lastAt < now.advanced(bySeconds: -86_400) { expired.append(run) }
            newer += run.count
        }
        return expired
    }

    func endFill(adding run: KeyRun?, dropping expired: [KeyRun]) {
        old = NameTable()
        let dropped = Set(expired.map(\.id))
        runs.removeAll { dropped.contains($0.id) }
        if let run { runs.append(run) }
    }
}

/// Positions by hash. Two names with one hash are as good as impossible, and told apart by the log.
private struct NameTable {
    private var positions: [UInt64: Pos] = [:]
    private var others: [UInt64: [Pos]] = [:]

    mutating func keep(_ pos: Pos, for hash: UInt64) {
        if positions[hash] == nil { positions[hash] = pos } else { others[hash, default: []].append(pos) }
    }

    func candidates(for hash: UInt64) -> [Pos] {
        guard let first = positions[hash] else { return [] }
        return [first] + (others[hash] ?? [])
    }

    var sorted: [(hash: UInt64, pos: Pos)] {
        var all = positions.map { (hash: $0.key, pos: $0.value) }
        for (hash, more) in others { all += more.map { (hash: hash, pos: $0) } }
        // As SQLite orders them: signed.
        return all.sorted { (Int64(bitPattern: $0.hash), $0.pos) < (Int64(bitPattern: $1.hash), $1.pos) }
    }
}

/// The names of one part of the log.
struct KeyRun: Sendable {
    /// The watermark at which its fill began, so that a fill that is repeated after a crash writes the same rows.
    let id: Pos
    /// The time of its last entry.
    let lastAt: Timestamp
    let count: Int
    let filter: KeyFilter

    init(id: Pos, lastAt: Timestamp, count: Int, filter: KeyFilter) {
        self.id = id
        self.lastAt = lastAt
        self.count = count
        self.filter = filter
    }

    static func all(_ connection: Connection) throws(StoreError) -> [KeyRun] {
        var runs: [KeyRun] = []
        try connection.statement("SELECT run, last_at, count, filter FROM key_runs ORDER BY run").each {
            (row) throws(StoreError) in
            guard let filter = KeyFilter(bytes: row.blob(3)), (0..<1 << 40).contains(row.integer(2)) else {
                throw StoreError(.damaged, "the filter of the names at \(row.integer(0)) is not as it was written")
            }
            runs.append(
                KeyRun(
                    id: row.integer(0), lastAt: Timestamp(microseconds: row.integer(1)), count: Int(row.integer(2)),
                    filter: filter))
            return true
        }
        return runs
    }

    func write(_ connection: Connection) throws(StoreError) {
        try connection.statement(
            "INSERT OR REPLACE INTO key_runs(run, last_at, count, filter) VALUES (?, ?, ?, ?)"
        ).run(.integer(id), .time(lastAt), .integer(Int64(count)), .blob(filter.bytes))
    }
}
