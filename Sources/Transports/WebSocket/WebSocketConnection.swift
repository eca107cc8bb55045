import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

/// One WebSocket of profile v1: one user in one conversation. Lives on its loop.
///
/// What comes from the kernel is offered to the ``Feed``, which says what of it to send; past the outbox's bytes the feed
/// lags, the queue stops growing, and the rest is read from the store as the socket drains. Who is removed gets all up
/// to its removal, at its own speed, and is closed there.
final class WebSocketConnection: StreamHandler, @unchecked Sendable {
    let session: Session
    var conversation: ConversationID
    let lane: Lane
    let stream: ByteStream
    var machine: WebSocketMachine
    var liveness: Liveness
    var feed: Feed
    private var expiry: Int64?
    private var isReadingPage = false
    /// Removed, but with entries from before that still to come: told of nothing else any more.
    private var hasDeparted = false
    /// A frame asked for something that has to be waited for. The frames behind it wait too: so answers keep their order,
    /// and however many questions a client sends, one is under way.
    var isAsking = false
    var isDraining = false
    /// Told while the queue was full: the newest notice is what still matters when it has drained.
    private var missedPresence: [UInt8]?
    /// Commands whose answers carry the client's own `id`, by tag.
    private var awaited: [UInt64: FrameID] = [:]
    private var lastTag: UInt64 = 0

    init(_ boarding: Boarding, lane: Lane, stream: ByteStream) {
        session = boarding.session
        conversation = boarding.conversation
        self.lane = lane
        self.stream = stream
        machine = WebSocketMachine(limits: lane.settings.limits)
        liveness = Liveness(patience: lane.settings.patience, now: lane.loop.now)
        feed = Feed(
            position: boarding.position, isLive: boarding.isUpToDate && boarding.batches == lane.batches,
            holdLimit: lane.kernel.limits.heldEntries)
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

    // MARK: Time

    /// The moment the token ends, and the leeway that it was checked with, which may have begun.
    func renew(_ identity: Identity) {
        expiry = identity.expiresAt.map { _ in lane.loop.now &+ identity.timeLeft(at: lane.kernel.time.wall()) }
    }

    func arm() {
        guard !liveness.isClosing else {
            stream.deadline = liveness.deadline
            return
        }
        switch (liveness.deadline(stalledSince: stream.stalledSince), expiry) {
        case (let a?, let b?): stream.deadline = min(a, b)
        case (let a, let b): stream.deadline = a ?? b
        }
    }

    func deadlineReached(_ stream: ByteStream, now: Int64) {
        if let expiry, now >= expiry, !liveness.isClosing {
            return close(.policyViolation, "token_expired")
        }
        switch liveness.deadlineReached(now: now, stalledSince: stream.stalledSince) {
        case .nothing: break
        case .sendPing: stream.send(FrameWriter.ping())
        case .closeSocket: return stream.close()
        }
        arm()
    }

    // MARK: From the client

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
        liveness.bytesArrived(now: lane.loop.now)
        lane.giveFloor(to: self)
        defer { lane.giveFloor(to: nil) }
        var at = 0
        while !liveness.isClosing {
            guard mayRead else {
                stream.pauseReading()
                return at
            }
            switch machine.next(in: &bytes, from: &at) {
            case .needBytes: return at
            case .text(let range): read(bytes.bytes.extracting(range))
            case .assembled(isText: true):
                let message = machine.takeMessage()
                unsafe read(message.span.bytes)
            case .binary, .assembled: close(.unsupportedData, "Text frames only.")
            case .ping(let range): reply(.pong, bytes.bytes.extracting(range))
            case .pong: break
            case .close(let code, _):
                sendReplies()
                switch liveness.peerClosed() {
                case .answerAndClose: stream.send(FrameWriter.close(code))
                case .closeSocket: break
                }
                depart()
            case .violation(let violation):
                close(violation.closeCode, violation.detail)
                // Where its next frame begins nobody knows, its close frame included.
                depart()
            }
        }
        return hearOut(&bytes, from: at)
    }

    private func read(_ payload: RawSpan) {
        switch ClientFrame.decode(payload) {
        case .failure(let failure): send(failure.error, id: failure.id)
        case .success(let frame):
            do throws(ChatError) {
                try handle(frame)
            } catch {
                send(error, id: frame.id)
            }
        }
    }

    private func handle(_ frame: ClientFrame) throws(ChatError) {
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
            subscribed(id)
        case .ping: acknowledge(id)
        case .history(let named, let page, let limit):
            try requireOurs(named)
            history(page, limit: min(limit ?? Self.historyPage, Self.historyLimit), id)
        case .auth(let token): authenticate(token, id)
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
        guard let id else {
            lane.gather(try session.prepare(proposal, in: conversation, tag: 0, wantsReply: false))
            return
        }
        guard awaited.count < Self.awaitedLimit else {
            throw ChatError(.overloaded, "Too many commands await their answer.", retryAfterMilliseconds: 250)
        }
        lastTag += 1
        lane.gather(try session.prepare(proposal, in: conversation, tag: lastTag, wantsReply: true))
        awaited[lastTag] = id
    }

    /// Answers one connection may wait for: more than any window that makes sense, and bounded.
    private static let awaitedLimit = 4096

