import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

/// One WebSocket of profile v1: one user in one conversation. Lives on its loop.
final class V1Connection: WebSocketChannel, FeedReader, @unchecked Sendable {
    let session: Session
    var conversation: ConversationID
    var feed: Feed
    var isReadingPage = false
    var isBehind: Bool? = false
    var hasDeparted = false
    /// Told while the queue was full: the newest notice is what still matters when it has drained.
    private var missedPresence: [UInt8]?

    init(_ boarding: Boarding, lane: Lane, stream: ByteStream) {
        session = boarding.session.take()
        conversation = boarding.conversation
        feed = Feed(
            position: boarding.position, isLive: boarding.isUpToDate && boarding.batches == lane.batches,
            holdLimit: lane.kernel.limits.heldEntries)
        super.init(lane: lane, stream: stream)
        renew(session.identity)
    }

    /// The client is in: others may know, and what it missed is read.
    func begin(with refusal: ChatError?) {
        lane.add(self)
        session.announce(conversation)
        if let refusal { send(refusal, id: nil) }
        arm()
        readOn()
    }

    override var user: UserID { session.user.id }
    var isOver: Bool { liveness.isClosing }

    // MARK: From the client

    override func handle(_ frame: ClientFrame) throws(ChatError) {
        switch frame.body {
        case .message(let named, let content, let clientID, let replyTo):
            try requireOurs(named)
            try submit(.post(content: content, clientID: clientID, replyTo: replyTo), frame.id)
            return
        case .typing(let named, let on):
            try requireOurs(named)
            do throws(ChatError) {
                try session.type(in: conversation, on: on)
            } catch {
                // Past the limit it is forgotten, being what it is, unless its sender wants to know.
                if frame.id == nil { return }
                throw error
            }
            if let id = frame.id { acknowledge(id) }
            return
        default: break
        }
        // What v1 does not have is understood from those who ask for an answer (`protocol.md` section 2).
        guard let id = frame.id else {
            throw ChatError(.unknownType, "v1 knows “message” and “typing”; other types need an “id”.")
        }
        switch frame.body {
        case .message, .typing: break
        case .edit(let message, let content): try submit(.edit(message, content: content), id)
        case .delete(let message): try submit(.delete(message), id)
        case .react(let message, let key, let on): try submit(.react(message, key: key, on: on), id)
        case .read(let named, let seq):
            try requireOurs(named)
            try submit(.read(through: seq), id)
        case .subscribe(let named, _):
            try requireOurs(named)
            // It is what one is subscribed to. Behind the cursor nothing is still to be sent.
            let cursor = Cursor(epoch: lane.epoch, pos: feed.isLive ? lane.through : 0)
            acknowledge(id, conversation, at: feed.position, cursor)
        case .ping: acknowledge(id)
        case .history(let named, let page, let limit):
            try requireOurs(named)
            history(of: conversation, page, limit: limit, as: user, id)
        case .auth(let token): authenticate(token, as: user, id)
        case .hello, .unsubscribe:
            throw ChatError(.unknownType, "This belongs to the subprotocol chat.v2.")
        }
    }

    private func requireOurs(_ named: ConversationID?) throws(ChatError) {
        guard named == nil || named == conversation else {
            throw ChatError(.invalidField, "conversation_id: this connection is of one conversation only.")
        }
    }

    private func submit(_ proposal: Draft.Proposal, _ id: FrameID?) throws(ChatError) {
        try submit(proposal, in: conversation, of: session, id)
    }

    // MARK: To the client

    func take(_ parcel: Parcel, _ bytes: [UInt8]) {
        if !isOver { _ = offer(parcel, bytes) }
    }

    func frames(of entries: [Entry]) -> [UInt8] {
        V1Frames.bytes(of: entries) { lane.kernel.activeUsers(in: conversation) }
    }

    func departs() {
        missedPresence = nil
        session.leave(conversation)
    }

    func departed() { close(.policyViolation, "removed") }

    /// The position is kept by the client; it comes back when the store does.
    func failed(_ error: ChatError) {
        send(error, id: nil)
        close(.tryAgainLater, error.code.rawValue)
    }

    func caughtUp() {}

    func lagged(behind parcel: Parcel) {}

    func take(_ signal: Signal, _ frame: [UInt8]) {
        guard !isOver, !hasDeparted else { return }
        let isFull = stream.queuedBytes > lane.settings.outboxBytes / 2
        // The newest is kept, and whatever was kept before is older than the one sent now.
        if case .presence = signal { missedPresence = isFull ? frame : nil }
        if !isFull { stream.send(frame) }
    }

    override func roomAgain() {
        if let missedPresence {
            self.missedPresence = nil
            stream.send(missedPresence)
        }
        resume()
    }

    // MARK: The end

    override func leaveSession() { session.close() }

    override func gone() {
        lane.remove(self)
        leavePages()
    }
}
