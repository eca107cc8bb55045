public import ChatKernel
public import ChatNet

/// Who wants a user's mail, on a loop. Pulls: it is told that there may be something, and takes what is behind its position.
public protocol MailReader: AnyObject {
    var user: UserID { get }
    /// What the reader has.
    var position: Pos { get }
    /// Something has come behind the position, or may have.
    func mailCame()
}

/// The mailboxes of a loop's users, and who reads them. A box is kept for a while after its last reader went: whoever comes back
/// soon, as every poll does, finds all that came meanwhile.
///
/// Belongs to its loop, and to the outlet that hands it the batches.
public final class MailDesk {
    private let kernel: Kernel
    private let loop: EventLoop
    private unowned let outlet: any Outlet
    private var room = Mailroom()
    /// By the place of their user's box.
    private var readers: [Int: Readers] = [:]
    private var isSweeping = false

    private struct Readers {
        var here: [any MailReader] = []
        /// Since when nobody is here.
        var idleSince: Int64 = 0
    }

    /// How long a box is kept without a reader, in nanoseconds: longer than any client lets pass between two polls.
    private static let patience: Int64 = 60_000_000_000

    public init(kernel: Kernel, loop: EventLoop, outlet: any Outlet) {
        self.kernel = kernel
        self.loop = loop
        self.outlet = outlet
    }

    /// Puts a batch's mail into the boxes, and tells their readers.
    public func take(_ batch: Batch) {
        for place in room.take(batch) {
            // A copy: who is told may leave.
            for reader in readers[place]?.here ?? [] { reader.mailCame() }
        }
    }

    /// Lets a reader in, which may take its mail from then on.
    /// - Throws: `rate_limited` when the user has as many here as it may have sessions, `store_unavailable`.
    public func add(_ reader: any MailReader) throws(ChatError) {
        let opened =
            room.place(of: reader.user) ?? room.open(reader.user) { kernel.follow(reader.user, as: $0, by: outlet) }
        guard let place = opened else {
            throw ChatError(
                .storeUnavailable, "The store cannot be read just now.", retryAfterMilliseconds: 1000)
        }
        let limit = kernel.limits.sessionsPerUser
        guard limit == 0 || readers[place]?.here.count ?? 0 < limit else {
            let error = ChatError(
                .rateLimited, "You have \(limit) requests waiting, which is as many as there may be.",
                retryAfterMilliseconds: 5000, limit: .connectionsPerUser)
            kernel.metrics.count(error)
            throw error
        }
        readers[place, default: Readers()].here.append(reader)
    }

    /// Harmless for one that is not here.
    public func remove(_ reader: any MailReader) {
        guard let place = room.place(of: reader.user),
            let at = readers[place]?.here.firstIndex(where: { $0 === reader })
        else { return }
        readers[place]?.here.remove(at: at)
        guard readers[place]?.here.isEmpty == true else { return }
        readers[place]?.idleSince = loop.now
        sweepLater()
    }

    /// What is behind a reader's position; nil when only the store knows.
    public func items(for reader: any MailReader) -> ArraySlice<Mailbox.Item>? {
        room.place(of: reader.user).flatMap { room.items(at: $0, after: reader.position) }
    }

    // MARK: Boxes that nobody reads

    private func sweepLater() {
        guard !isSweeping else { return }
        isSweeping = true
        loop.schedule(after: Self.patience / 2) { [weak self] in self?.sweep() }
    }

    private func sweep() {
        isSweeping = false
        var isAnybodyIdle = false
        for (place, here) in readers where here.here.isEmpty {
            if here.idleSince + Self.patience <= loop.now {
                readers[place] = nil
                if let follower = room.close(place) { kernel.unfollow(follower) }
            } else {
                isAnybodyIdle = true
            }
        }
        if isAnybodyIdle { sweepLater() }
    }
}