    /// What became of a command.
    func settle(_ tag: UInt64, _ result: Result<Reply, ChatError>) {
        let id = awaited.removeValue(forKey: tag)
        guard !liveness.isClosing else { return }
        switch result {
        case .failure(let error): send(error, id: id)
        case .success(let reply):
            if let id { acknowledge(id, reply) }
        }
    }

    func acknowledge(_ id: FrameID, _ reply: Reply? = nil) {
        var payload: [UInt8] = []
        if let reply {
            Ack.append(reply, to: id, durability: lane.durability, to: &payload)
        } else {
            Ack.append(to: id, to: &payload)
        }
        unsafe self.reply(.text, payload.span.bytes)
    }

    func send(_ error: ChatError, id: FrameID?) {
        var payload: [UInt8] = []
        V1.append(error, id: id, to: &payload)
        unsafe reply(.text, payload.span.bytes)
    }

    /// Nothing more is read from a client that asks and does not read what it is told, until it does.
    var mayRead: Bool {
        !isAsking && !isDraining && stream.queuedBytes <= 2 * lane.settings.outboxBytes
    }

    // MARK: To the client

    /// A parcel, with its frames as everybody gets them.
    func take(_ parcel: Parcel, _ bytes: [UInt8]) {
        guard !liveness.isClosing else { return }
        // Not while it reads: the page under way would be shown, and then be read again. What is queued is not passed by
        // more than one batch, of which all readers share the bytes.
        let queued = stream.queuedBytes
        if queued > 0, queued &+ bytes.count > lane.settings.outboxBytes, feed.isLive { feed.lag() }
        switch feed.offer(parcel) {
        case .deliver where parcel.departures.isEmpty: return stream.send(bytes)
        case .deliver: return show(parcel, after: parcel.first - 1)
        case .deliverRest(let after): return show(parcel, after: after)
        case .read: readOn()
        case .nothing: break
        }
        // What is not handed over has not moved the position.
        if departure(in: parcel, after: feed.position) != nil, !hasDeparted {
            hasDeparted = true
            missedPresence = nil
            session.leave(conversation)
        }
    }

    private func departure(in parcel: Parcel, after: Seq) -> Seq? {
        parcel.departures.first { $0.user == session.user.id && $0.seq > after }?.seq
    }

    /// What of a parcel is news, up to the removal of this very user.
    private func show(_ parcel: Parcel, after: Seq) {
        let departure = departure(in: parcel, after: after)
        send(parcel.entries.filter { $0.seq > after && $0.seq <= departure ?? .max })
        if departure != nil { close(.policyViolation, "removed") }
    }

    private func send(_ entries: [Entry]) {
        let bytes = V1Frames.bytes(of: entries) { lane.kernel.activeUsers(in: conversation) }
        if !bytes.isEmpty { stream.send(bytes) }
    }

    func take(_ signal: Signal, _ frame: [UInt8]) {
        guard !liveness.isClosing, !hasDeparted else { return }
        let isFull = stream.queuedBytes > lane.settings.outboxBytes / 2
        // The newest is kept, and whatever was kept before is older than the one sent now.
        if case .presence = signal { missedPresence = isFull ? frame : nil }
        if !isFull { stream.send(frame) }
    }

    func drained(_ stream: ByteStream) {
        if mayRead { stream.resumeReading() }
        if let missedPresence {
            self.missedPresence = nil
            stream.send(missedPresence)
        }
        _ = feed.resume()
        readOn()
    }

    // MARK: Catching up

    /// Reads the next page when there is one to read and the one before has been taken, but for what keeps the socket
    /// busy: pages are a reader's own, and a hundred readers that catch up shall not cost a hundred outboxes.
    private func readOn() {
        guard !feed.isLive, !feed.isLagging, !isReadingPage, !liveness.isClosing,
            stream.queuedBytes <= ByteStream.lowWater
        else { return }
        isReadingPage = true
        lane.pages.enter(self)
    }

    /// It is this connection's turn. False when there is nothing to read for any more.
    func readPage() -> Bool {
        guard !liveness.isClosing else { return false }
        let (lane, session, conversation, position) = (lane, session, conversation, feed.position)
        lane.errands.send { [weak self] in
            let page: Result<Kernel.LogPage, ChatError>
            do throws(ChatError) {
                page = .success(try await lane.kernel.log(of: conversation, as: session.user.id, after: position))
            } catch {
                page = .failure(error)
            }
            lane.loop.post { [weak self] in
                self?.take(page)
                lane.pages.leave()
            }
        }
        return true
    }

    private func take(_ page: Result<Kernel.LogPage, ChatError>) {
        isReadingPage = false
        guard !liveness.isClosing else { return }
        switch page {
        case .failure(let error):
            // The position is kept by the client; it comes back when the store does.
            send(error, id: nil)
            close(.tryAgainLater, error.code.rawValue)
        case .success(let page):
            send(page.entries)
            if page.endsMembership, page.isLast { return close(.policyViolation, "removed") }
            switch feed.page(through: page.through, isLast: page.isLast) {
            case .live(let following):
                for item in following where !liveness.isClosing { show(item.parcel, after: item.after) }
                // Removed, and a member again by now: another stay, for another connection.
                if hasDeparted { close(.policyViolation, "removed") }
            case .read: readOn()
            case .nothing: break
            }
        }
    }
}
