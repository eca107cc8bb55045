public import ChatKernel
public import ChatNet

/// Who wants a user's mail, on a loop. Pulls: it is told that there may be something, and takes what is behind its position.
/// Called on the loop, and may leave the desk from within.
public protocol MailReader: AnyObject {
    /// Something has come, or may have.
    func mailCame()
    /// This has come, as ``Mailroom/Arrival/whole`` says it: the same as ``mailCame()``, which is called where this is not
    /// implemented, for a reader that can do with less than asking.
    func mailCame(_ whole: Parcel, after before: Pos, through: Pos)
    /// The user may not be here any more: to be closed, behind what has come.
    func dismiss()
}

extension MailReader {
    public func mailCame(_ whole: Parcel, after before: Pos, through: Pos) { mailCame() }
}

/// The mailboxes of a loop's users, and who reads them. A box is kept for a while after its last reader went: whoever comes back
/// soon, as every poll does, finds all that came meanwhile.
///
/// Belongs to its loop, on which every call is made, and to the outlet that hands it the batches.
public final class MailDesk {
    private let kernel: Kernel
    private let loop: EventLoop
    private let errands: Errands
    private let attends: Bool
    private var room = Mailroom()
    /// For readers that are behind.
    public let pages: PageQueue
    /// By the place of their user's box.
    private var readers: [Readers] = []
    private var isSweeping = false

    private struct Readers {
        var here: [any MailReader] = []
        /// Those of them that are behind.
        var behind: [ObjectIdentifier] = []
        /// Since when nobody is here.
        var idleSince: Int64 = 0
        /// Tells the others that the user is here.
        var attendance: Attendance?

        /// Whether it was here, and nobody is any more.
        mutating func leave(_ reader: any MailReader, now: Int64) -> Bool {
            guard let at = here.firstIndex(where: { $0 === reader }) else { return false }
            here.remove(at: at)
            if here.isEmpty { idleSince = now }
            return here.isEmpty
        }

        /// Whether it was not behind before.
        mutating func fallBehind(_ reader: any MailReader) -> Bool {
            let id = ObjectIdentifier(reader)
            guard !behind.contains(id) else { return false }
            behind.append(id)
            return true
        }

        /// Whether it was behind.
        mutating func catchUp(_ reader: any MailReader) -> Bool {
            guard let at = behind.firstIndex(of: ObjectIdentifier(reader)) else { return false }
            behind.remove(at: at)
            return true
        }
    }

    /// How long a box is kept without a reader, in nanoseconds: longer than any client lets pass between two polls.
    private static let patience: Int64 = 60_000_000_000
    /// How long a user counts as here whose last request was answered, in nanoseconds: the lease of who only asks. Longer than
    /// the way of an answer and the next request, over a bad line too.
    private static let lease: Int64 = 15_000_000_000

    /// - Parameter attends: whether its readers are the presence of their users. Not so where connections see to that themselves.
    public init(kernel: Kernel, loop: EventLoop, errands: Errands, attends: Bool) {
        self.kernel = kernel
        self.loop = loop
        self.errands = errands
        self.attends = attends
        pages = PageQueue(loop: loop, errands: errands)
    }

    /// Puts a batch's mail into the boxes, and tells their readers. Who is dismissed is told after that.
    public func take(_ batch: Batch) {
        for arrival in room.take(batch) { tell(of: arrival, batch) }
        if attends { for mail in batch.mail { cross(mail) } }
        for user in batch.dismissals {
            guard let place = room.place(of: user) else { continue }
            for reader in readers[place].here { reader.dismiss() }
            readers[place].attendance?.end()
            readers[place].attendance = nil
        }
    }

    private func tell(of arrival: Mailroom.Arrival, _ batch: Batch) {
        guard readers[arrival.place].here.count == 1 else {
            // A copy: who is told may leave.
            for reader in readers[arrival.place].here { tell(reader, of: arrival, batch) }
            return
        }
        let only = readers[arrival.place].here[0]
        tell(only, of: arrival, batch)
    }

    private func tell(_ reader: any MailReader, of arrival: Mailroom.Arrival, _ batch: Batch) {
        if let whole = arrival.whole {
            reader.mailCame(batch.mail[whole].parcel, after: arrival.before, through: batch.through)
        } else {
            reader.mailCame()
        }
    }

    // MARK: Readers

