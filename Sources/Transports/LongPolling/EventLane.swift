import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWire

/// Who waits for a user's mail. Lives on its loop.
protocol EventReader: AnyObject {
    var user: UserID { get }
    /// What the reader has.
    var position: Pos { get }
    /// Something has come, or may have: take what there is.
    func advance(in lane: EventLane)
}

/// The polls and streams of one loop, and the mailboxes of their users.
///
/// Confinement, on which `@unchecked Sendable` stands: `deliver` and `signal` may be called from any thread and only
/// post; everything else is touched on the loop alone.
final class EventLane: Outlet, @unchecked Sendable {
    let kernel: Kernel
    let loop: EventLoop
    let settings: LongPollingSettings
    let errands: Errands
    let epoch: Epoch
    private var room = Mailroom()
    /// By the place of their user's box.
    private var readers: [Int: Readers] = [:]
    private var isSweeping = false

    private struct Readers {
        var here: [any EventReader] = []
        /// Since when nobody is here.
        var idleSince: Int64 = 0
    }

    /// How long a box is kept without a reader: so long that whoever polls again finds it, with all that came meanwhile.
    private static let patience: Int64 = 60_000_000_000

    init(kernel: Kernel, loop: EventLoop, settings: LongPollingSettings, errands: Errands, epoch: Epoch) {
        self.kernel = kernel
        self.loop = loop
        self.settings = settings
        self.errands = errands
        self.epoch = epoch
    }

    // MARK: From any thread

    func deliver(_ batch: Batch) {
        // Encoded here, on the committer's thread, while the loop is still busy with the sockets.
        for mail in batch.mail { _ = EventForm.list.bytes(of: mail.parcel, epoch: epoch) }
        let isTaken = loop.post { [self] in take(batch) }
        if !isTaken { batch.finished() }
    }

    /// Nobody here follows a conversation, so none come.
    func signal(_ signal: Signal) {}

    // MARK: On the loop

    private func take(_ batch: Batch) {
        for place in room.take(batch) {
            // A copy: who is answered leaves.
            for reader in readers[place]?.here ?? [] { reader.advance(in: self) }
        }
        loop.afterNextPoll { batch.finished() }
    }

    /// Lets a reader in; it is to ``EventReader/advance(in:)`` then.
    /// - Throws: `rate_limited` when the user has as many as it may, `store_unavailable`.
    func add(_ reader: any EventReader) throws(ChatError) {
        guard let place = room.place(of: reader.user) ?? open(reader.user) else {
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

    func remove(_ reader: any EventReader) {
        guard let place = room.place(of: reader.user),
            let at = readers[place]?.here.firstIndex(where: { $0 === reader })
        else { return }
        readers[place]?.here.remove(at: at)
        guard readers[place]?.here.isEmpty == true else { return }
        readers[place]?.idleSince = loop.now
        sweepLater()
    }

    /// What is behind a reader's position; nil when only the store knows.
    func items(for reader: any EventReader) -> ArraySlice<Mailbox.Item>? {
        room.place(of: reader.user).flatMap { room.items(at: $0, after: reader.position) }
    }

    private func open(_ user: UserID) -> Int? {
        room.open(user) { kernel.follow(user, as: $0, by: self) }
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

    static func refusal(_ error: ChatError) -> HTTPResponse {
        var body: [UInt8] = []
        RESTShapes.append(error, to: &body)
        return HTTPResponse(
            status: error.code.status,
            fields: error.answerFields + [HTTPField(name: "Cache-Control", value: "no-store")], body: body)
    }
}
