import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWire

/// A reader of one conversation on a connection: what comes from the kernel is offered to its ``Feed``, which says what of it to
/// send; past the outbox's bytes the feed lags, the queue stops growing, and the rest is read from the store as the
/// socket drains. Who is removed gets all up to its removal, at its own speed, and no more.
protocol FeedReader: AnyObject, Sendable {
    var conversation: ConversationID { get }
    var user: UserID { get }
    var feed: Feed { get set }
    var isReadingPage: Bool { get set }
    /// Whether it is counted among those that are behind; nil when the lane does not know it any more.
    var isBehind: Bool? { get set }
    /// Removed, but with entries from before that still to come: told of nothing else any more.
    var hasDeparted: Bool { get set }
    /// Nothing is read or sent any more.
    var isOver: Bool { get }
    var lane: Lane { get }
    var stream: ByteStream { get }

    /// Entries as this reader is shown them.
    func frames(of entries: [Entry]) -> [UInt8]
    /// The removal has been committed; some of what was before may still be on its way.
    func departs()
    /// All up to the removal has been sent.
    func departed()
    /// A page has been sent, as far as this position.
    func sentPage(through pos: Pos)
    /// A page could not be read.
    func failed(_ error: ChatError)
    /// Everything up to here has been sent, and what comes from now on comes live.
    func caughtUp()
    /// The queue is full: what comes now will be read from the store.
    func lagged(behind parcel: Parcel)
}

extension FeedReader {
    func sentPage(through pos: Pos) {}

    /// A parcel, with its frames as everybody gets them. True when the whole of it was sent.
    func offer(_ parcel: Parcel, _ bytes: [UInt8]) -> Bool {
        // Not while it reads: the page under way would be shown, and then be read again. What is queued is not passed by
        // more than one batch, of which all readers share the bytes.
        let queued = stream.queuedBytes
        if queued > 0, queued &+ bytes.count > lane.settings.outboxBytes, feed.isLive {
            feed.lag()
            fallBehind()
            lagged(behind: parcel)
        }
        switch feed.offer(parcel) {
        case .deliver where parcel.departures.isEmpty:
            stream.send(bytes)
            return true
        case .deliver:
            show(parcel, after: parcel.first - 1)
            return false
        case .deliverRest(let after):
            show(parcel, after: after)
            return false
        case .read: readOn()
        case .nothing: break
        }
        // What is not handed over has not moved the position.
        if departure(in: parcel, after: feed.position) != nil, !hasDeparted {
            hasDeparted = true
            departs()
        }
        return false
    }

    private func departure(in parcel: Parcel, after: Seq) -> Seq? {
        parcel.departures.first { $0.user == user && $0.seq > after }?.seq
    }

    /// What of a parcel is news, up to the removal of this very user.
    private func show(_ parcel: Parcel, after: Seq) {
        let departure = departure(in: parcel, after: after)
        send(parcel.entries.filter { $0.seq > after && $0.seq <= departure ?? .max })
        if departure != nil { departed() }
    }

    private func send(_ entries: [Entry]) {
        let bytes = frames(of: entries)
        if !bytes.isEmpty { stream.send(bytes) }
    }

    // MARK: Catching up

    /// The socket has room: what was left out is read.
    func resume() {
        _ = feed.resume()
        readOn()
    }

    /// Reads the next page when there is one to read and the one before has been taken, but for what keeps the socket
    /// busy: pages are a reader's own, and a hundred readers that catch up shall not cost a hundred outboxes.
    func readOn() {
        guard !feed.isLive, !feed.isLagging, !isReadingPage, !isOver else { return }
        fallBehind()
        guard stream.queuedBytes <= lane.pages.lowWater else { return }
        isReadingPage = true
        lane.pages.read({ self.beginPage() }, then: { self.take($0) })
    }

    /// It counts as behind until it is live.
    func fallBehind() {
        guard isBehind == false else { return }
        isBehind = true
        lane.pages.fellBehind()
    }

    private func catchUp() {
        guard isBehind == true else { return }
        isBehind = false
        lane.pages.caughtUp()
    }

    /// The lane does not know it any more.
    func leavePages() {
        catchUp()
        isBehind = nil
    }

    private func beginPage() -> (@Sendable () async throws(ChatError) -> Kernel.LogPage)? {
        guard !isOver else { return nil }
        let (kernel, user, conversation, position) = (lane.kernel, user, conversation, feed.position)
        let limit = lane.pages.entries
        return { () async throws(ChatError) in
            try await kernel.log(of: conversation, as: user, after: position, limit: limit)
        }
    }

    private func take(_ page: Result<Kernel.LogPage, ChatError>) {
        isReadingPage = false
        guard !isOver else { return }
        switch page {
        case .failure(let error): failed(error)
        case .success(let page):
            let bytes = frames(of: page.entries)
            lane.pages.pageTook(bytes.count, entries: page.entries.count)
            if !bytes.isEmpty { stream.send(bytes) }
            if let last = page.entries.last { sentPage(through: last.pos) }
            if page.endsMembership { return departed() }
            switch feed.page(through: page.through, isLast: page.isLast) {
            case .live(let following):
                catchUp()
                for item in following where !isOver { show(item.parcel, after: item.after) }
                // Removed, and a member again by now: another stay, for another reader.
                if hasDeparted { departed() } else if !isOver { caughtUp() }
            case .read: readOn()
            case .nothing: break
            }
        }
    }
}