    /// Lets a reader in, which may take its mail from then on.
    /// - Parameters:
    ///   - outlet: which hands this desk its batches.
    ///   - known: where the user's box was last.
    /// - Returns: where the box is, for as long as the reader is let in.
    /// - Throws: `rate_limited` when the user has as many here as it may have sessions, `store_unavailable`.
    public func add(
        _ reader: any MailReader, of user: UserReference, through outlet: any Outlet, at known: Int? = nil
    ) throws(ChatError) -> Int {
        let known = known.flatMap { room.holds(user.id, at: $0) ? $0 : nil }
        guard let place = known ?? room.place(of: user.id) ?? open(user.id, outlet) else {
            throw ChatError(
                .storeUnavailable, "The store cannot be read just now.", retryAfterMilliseconds: 1000)
        }
        let limit = kernel.limits.sessionsPerUser
        guard limit == 0 || readers[place].here.count < limit else {
            let error = ChatError(
                .rateLimited, "You have \(limit) requests waiting, which is as many as there may be.",
                retryAfterMilliseconds: 5000, limit: .connectionsPerUser)
            kernel.metrics.count(error)
            throw error
        }
        readers[place].here.append(reader)
        if !readers[place].behind.isEmpty { room.wake(at: place) }
        if attends, readers[place].attendance == nil { attend(user, at: place) }
        return place
    }

    /// Harmless for one that is not here.
    public func remove(_ reader: any MailReader, at place: Int) {
        guard readers.indices.contains(place) else { return }
        if readers[place].leave(reader, now: loop.now) { sweepLater() }
        if !readers[place].behind.isEmpty { caughtUp(reader, at: place) }
    }

    /// A reader has not taken what came, and will read pages of the store when its peer has taken what is queued. It is not told of
    /// anything until it asks for more; where all of a user's readers are so, the box rests.
    public func isBehind(_ reader: any MailReader, at place: Int) {
        if readers[place].fallBehind(reader) { pages.fellBehind() }
        if readers[place].behind.count == readers[place].here.count { room.rest(at: place) }
    }

    /// A reader that is behind reads a page now: what comes meanwhile is to be there.
    public func readsPage(at place: Int) { room.wake(at: place) }

    /// A reader that was behind takes its mail from its box again.
    public func caughtUp(_ reader: any MailReader, at place: Int) {
        guard readers[place].catchUp(reader) else { return }
        pages.caughtUp()
        room.wake(at: place)
    }

    /// What is behind a position; nil when only the store knows.
    public func items(at place: Int, after pos: Pos) -> ArraySlice<Mailbox.Item>? {
        room.items(at: place, after: pos)
    }

    /// As ``Mailroom/isRead(at:through:)``.
    public func isRead(at place: Int, through pos: Pos) -> Bool { room.isRead(at: place, through: pos) }

    /// As ``Mailroom/holdsOnly(_:at:after:)``.
    public func holdsOnly(_ parcel: Parcel, at place: Int, after pos: Pos) -> Bool {
        room.holdsOnly(parcel, at: place, after: pos)
    }

    private func open(_ user: UserID, _ outlet: any Outlet) -> Int? {
        guard let place = room.open(user, { kernel.follow(user, as: $0, by: outlet) }) else { return nil }
        while readers.count <= place { readers.append(Readers()) }
        readers[place] = Readers(idleSince: loop.now)
        return place
    }

    // MARK: Presence

    private func attend(_ user: UserReference, at place: Int) {
        let attendance = kernel.attendance(of: user)
        readers[place].attendance = attendance
        errands.send { await attendance.begin() }
    }

    /// Users come into conversations, and leave them.
    private func cross(_ mail: Mail) {
        let parcel = mail.parcel
        guard parcel.isCrossed else { return }
        for follower in mail.followers where room.holds(follower.user, at: follower.place) {
            guard let attendance = readers[follower.place].attendance else { continue }
            if parcel.removes(follower.user) {
                attendance.leave(parcel.conversation)
            } else if parcel.isCrossed(by: follower.user) {
                attendance.enter(parcel.conversation)
            }
        }
    }

    // MARK: Boxes that nobody reads

    private func sweepLater() {
        guard !isSweeping else { return }
        isSweeping = true
        // Not weakly: an object that was once held so costs more each time it is used.
        loop.schedule(after: Self.lease / 3) { self.sweep() }
    }

    private func sweep() {
        isSweeping = false
        var isAnybodyIdle = false
        for place in readers.indices where room.isOpen(place) && readers[place].here.isEmpty {
            let idle = loop.now - readers[place].idleSince
            if idle >= Self.lease { readers[place].attendance = nil }
            if idle >= Self.patience {
                if let follower = room.close(place) { kernel.unfollow(follower) }
            } else {
                isAnybodyIdle = true
            }
        }
        if isAnybodyIdle { sweepLater() }
    }
}
