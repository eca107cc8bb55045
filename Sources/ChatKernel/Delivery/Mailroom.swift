/// The mailboxes of the users that one outlet follows, each at a place: the number by which kernel and outlet speak of it.
///
/// A value, to be kept where the outlet's own readers are, and never copied: it is asked about each poll. The outlet says when a box
/// may go: one that nobody has read for a while, since every box costs its user's mail a little work.
public struct Mailroom: ~Copyable, Sendable {
    private struct Box: Sendable {
        let follower: Follower
        var mailbox: Mailbox
        /// The last batch that brought something.
        var touched: Pos = 0

        /// Whether it is the first that the batch brought, to somebody who takes it.
        mutating func put(_ parcels: [Parcel], of batch: Pos) -> Bool {
            if parcels.first?.opensStay(of: follower.user) == true {
                // What was before it the user is told in a gap, and that the store knows.
                mailbox.lose(through: batch)
            } else {
                mailbox.put(parcels, of: batch)
            }
            guard !mailbox.isResting, touched != batch else { return false }
            touched = batch
            return true
        }
    }

    private var boxes: [Box?] = []
    private var free: [Int] = []
    private var places: [UserID: Int] = [:]

    public init() {}

    /// How many boxes there are.
    public var count: Int { places.count }

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

    public mutating func wake(at place: Int) {
        if boxes.indices.contains(place) { boxes[place]?.mailbox.wake() }
    }

    /// Puts a batch's mail into the boxes, and returns the places that got some.
    public mutating func take(_ batch: Batch) -> [Int] {
        if batch.lacksMail {
            for place in boxes.indices { boxes[place]?.mailbox.lose(through: batch.through) }
            return boxes.indices.filter { boxes[$0] != nil }
        }
        var touched: [Int] = []
        for mail in batch.mail {
            let parcels = [mail.parcel]
            for follower in mail.followers {
                let place = follower.place
                // A box may have gone, and its place to another, while the batch was on its way.
                guard boxes.indices.contains(place), boxes.span[place]?.follower === follower else { continue }
                if boxes[place]?.put(parcels, of: batch.through) == true { touched.append(place) }
            }
        }
        // What went may have come with this very batch.
        for expiry in batch.expiries {
            for place in boxes.indices { boxes[place]?.mailbox.forget(expiry) }
        }
        return touched
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
