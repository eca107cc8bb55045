/// A page of a user's entries while a store fills it: what is not kept any more becomes gaps, one for each run of numbers.
///
/// ```
///   looked at   a1  b7  a2  b8  a3  a4        a1 to a3 are gone
///   the page        b7      b8  a1…a3 a4      the gap stands where its last number stood
/// ```
/// Wherever the page ends, it has told of all that it passed over, and of nothing twice.
public struct ReplayPage: Sendable {
    /// Entries and gaps on it at most; less than 0 was taken as 0.
    public let limit: Int
    private var items: [Entry?] = []
    /// Where the last gap of a conversation stands among the items.
    private var gaps: [ConversationID: Int] = [:]
    /// How many entries and gaps are here.
    public private(set) var count = 0
    private var budget = PageBudget()
    private var last: Pos = 0
    private var isInOrder = true

    public init(limit: Int) { self.limit = max(0, limit) }

    /// Whether no more entries may be added.
    public var isFull: Bool { count >= limit || budget.isSpent }
    /// Whether an entry that is not kept any more may be passed: on a full page one that makes its last gap longer, so that a page of
    /// one does not tell of a million numbers one by one.
    public func mayPass(_ entry: Entry) -> Bool { !isFull || !isSpent && lengthens(entry) }
    /// Whether it ends because of its size.
    public var isSpent: Bool { budget.isSpent }

    /// Entries and gaps, ascending by `pos`.
    public var entries: [Entry] {
        let entries = items.compactMap(\.self)
        return isInOrder ? entries : entries.sorted { $0.pos < $1.pos }
    }

    /// An entry that is kept.
    public mutating func add(_ entry: Entry) {
        append(entry)
        count += 1
        budget.spend(entry.weight)
    }

    private mutating func append(_ entry: Entry) {
        if entry.pos < last { isInOrder = false }
        last = max(last, entry.pos)
        items.append(entry)
    }

    private func lengthens(_ entry: Entry) -> Bool {
        gaps[entry.conversation].map { items[$0]?.seq == entry.seq - 1 } ?? false
    }

    /// An entry that is not kept any more; those of a conversation in the order of their numbers.
    public mutating func pass(_ entry: Entry) { pass(through: entry, from: entry.seq) }

    /// All entries of a conversation from a number on, to one.
    public mutating func pass(through entry: Entry, from: Seq) {
        defer { gaps[entry.conversation] = items.count - 1 }
        guard let place = gaps[entry.conversation], let before = items[place], case .gap(let gap) = before.change,
            before.seq + 1 == from
        else { return add(entry.asGap(from: from, .retention)) }
        items[place] = nil
        append(entry.asGap(from: gap.from, .retention))
    }
}

extension Entry {
    /// A gap that ends with this entry, which gives it its position.
    public func asGap(from: Seq, _ reason: Change.Gap.Reason) -> Entry {
        Entry(
            conversation: conversation, seq: seq, pos: pos, at: at, author: author,
            change: .gap(Change.Gap(from: from, reason)))
    }
}
