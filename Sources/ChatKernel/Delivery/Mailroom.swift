/// The mailboxes of the users that one outlet follows, each at a place: the number by which kernel and outlet speak of it.
///
/// A value, to be kept where the outlet's own readers are, and never copied: it is asked about each poll. The outlet says when a box
/// may go: one that nobody has read for a while, since every box costs its user's mail a little work.
public struct Mailroom: ~Copyable, Sendable {
    private struct Box: Sendable {
        let follower: Follower
        var mailbox: Mailbox
        /// The last batch that brought something, and which of the batch's arrivals that was.
        var touched: Pos = 0
        var arrival = 0

        mutating func put(_ parcel: Parcel, alone: [Parcel], of batch: Pos) {
            if parcel.opensStay(of: follower.user) {
                // What was before it the user is told in a gap, and that the store knows.
                mailbox.lose(through: batch)
            } else {
                mailbox.put(parcel, alone: alone, of: batch)
            }
        }

        /// Which arrival says that the batch brought something; nil when nobody takes it.
        /// - Parameter next: the number of one more, for the first that the batch brings.
        mutating func arrival(of batch: Pos, next: Int) -> Int? {
            guard !mailbox.isResting else { return nil }
            if touched != batch { (touched, arrival) = (batch, next) }
            return arrival
        }
    }

    /// What a batch brought to a box whose readers take it.
    public struct Arrival: Sendable {
        public let place: Int
        /// Where the box stood before.
        public let before: Pos
        /// Which of the batch's mail it is, when it is a single parcel of which everybody is shown the whole: a reader that stands
        /// at `before` or further on, and before its ``Parcel/firstPos``, lacks that and nothing else, and stands at the batch's
        /// position when it has it. Whatever this says, ``Mailroom/items(at:after:)`` says too: it is the quick way, which
        /// nearly all mail takes.
        public fileprivate(set) var whole: Int?
    }

    private var boxes: [Box?] = []
    private var free: [Int] = []
    private var places: [UserID: Int] = [:]

    public init() {}

    /// How many boxes there are.
    public var count: Int { places.count }

    /// Where the user's box is; nil for one who has none.
    public func place(of user: UserID) -> Int? { places[user] }

    /// Whether there is a box at a place.
    public func isOpen(_ place: Int) -> Bool { boxes.indices.contains(place) && boxes[place] != nil }

    /// Whether the box at a place is the user's.
    public func holds(_ user: UserID, at place: Int) -> Bool {
        boxes.indices.contains(place) && boxes[place]?.follower.user == user
    }

    /// A box for a user who has none. Nil when `follow` gives nothing.
    /// - Parameter follow: is ``Kernel/follow(_:as:by:)``, with the place.
    public mutating func open(
        _ user: UserID, _ follow: (_ place: Int) -> (follower: Follower, after: Pos)?
    ) -> Int? {
        let place = free.last ?? boxes.count
        guard let (follower, after) = follow(place) else { return nil }
        let box = Box(follower: follower, mailbox: Mailbox(after: after))
        if free.popLast() != nil { boxes[place] = box } else { boxes.append(box) }
        places[user] = place
        return place
    }

    /// Gives up a box; what it returns is for ``Kernel/unfollow(_:)``.
    public mutating func close(_ place: Int) -> Follower? {
        guard boxes.indices.contains(place), let box = boxes[place] else { return nil }
        boxes[place] = nil
        places[box.follower.user] = nil
        free.append(place)
        return box.follower
    }

    /// As ``Mailbox/rest()``: what comes is not told by ``take(_:)`` either.
    public mutating func rest(at place: Int) {
        if boxes.indices.contains(place) { boxes[place]?.mailbox.rest() }
    }

    /// As ``Mailbox/wake()``.
    public mutating func wake(at place: Int) {
        if boxes.indices.contains(place) { boxes[place]?.mailbox.wake() }
    }

    /// Puts a batch's mail into the boxes, and returns what came where.
    public mutating func take(_ batch: Batch) -> [Arrival] {
        if batch.lacksMail {
            for place in boxes.indices { boxes[place]?.mailbox.lose(through: batch.through) }
            let open = boxes.indices.filter { boxes[$0] != nil }
            return open.map { Arrival(place: $0, before: batch.through, whole: nil) }
        }
        var arrivals: [Arrival] = []
        arrivals.reserveCapacity(batch.mail.reduce(0) { $0 + $1.followers.count })
        for (index, mail) in batch.mail.enumerated() { put(mail, index, of: batch.through, &arrivals) }
        // What went may have come with this very batch.
        if !batch.expiries.isEmpty {
            for expiry in batch.expiries {
                for place in boxes.indices { boxes[place]?.mailbox.forget(expiry) }
            }
            for at in arrivals.indices { arrivals[at].whole = nil }
        }
        return arrivals
    }

    /// - Parameter index: of the mail in the batch.
    private mutating func put(_ mail: Mail, _ index: Int, of batch: Pos, _ arrivals: inout [Arrival]) {
        let alone = [mail.parcel]
        // What takes something away may leave the box without it.
        let whole = mail.parcel.isCrossed || !mail.parcel.erasures.isEmpty ? nil : index
        // Through spans: nothing is copied for each of a thousand boxes.
        let followers = mail.followers.span
        var boxes = boxes.mutableSpan
        for at in followers.indices {
            let place = followers[at].place
            // A box may have gone, and its place to another, while the batch was on its way.
            guard boxes.indices.contains(place), boxes[place]?.follower === followers[at] else { continue }
            let before = boxes[place]?.mailbox.newest ?? 0
            boxes[place]?.put(mail.parcel, alone: alone, of: batch)
            guard let arrival = boxes[place]?.arrival(of: batch, next: arrivals.count) else { continue }
            if arrival == arrivals.count {
                arrivals.append(Arrival(place: place, before: before, whole: whole))
            } else if arrivals.indices.contains(arrival) {
                arrivals[arrival].whole = nil
            }
        }
    }

    /// Whether there is nothing behind a position: the quick way to know it of nearly all who come back.
    public func isRead(at place: Int, through pos: Pos) -> Bool {
        boxes.indices.contains(place) && boxes.span[place]?.mailbox.isRead(through: pos) ?? false
    }

    /// Whether this parcel, and nothing else, is behind a position: the quick way to know that a reader gets what others got.
    public func holdsOnly(_ parcel: Parcel, at place: Int, after pos: Pos) -> Bool {
        boxes.indices.contains(place) && boxes.span[place]?.mailbox.holdsOnly(parcel, after: pos) ?? false
    }

    /// As ``Mailbox/items(after:)``.
    public func items(at place: Int, after pos: Pos) -> ArraySlice<Mailbox.Item>? {
        boxes.indices.contains(place) ? boxes[place]?.mailbox.items(after: pos) : nil
    }
}
