public import ChatKernel
import Synchronization

/// A store in one SQLite file, in WAL mode.
///
/// ```
///   commit ──▶ writer thread ── append to the log, COMMIT ── publish ──▶ shared memory (tail, heads, members)
///                    └ when idle: fill the indexes, checkpoint                    │
///   reads ──▶ reader threads ── a snapshot of the file ◀────────── what it lacks ─┘
///   searches ──▶ one more of them
/// ```
/// A commit appends to one table; everything else that is found quickly is found through the tail in memory and through
/// indexes that follow (Schema.swift, Fill.swift). One process at a time may have a store open, but for tools that only
/// look after accounts: `open(_:exclusive:newEpoch:log:)` with `exclusive: false`.
public final class SQLiteStore: StoreWithWriter, StoreWithSearch, StoreWithRetention, StoreThatFindsDamage,
    StoreWithEpochs
{
    /// SQLite would take a gigabyte; a row of the log should stay something that can be read at once.
    static let largestContent = 16 << 20

    private let durability: SQLiteDurability
    private let memory: SharedMemory
    /// Nil for a store opened beside a running one.
    private let lock: FileLock?
    private let writing: Desk<Writer>
    private let reading: [Desk<Reader>]
    /// A search can take a hundred times what another read takes: it delays other searches, and nothing else.
    private let searching: Desk<Reader>
    private let tuning: Tuning
    private let damage: DamageBook

    init(
        durability: SQLiteDurability, memory: SharedMemory, lock: FileLock?, writing: Desk<Writer>,
        reading: [Desk<Reader>], searching: Desk<Reader>, tuning: Tuning, damage: DamageBook
    ) {
        self.durability = durability
        self.memory = memory
        self.lock = lock
        self.writing = writing
        self.reading = reading
        self.searching = searching
        self.tuning = tuning
        self.damage = damage
    }

    deinit {
        for desk in reading + [searching] { desk.thread.end() }
        writing.thread.end()
    }

    public var guarantees: StoreGuarantees { Self.guarantees(durability) }

    static func guarantees(_ durability: SQLiteDurability) -> StoreGuarantees {
        StoreGuarantees(
            durability: durability == .synced ? .synced : .written, atomicBatch: true, replayable: true,
            largestContent: largestContent)
    }

    public var damagedPieces: Int { damage.count }

    /// Runs the committer: on it, ``commit(_:at:)`` changes no thread.
    public var writer: any TaskExecutor { writing.thread }

    // MARK: Writing

    public func commit(_ drafts: [Draft], at now: Timestamp) async throws(StoreError) -> [Result<Reply, ChatError>] {
        try requireOwner()
        return try await writing.run { (writer) throws(StoreError) in try writer.commit(drafts, at: now) }
    }

    public func save(_ user: User) async throws(StoreError) {
        try await writing.run { (writer) throws(StoreError) in try writer.save(user) }
    }

    public func beginEpoch() async throws(StoreError) -> Epoch {
        try requireOwner()
        let epoch = Epoch(UInt64.random(in: 1 ... .max))
        try await writing.run { [memory] (writer) throws(StoreError) in
            try writer.begin(epoch)
            memory.withLock { $0.epoch = epoch }
        }
        return epoch
    }

    /// Conversations a few at a time: found by who reads, raised by who writes, so that neither is kept for long.
    public func expire(_ retention: Retention, at now: Timestamp) async throws(StoreError) -> [Expiry] {
        var raised: [Expiry] = []
        var next: Int64? = 0
        while let row = next {
            let count = tuning.expiryRooms
            do throws(StoreError) {
                let part = try await read { (reader) throws(StoreError) in
                    try reader.expiries(retention, at: now, behind: row, limit: count)
                }
                for error in part.damage { damage.note(error) }
                if !part.expiries.isEmpty {
                    try await writing.run { (writer) throws(StoreError) in try writer.raise(part.expiries) }
                }
                raised += part.expiries
                next = part.next
            } catch {
                // What has gone is told all the same; the next pass goes on with the rest, or says why not.
                guard raised.isEmpty else { return raised }
                throw error
            }
        }
        return raised
    }

    // MARK: Reading

    public func head() async throws(StoreError) -> Cursor {
        try requireOwner()
        return try memory.withLock { (memory) throws(StoreError) in
            try memory.requireOpen()
            return Cursor(epoch: memory.epoch, pos: memory.head)
        }
    }

    public func entries(in scope: Scope, limit: Int) async throws(StoreError) -> [Entry] {
        switch scope {
        case .conversation(let id, let seq):
            return try await read { (reader) throws(StoreError) in
                try reader.entries(of: id, after: seq, limit: limit)
            }
        case .user(let user, let pos, let among):
            var page = CatchUp(of: user, after: pos, among: among, limit: limit, tuning)
            while !page.isDone {
                page = try await read { [page] (reader) throws(StoreError) in try reader.advance(page) }
            }
            return page.entries
        }
    }

    public func standing(of user: UserID, in conversation: ConversationID) async throws(StoreError) -> Standing? {
        try requireOwner()
        // Who was active lately is in memory: no thread need be asked.
        let known = try memory.withLock { (memory) throws(StoreError) -> Standing? in
            try memory.requireOpen()
            guard let room = memory.room(conversation), let seat = memory.seat(SeatKey(room: room.row, user: user))
            else { return nil }
            return Standing(membership: seat.membership, firstSeq: room.firstSeq, lastSeq: room.activity.lastSeq)
        }
        if let known { return known }
        return try await read { (reader) throws(StoreError) in try reader.standing(of: user, in: conversation) }
    }

    public func conversation(_ id: ConversationID, for viewer: UserID) async throws(StoreError) -> Conversation? {
        try await read { (reader) throws(StoreError) in try reader.conversation(id, for: viewer) }
    }

    public func conversations(
        of user: UserID, after mark: ConversationMark?, limit: Int
    ) async throws(StoreError) -> [Conversation] {
        try await read { (reader) throws(StoreError) in
            try reader.conversations(of: user, after: mark, limit: limit)
        }
    }

    public func messages(_ query: MessageQuery, limit: Int) async throws(StoreError) -> [Message] {
        try await read { (reader) throws(StoreError) in try reader.messages(query, limit: limit) }
    }

    public func conversationIDs(of user: UserID, limit: Int) async throws(StoreError) -> [ConversationID] {
        try await read { (reader) throws(StoreError) in try reader.conversationIDs(of: user, limit: limit) }
    }

    public func readMarks(in conversation: ConversationID) async throws(StoreError) -> [ReadMark] {
        try await read { (reader) throws(StoreError) in try reader.readMarks(in: conversation) }
    }

    /// A turn after the other, each at one moment of its own: below a pos, nothing comes anew.
    public func search(_ search: Search, limit: Int) async throws(StoreError) -> SearchPage {
        var messages: [Message] = []
        var budget = PageBudget()
        var next: Pos? = search.before ?? .max
        var turns = limit > 0 ? tuning.searchTurns : 0
        while let before = next, turns > 0, messages.count < limit, !budget.isSpent {
            let (wanted, scan, left) = (limit &- messages.count, tuning.scanRows, budget)
            let part = try await read(at: searching) { (reader) throws(StoreError) in
                try reader.search(search, before: before, limit: wanted, budget: left, scan: scan)
            }
            messages += part.messages
            budget = part.budget
            next = part.next
            turns -= 1
        }
        return SearchPage(messages: messages, next: limit > 0 ? next : nil)
    }

    public func users(_ query: UserQuery, limit: Int) async throws(StoreError) -> [User] {
        try await readByAnybody { (reader) throws(StoreError) in try reader.users(query, limit: limit) }
    }

    // MARK: The end

    public func close() async {
        let isFirst = memory.withLock { memory in
            defer { memory.isClosed = true }
            return !memory.isClosed
        }
        guard isFirst else { return }
        for desk in reading + [searching] { await desk.close { _ in } }
        await writing.close { [lock] in if lock != nil { $0.close() } }
        lock?.release()
    }

    /// For tests: does now what is done when nothing waits.
    package func tidy() async throws(StoreError) {
        try await writing.run { (writer) throws(StoreError) in
            while writer.tidy(inHaste: true) != .nothing {}
        }
    }

    /// For tests: what `look` finds while the writer is in the middle of nothing.
    package func atRest<T: Sendable>(_ look: @escaping @Sendable () -> T) async throws(StoreError) -> T {
        try await writing.run { (_) throws(StoreError) in look() }
    }

    /// For tests: what all reads have done so far, in steps of SQLite's programs.
    package func readingWork() async throws(StoreError) -> Int {
        var work = 0
        for desk in reading { work += try await desk.run { (reader) throws(StoreError) in reader.work } }
        return work
    }

    /// For tests: a statement on the writer's connection.
    package func execute(_ sql: String) async throws(StoreError) {
        try await writing.run { (writer) throws(StoreError) in try writer.execute(sql) }
    }

    private func read<T: Sendable>(
        at desk: Desk<Reader>? = nil, _ body: @escaping @Sendable (Reader) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try requireOwner()
        return try await readByAnybody(at: desk, body)
    }

    /// Also by a tool beside the owner.
    private func readByAnybody<T: Sendable>(
        at desk: Desk<Reader>? = nil, _ body: @escaping @Sendable (Reader) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try await (desk ?? leastBusy).run { [damage] (reader) throws(StoreError) in
            try damage.noting { () throws(StoreError) in try body(reader) }
        }
    }

    /// The one with the least to do.
    private var leastBusy: Desk<Reader> {
        reading.min { $0.thread.pending < $1.thread.pending } ?? reading[0]
    }

    private func requireOwner() throws(StoreError) {
        guard lock != nil else {
            throw StoreError(.unavailable, "this store was opened beside a running one, for accounts only")
        }
    }
}

/// A thread and what only that thread may touch.
final class Desk<Tool>: @unchecked Sendable {
    let thread: DatabaseThread
    // Touched on `thread` only, but for the last release, when nobody else can.
    private var tool: Tool?

    init(thread: DatabaseThread) { self.thread = thread }

    /// Makes the tool, on its thread.
    func open(_ make: @escaping @Sendable () throws(StoreError) -> sending Tool) async throws(StoreError) {
        try await thread.run { () throws(StoreError) in self.tool = try make() }
    }

    func run<T: Sendable>(
        _ body: @escaping @Sendable (Tool) throws(StoreError) -> T
    ) async throws(StoreError) -> T {
        try await thread.run { () throws(StoreError) in
            guard let tool = self.tool else { throw StoreError(.closed, "the store has been closed") }
            return try body(tool)
        }
    }

    /// On the thread.
    func peek<T>(_ body: (Tool) -> T) -> T? { tool.map(body) }

    /// Lets go of the tool. The thread stays for as long as somebody has work for it.
    func close(_ farewell: @escaping @Sendable (Tool) -> Void) async {
        await thread.run {
            if let tool = self.tool { farewell(tool) }
            self.tool = nil
        }
        thread.end()
    }
}
