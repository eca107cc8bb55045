/// What one page of a store may hold, so that two hundred messages of the greatest length, asked for by somebody who does not
/// read them, do not cost the host a hundred megabytes.
///
/// ## For adapter authors
/// Spend the ``Entry/weight`` or ``Message/weight`` of what goes on a page, and nothing else, from the end at which the page begins,
/// and end the page when the budget is spent: it is passed by the last that fits, so that a page is never empty for want of
/// room. The kernel counts the same, and takes a page that ended sooner for the last there is: what was left out then would be
/// passed over for good. To ignore the budget is allowed, and costs memory.
public struct PageBudget: Sendable {
    /// Four of the longest messages there may be by default, or some seven hundred usual ones.
    public static let bytes = 256 << 10

    private var left: Int

    public init(bytes: Int = PageBudget.bytes) { left = bytes }

    /// Whether the page ends here.
    public var isSpent: Bool { left <= 0 }

    /// Less than 0 counts as 0; past the end it stays spent.
    public mutating func spend(_ bytes: Int) { left = max(0, left - max(0, bytes)) }

    /// Whether a page of things of these weights may have ended early.
    public static func isSpent(by weights: some Sequence<Int>) -> Bool {
        var budget = PageBudget()
        for weight in weights {
            budget.spend(weight)
            if budget.isSpent { return true }
        }
        return false
    }
}

extension Entry {
    /// About the bytes that it takes on a page.
    public var weight: Int {
        switch change {
        case .message(let posted): 256 + posted.content.utf8.count
        case .edited(_, let content): 256 + content.utf8.count
        case .created(_, let members): 256 + 64 * members.count
        case .deleted, .reaction, .member, .updated, .read, .gap: 256
        }
    }
}

extension Message {
    /// About the bytes that it takes on a page.
    public var weight: Int { 256 + content.utf8.count + 64 * reactions.reduce(0) { $0 + $1.users.count } }
}

extension Conversation {
    /// About the bytes that it takes on a page, its participants and its last message included.
    public var weight: Int {
        let words = (details.name?.utf8.count ?? 0) + (details.description?.utf8.count ?? 0)
        return 256 + words + 64 * participants.count + (lastMessage?.weight ?? 0)
    }
}

extension ReadMark {
    /// About the bytes that it takes on a page.
    public var weight: Int { 64 }
}
