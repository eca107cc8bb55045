import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

/// A WebSocket on its loop, whatever profile is spoken on it: frames in, answers out in their order, pings, the closing handshake, and
/// the token's end. What a frame means is its subclass's.
class WebSocketChannel: StreamHandler, @unchecked Sendable {
    let lane: Lane
    let stream: ByteStream
    var machine: WebSocketMachine
    var liveness: Liveness
    private var expiry: Int64?
    /// A frame asked for something that has to be waited for. The frames behind it wait too: so answers keep their order,
    /// and however many questions a client sends, one is under way.
    var isAsking = false
    var isDraining = false
    /// The host stops, and one question is still to be answered.
    var leavesWhenAnswered = false
    /// Commands whose answers carry the client's own `id`, by tag.
    private var awaited: [UInt64: FrameID] = [:]
    private var lastTag: UInt64 = 0

    init(lane: Lane, stream: ByteStream) {
        self.lane = lane
        self.stream = stream
        machine = WebSocketMachine(limits: lane.settings.limits)
        liveness = Liveness(patience: lane.settings.patience, now: lane.loop.now)
    }

    // MARK: For the profile

    /// What a client's frame asks for.
    func handle(_ frame: ClientFrame) throws(ChatError) {}

    /// The socket has room again, and what was kept back may go on.
    func roomAgain() {}

    /// Nothing more is said or heard: the user is not here any more. Called more than once.
    func leaveSession() {}

    /// The socket is gone.
    func gone() {}

    /// Who is connected; empty for one that has not said so.
    var user: UserID { UserID("") }

    /// The user may not be here any more.
    func dismiss() { close(expiryCode, "disabled") }

    /// What else is due at a time, such as a warning; nil for nothing. ``due(now:)`` is called then.
    var nextDue: Int64? { nil }
    func due(now: Int64) {}

    /// How the token's end is said.
    var expiryCode: CloseCode { .policyViolation }

    /// The host stops: the last words, and how they are said.
    func sayDraining() -> (code: CloseCode, reason: String) { (.goingAway, "draining") }

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
        stream.deadline = [liveness.deadline(stalledSince: stream.stalledSince), expiry, nextDue].lazy
            .compactMap { $0 }.min()
    }

    func deadlineReached(_ stream: ByteStream, now: Int64) {
        if !liveness.isClosing {
            if let expiry, now >= expiry { return close(expiryCode, "token_expired") }
            if let nextDue, now >= nextDue { due(now: now) }
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

    // MARK: Commands

    /// Hands a command over with what the round gathers; its answer comes by ``settle(_:_:)`` when the frame had an `id`.
    func submit(
        _ proposal: Draft.Proposal, in conversation: ConversationID, of session: Session, _ id: FrameID?
    ) throws(ChatError) {
        guard let id else {
            lane.gather(try session.prepare(proposal, in: conversation, tag: 0, wantsReply: false))
            return
        }
        lastTag += 1
        lane.gather(try session.prepare(proposal, in: conversation, tag: lastTag, wantsReply: true))
        awaited[lastTag] = id
    }

    /// Answers one connection may wait for: more than any window that makes sense, and bounded. Then it is read no further until half of
    /// them have come: to refuse one in the middle would let those behind it pass.
    private static let awaitedLimit = 4096

    /// What became of a command.
    func settle(_ tag: UInt64, _ result: Result<Reply, ChatError>) {
        let id = awaited.removeValue(forKey: tag)
        guard !liveness.isClosing else { return }
        if id != nil, awaited.count == Self.awaitedLimit / 2, mayRead { stream.resumeReading() }
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

    /// Nothing more is read from a client that asks and does not read what it is told, until it does; nor from one that waits for as
    /// many answers as it may.
    var mayRead: Bool {
        !isAsking && !isDraining && awaited.count < Self.awaitedLimit
            && stream.queuedBytes <= 2 * lane.settings.outboxBytes
    }

    func drained(_ stream: ByteStream) {
        if mayRead { stream.resumeReading() }
        roomAgain()
    }
}
