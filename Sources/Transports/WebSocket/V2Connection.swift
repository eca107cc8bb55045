import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

/// One WebSocket of profile v2: a user with any number of its conversations, or with the one that the path names. Lives on its
/// loop.
///
/// ```
///   greeted ──subscribe──▶ a Subscription for each conversation, by its numbers (V2Connection+Subscriptions)
///      └──────hello {cursor}──▶ all of them, present and future, by the one cursor (V2Connection+Mail)
/// ```
final class V2Connection: WebSocketChannel, MailReader, @unchecked Sendable {
    /// Nil until the client has said who it is.
    private(set) var session: Session?
    /// The only conversation, when the path names one.
    let path: ConversationID?
    var subscriptions: [ConversationID: Subscription] = [:]
    /// How many of them are behind.
    var behind = 0
    /// The position that was told last, but for what ``standing`` took back.
    private var told: Pos = 0
    /// What the client has of all its conversations, once it said so by a cursor.
    var wide: Wide?
    /// Told while the queue was full: the newest notice of each conversation is what still matters when it has drained.
    var missedPresence: [ConversationID: [UInt8]] = [:]
    /// When the client must have said who it is.
    private var helloDue: Int64?
    /// When it is to be told that its token ends, and the end.
    private var warning: (due: Int64, end: Int64)?

    /// How long a connection without credentials may wait with its `hello`, in nanoseconds (`protocol.md` section 8).
    private static let helloPatience: Int64 = 5_000_000_000
    /// How long before its end a token's bearer is told, in nanoseconds.
    private static let warningTime: Int64 = 60_000_000_000

    init(path: ConversationID?, lane: Lane, stream: ByteStream) {
        self.path = path
        super.init(lane: lane, stream: stream)
    }

    /// - Parameters:
    ///   - session: when the upgrade brought credentials.
    ///   - cursor: where the store stands.
    func begin(_ session: Session?, at cursor: Cursor) {
        if let session { greet(session, at: cursor, id: nil) } else { helloDue = lane.loop.now + Self.helloPatience }
        arm()
    }

    private func greet(_ session: Session, at cursor: Cursor, id: FrameID?) {
        self.session = session
        helloDue = nil
        told = cursor.pos
        lane.add(self, session)
        renew(session.identity)
        let greeting = V2.Greeting(
            session: session.id.number, cursor: cursor, heartbeatMilliseconds: lane.settings.pingSeconds * 1000,
            frameBytes: lane.settings.frameBytes, limits: lane.kernel.limits,
            resume: lane.resumes, durability: lane.durability)
        stream.send(V2Frames.frame { V2.append(greeting, id: id, to: &$0) })
    }

    override var user: UserID { session?.user.id ?? UserID("") }

    // MARK: From the client

    override func handle(_ frame: ClientFrame) throws(ChatError) {
        if case .hello(let token, let cursor) = frame.body { return try hello(token, cursor, frame.id) }
        guard let session else { throw ChatError(.tokenInvalid, "Say hello with a token first.") }
        switch frame.body {
        case .hello: break
        case .message(let named, let content, let clientID, let replyTo):
            let post = Draft.Proposal.post(content: content, clientID: clientID, replyTo: replyTo)
            try submit(post, in: try conversation(named), of: session, frame.id)
        case .read(let named, let seq):
            try submit(.read(through: seq), in: try conversation(named), of: session, frame.id)
        case .edit(let message, let content): perform(.edit(message, content: content), frame.id)
        case .delete(let message): perform(.delete(message), frame.id)
        case .react(let message, let key, let on): perform(.react(message, key: key, on: on), frame.id)
        case .typing(let named, let on): try type(in: try conversation(named), on: on, session, frame.id)
        case .subscribe(let named, let after):
            try subscribe(to: try conversation(named), after: after, session, frame.id)
        case .unsubscribe(let named): try unsubscribe(from: try conversation(named), frame.id)
        case .history(let named, let page, let limit):
            history(of: try conversation(named), page, limit: limit, as: session.user.id, frame.id)
        case .auth(let token): authenticate(token, as: session.user.id, frame.id)
        case .ping:
            var payload: [UInt8] = []
            V2.appendPong(at: standing, id: frame.id, to: &payload)
            unsafe reply(.text, payload.span.bytes)
        }
    }

    private func conversation(_ named: ConversationID?) throws(ChatError) -> ConversationID {
        guard let path else {
            guard let named else { throw ChatError(.missingField, "conversation_id is missing.") }
            return named
        }
        guard named == nil || named == path else {
            throw ChatError(.invalidField, "conversation_id: this connection is of one conversation only.")
        }
        return path
    }

    /// A command that names a message: where that is must be asked first.
    private func perform(_ command: Command, _ id: FrameID?) {
        let (lane, user) = (lane, user)
        inquire({ () async throws(ChatError) in try await lane.kernel.perform(command, as: user) }) { [self] in
            switch $0 {
            case .failure(let error): send(error, id: id)
            case .success(let reply): if let id { acknowledge(id, reply) }
            }
        }
    }

    private func type(
        in conversation: ConversationID, on: Bool, _ session: Session, _ id: FrameID?
    ) throws(ChatError) {
        guard session.follows(conversation) else { return perform(.typing(conversation, on: on), id) }
        do throws(ChatError) {
            try session.type(in: conversation, on: on)
        } catch {
            // Past the limit it is forgotten, being what it is, unless its sender wants to know.
            if id == nil { return }
            throw error
        }
        if let id { acknowledge(id) }
    }

    // MARK: Hello

