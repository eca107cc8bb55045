import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

/// One conversation of a connection of profile v2, from a number of its own on. Lives on its loop.
final class Subscription: FeedReader, @unchecked Sendable {
    let session: Session
    let conversation: ConversationID
    unowned let connection: V2Connection
    let lane: Lane
    let stream: ByteStream
    var feed: Feed
    var isReadingPage = false
    var isBehind: Bool? = false {
        didSet { connection.behind &+= (isBehind == true ? 1 : 0) &- (oldValue == true ? 1 : 0) }
    }
    var hasDeparted = false
    /// Nothing more is read or sent: also when the connection closes, which ends all of its subscriptions at once.
    private(set) var isOver = false
    /// Whether the client waits to hear that it has caught up.
    private var isCatchingUp: Bool
    /// While it brings what was before it began: how far. What was told before is no position to go on from until it has all.
    private(set) var reached: Pos
    /// Read marks that came while it was not live: the newest of each user.
    private var missedMarks: [UserID: Entry] = [:]

    init(
        _ conversation: ConversationID, of session: Session, on connection: V2Connection, feed: Feed, isCatchingUp: Bool
    ) {
        self.conversation = conversation
        self.session = session
        self.connection = connection
        lane = connection.lane
        stream = connection.stream
        self.feed = feed
        self.isCatchingUp = isCatchingUp
        reached = feed.isLive ? .max : 0
    }

    var user: UserID { session.user.id }

    func begin() {
        lane.add(self)
        session.announce(conversation)
        if feed.isLive { caughtUp() } else { readOn() }
    }

    /// A parcel, with its frames as everybody gets them, those of its marks among them.
    func take(_ parcel: Parcel, _ bytes: [UInt8]) {
        guard !isOver else { return }
        // Marks alone have no number that could be read again. Past the bound the newest of each user is kept.
        if parcel.entries.isEmpty, feed.isLive, hasRoom, missedMarks.isEmpty { return stream.send(bytes) }
        if offer(parcel, bytes) || parcel.marks.isEmpty || isOver || hasDeparted { return }
        for mark in parcel.marks { missedMarks[mark.author.id] = mark }
        if feed.isLive { sendMissedMarks() }
    }

    private var hasRoom: Bool { stream.queuedBytes <= lane.settings.outboxBytes }

    /// The socket has room again.
    func roomAgain() {
        resume()
        if feed.isLive { sendMissedMarks() }
    }

    private func sendMissedMarks() {
        guard !missedMarks.isEmpty, hasRoom else { return }
        let marks = missedMarks.values.sorted { $0.pos < $1.pos }
        missedMarks = [:]
        stream.send(frames(of: marks))
    }

    func frames(of entries: [Entry]) -> [UInt8] { V2Frames.bytes(of: entries, epoch: lane.epoch) }

    func departs() {
        missedMarks = [:]
        session.leave(conversation)
    }

    func departed() {
        end()
        connection.departed(from: conversation)
    }

    /// No more of it.
    func end() {
        stop()
        session.leave(conversation)
    }

    /// No more of it by its own numbers; the user is still here.
    func stop() {
        isOver = true
        lane.remove(self)
        leavePages()
    }

    func failed(_ error: ChatError) { connection.failed(error) }

    func sentPage(through pos: Pos) {
        // One that was live and lags goes on from what was told while it was.
        if reached < .max { reached = max(reached, pos) }
    }

    func caughtUp() {
        reached = .max
        sendMissedMarks()
        guard isCatchingUp else { return }
        isCatchingUp = false
        let cursor = connection.standing
        stream.send(V2Frames.frame { V2.appendCaughtUp(at: cursor, in: conversation, to: &$0) })
    }

    func lagged(behind parcel: Parcel) {
        guard !isCatchingUp else { return }
        isCatchingUp = true
        let behind = parcel.last - feed.position
        stream.send(V2Frames.frame { V2.appendLagging(behind: behind, in: conversation, to: &$0) })
    }
}
