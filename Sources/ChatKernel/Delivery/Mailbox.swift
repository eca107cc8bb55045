/// What came lately for one user: kept by an outlet for as long as the user has readers there, and for a while after, so that one
/// who comes back is answered from memory.
///
/// Readers pull. Each has a position; the mailbox says what is behind it, or that only the store knows. Nothing is held for a
/// single reader, so a slow one costs no more than a fast one, and a poll that was answered and asks again misses nothing.
public struct Mailbox: Sendable {
    /// What one batch brought, of every conversation the user is in.
    public struct Item: Sendable {
        /// In commit order, at most one of each conversation.
        public internal(set) var parcels: [Parcel]
        /// The batch's position: where a reader stands that has this.
        public let through: Pos
    }

    /// How many batches are kept, and how many bytes; the oldest go first. A reader that is further behind reads the store.
    public static let items = 256
    public static let bytes = 1 << 20

    /// Complete for everything after here.
    public private(set) var after: Pos
    /// What came last, and what before that: where a reader stands that has all, and one that lacks the last item alone.
    private(set) var newest: Pos
    private var before: Pos
    private var kept: [Item] = []
    private var head = 0
    private var size = 0
    /// Nobody takes from it for now.
    public private(set) var isResting = false
    /// And so much has come since that all of it is to be read from the store.
    private var isAsleep = false

    /// - Parameter after: as ``Kernel/follow(_:as:by:)`` says.
    public init(after: Pos) { (self.after, newest, before) = (after, after, after) }

    /// A batch has come for the user.
    public mutating func put(_ parcel: Parcel, of batch: Pos) { put(parcel, alone: [parcel], of: batch) }

    /// - Parameter alone: the parcel in an array, which the mailboxes of all its readers share.
    mutating func put(_ parcel: Parcel, alone: [Parcel], of batch: Pos) {
        if Mutation.losesMail.isOn, parcel.count > 1 { return }
        if isAsleep { return lose(through: batch) }
        size += parcel.weight
        if kept.count > head, newest == batch {
            kept[kept.count - 1].parcels.append(parcel)
        } else {
            kept.append(Item(parcels: alone, through: batch))
            (before, newest) = (newest, batch)
        }
        // The newest stays, whatever its size: all readers share it, and it would be read from the store the moment after.
        while kept.count - head > Self.items || size > Self.bytes && kept.count - head > 1 {
            guard !isResting else {
                isAsleep = true
                return lose(through: batch)
            }
            dropOldest()
        }
        if head > Self.items {
            kept.removeFirst(head)
            head = 0
        }
        if !parcel.erasures.isEmpty {
            // What was deleted is shown to nobody any more who has not seen it: from the store it comes without its content.
            forget { $0.conversation == parcel.conversation && $0.speaks(of: parcel.erasures) }
        }
    }

    /// Something is not kept any more.
    mutating func forget(_ expiry: Expiry) {
        if Mutation.remembersExpired.isOn { return }
        forget { $0.conversation == expiry.conversation && $0.last > 0 && $0.first < expiry.firstSeq }
    }

    private mutating func forget(_ isStale: (Parcel) -> Bool) {
        let last = kept[head...].lastIndex { $0.parcels.contains(where: isStale) }
        guard let last else { return }
        while head <= last { dropOldest() }
    }

    /// Something came that is not here: whoever has not read past it reads the store.
    public mutating func lose(through pos: Pos) {
        kept = []
        head = 0
        size = 0
        after = max(after, pos)
        (newest, before) = (after, after)
    }

    /// Nobody takes from it until ``wake()``. What comes meanwhile is kept while there is room, and then nothing is any more: a reader
    /// that is so far behind reads the store, and a box that costs each batch a little work is of no use to anybody.
    public mutating func rest() { isResting = true }

    /// Somebody takes from it again. What it has let go of meanwhile only the store knows.
    public mutating func wake() { (isResting, isAsleep) = (false, false) }

    private mutating func dropOldest() {
        let item = kept[head]
        kept[head].parcels = []
        head += 1
        after = max(after, item.through)
        for parcel in item.parcels { size -= parcel.weight }
    }

    /// Whether nothing is behind a position.
    public func isRead(through pos: Pos) -> Bool { pos >= after && pos >= newest }

    /// Whether this parcel, and nothing else, is behind a position.
    public func holdsOnly(_ parcel: Parcel, after pos: Pos) -> Bool {
        guard pos >= after, pos >= before, pos < newest, kept.count > head else { return false }
        // Through spans: nothing is copied.
        let items = kept.span
        let at = items.count - 1
        return items[at].parcels.count == 1 && items[at].parcels.span[0] === parcel
    }

    /// What is behind a position. Nil when the mailbox does not go back so far: read the store.
    public func items(after pos: Pos) -> ArraySlice<Item>? {
        guard pos >= after else { return nil }
        let live = kept[head...]
        guard let last = live.last, last.through > pos else { return live[live.endIndex...] }
        // Mostly it is the last one, or the last few.
        var first = live.endIndex - 1
        while first > live.startIndex, live[first - 1].through > pos { first -= 1 }
        return live[first...]
    }
}

extension Mailbox.Item {
    /// One event of the item.
    public struct Event: Sendable {
        /// Which of the item's parcels it is in.
        public let parcel: Int
        /// Which of that parcel's ``Parcel/events()`` it is.
        public let index: Int
        public let pos: Pos
    }

    /// Whether the user is shown the whole of a single parcel.
    public func isWhole(for user: UserID, after pos: Pos, among conversations: Set<ConversationID>?) -> Bool {
        parcels.count == 1 && conversations?.contains(parcels[0].conversation) ?? true
            && !parcels[0].isCrossed(by: user)
            && pos < parcels[0].firstPos
    }

    /// What a user is shown of it behind a position, in the order of `pos`: events of several conversations interleave, and a client
    /// that has one has all before it. Nil for the whole of a single parcel.
    public func selection(for user: UserID, after pos: Pos, among conversations: Set<ConversationID>?) -> [Event]? {
        if isWhole(for: user, after: pos, among: conversations) { return nil }
        var selection: [Event] = []
        for (place, parcel) in parcels.enumerated() where conversations?.contains(parcel.conversation) ?? true {
            let events = parcel.events()
            for index in parcel.visible(to: user) ?? Array(events.indices) where events[index].pos > pos {
                selection.append(Event(parcel: place, index: index, pos: events[index].pos))
            }
        }
        if parcels.count > 1, !Mutation.jumblesConversations.isOn { selection.sort { $0.pos < $1.pos } }
        return selection
    }
}