    /// Who it is, when the upgrade did not say; and where it stands.
    private func hello(_ token: String?, _ cursor: String?, _ id: FrameID?) throws(ChatError) {
        guard session != nil || token != nil else { throw ChatError(.missingField, "token is missing.") }
        guard wide == nil || cursor == nil else {
            throw ChatError(.conflict, "A cursor has been given; what is behind it is on its way.")
        }
        let kernel = lane.kernel
        let known = session?.user.id
        let path = path
        // It has kept the rule; what follows is our own time.
        if token != nil { helloDue = nil }
        inquire({ () async throws(ChatError) in
            var identity: Identity?
            if let token { identity = try await kernel.identify(.token(token)) }
            guard known == nil || identity == nil || identity?.user.id == known else {
                throw ChatError(.forbidden, "This token is another user's; nothing has changed.")
            }
            if known == nil, let path, let identity { try await kernel.requireKnown(path, to: identity.user.id) }
            let head = try await kernel.head()
            let position: Result<Pos?, ChatError>
            do throws(ChatError) {
                position = .success(try await kernel.position(of: cursor))
            } catch {
                position = .failure(error)
            }
            return Arrival(identity: identity, head: head, position: position)
        }) { [self] in
            switch $0 {
            case .failure(let error): refuse(error, id)
            case .success(let arrival): arrive(arrival, id)
            }
        }
    }

    private struct Arrival: Sendable {
        let identity: Identity?
        let head: Cursor
        let position: Result<Pos?, ChatError>
    }

    /// Without a session there is nothing to stay for.
    private func refuse(_ error: ChatError, _ id: FrameID?) {
        send(error, id: id)
        guard session == nil else { return }
        let code: CloseCode =
            switch error.code {
            case .rateLimited: .rateLimited
            case .notAMember: .removed
            case .unknownConversation: .unknownConversation
            case .storeUnavailable, .overloaded, .draining: .tryAgainLater
            default: .badToken
            }
        close(code, error.code.rawValue)
    }

    private func arrive(_ arrival: Arrival, _ id: FrameID?) {
        if let session {
            if let identity = arrival.identity { renew(identity) }
            enter(arrival.position, session, id, isAnswered: false)
        } else if let identity = arrival.identity {
            do throws(ChatError) {
                let session = try lane.kernel.open(identity, delivering: lane)
                greet(session, at: arrival.head, id: id)
                enter(arrival.position, session, id, isAnswered: true)
            } catch {
                refuse(error, id)
            }
        }
        arm()
    }

    /// - Parameter isAnswered: our own hello bore the `id`. Otherwise it is answered once: by an `ack`, or by an `error`.
    private func enter(
        _ position: Result<Pos?, ChatError>, _ session: Session, _ id: FrameID?, isAnswered: Bool
    ) {
        do throws(ChatError) {
            let position = try position.get()
            if let position { try follow(session.user, from: position) }
            if let id, !isAnswered { acknowledge(id) }
            guard position != nil else { return }
            hear(session)
            mailCame()
        } catch {
            send(error, id: id)
        }
    }

    /// Up to here the client has all that it follows. With subscriptions it moves on only while none of them is behind, and one that
    /// brings what was before it began takes it back: nothing that is still to be sent is before it.
    var standing: Cursor {
        var reached = Pos.max
        if let wide {
            told = wide.position
        } else if behind > 0 {
            for subscription in subscriptions.values { reached = min(reached, subscription.reached) }
        } else if !subscriptions.isEmpty {
            told = max(told, lane.through)
        }
        return Cursor(epoch: lane.epoch, pos: min(told, reached))
    }

    // MARK: What is not stored

    func take(_ signal: Signal, _ frame: [UInt8]) {
        guard !liveness.isClosing else { return }
        let isFull = stream.queuedBytes > lane.settings.outboxBytes / 2
        // The newest is kept, and whatever was kept before is older than the one sent now.
        if case .presence(let notice) = signal { missedPresence[notice.conversation] = isFull ? frame : nil }
        if !isFull { stream.send(frame) }
    }

    override func roomAgain() {
        let missed = missedPresence.sorted { $0.key < $1.key }
        missedPresence = [:]
        for (_, frame) in missed { stream.send(frame) }
        // A copy: one that ends leaves.
        for subscription in Array(subscriptions.values) { subscription.roomAgain() }
        mailCame()
    }

    // MARK: Time

    override func renew(_ identity: Identity) {
        super.renew(identity)
        let left = identity.timeLeft(at: lane.kernel.time.wall()) - Identity.leewaySeconds * 1_000_000_000
        warning = identity.expiresAt == nil ? nil : (lane.loop.now + left - Self.warningTime, lane.loop.now + left)
    }

    override var nextDue: Int64? { helloDue ?? warning?.due }

    override func due(now: Int64) {
        if helloDue != nil { return close(.badToken, "no hello") }
        guard let warning else { return }
        self.warning = nil
        let left = max(0, warning.end - now) / 1_000_000
        stream.send(V2Frames.frame { V2.appendExpiring(inMilliseconds: left, to: &$0) })
    }

    override var expiryCode: CloseCode { .badToken }

    // MARK: The end

    /// The client keeps its position, and comes back when the store does.
    func failed(_ error: ChatError) {
        send(error, id: nil)
        close(.tryAgainLater, error.code.rawValue)
    }

    override func sayDraining() -> (code: CloseCode, reason: String) {
        sendReplies()
        stream.send(V2Frames.frame { V2.appendDraining(retryAfterMilliseconds: 1000, to: &$0) })
        return (.draining, "draining")
    }

    override func leaveSession() {
        guard let session else { return }
        endSubscriptions()
        unfollow()
        session.close()
    }

    override func gone() {
        if let session { lane.remove(session) }
    }
}
