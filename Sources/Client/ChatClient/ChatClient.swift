public import ChatKernel
import ChatNet
import Synchronization

/// A user's side of a chat: what happens in all of its conversations, in order and once each, and messages that arrive, whatever the network does.
///
///     let client = try ChatClient(ServerAddress("https://chat.example")) { token }
///     try await withThrowingTaskGroup { group in
///         group.addTask { try await client.run() }
///         for await event in client.events { … }
///     }
///
/// It speaks WebSocket, falls back to long-polling where there is none, and comes back. It holds a *cursor*: an app that keeps
/// ``cursor`` beside what it has made of the events, and gives it to the next client, goes on where it stopped.
/// Events are for one reader, who has to keep taking them: with too many waiting the client reads no more from the server
/// (``ClientSettings/eventLimit``), and what it sends is not acknowledged either.
public final class ChatClient: Sendable {
    /// Asked for a token when there is none, when it is about to end and when the server refuses it. Nil: there is none, and the client
    /// ends with ``ClientFailure/unauthorized`` when it has none that is still good; so it does when the server refuses two in a row. When it
    /// throws it is asked again after a while.
    public typealias TokenSource = @Sendable () async throws -> String?

    public let server: ServerAddress
    let loop: EventLoop
    /// Nil for a server without TLS.
    let trust: TLSTrust?
    private let settings: ClientSettings
    private let source: TokenSource
    private let start: String?
    let queue: EventQueue
    private let desk: OutboxDesk
    private let life = Mutex(Life())

    private struct Life {
        var engine: Engine?
        var hasRun = false
        var token: String?
    }

    /// - Parameters:
    ///   - cursor: where the app stands, as ``cursor`` said; nil for one that knows nothing, which is told of everything
    ///     by a snapshot first.
    ///   - outbox: where messages are kept besides memory; nil for nowhere.
    /// - Throws: `.unreachable` when the system has no descriptor or thread left; `.unsupported` when the file of authorities cannot be used.
    public init(
        _ server: ServerAddress, cursor: String? = nil, outbox: (any OutboxStore)? = nil,
        settings: ClientSettings = ClientSettings(), token: @escaping TokenSource
    ) throws(ClientFailure) {
        self.server = server
        self.settings = settings
        source = token
        start = cursor
        queue = EventQueue(limit: settings.eventLimit, cursor: cursor)
        desk = OutboxDesk(limit: settings.outboxLimit, store: outbox)
        trust = try server.trust(settings.authorities)
        loop = try EventLoop.started()
    }

    deinit { loop.stop() }

    // MARK: Life

    /// Keeps the connection, until the task is cancelled: then it returns, and ``events`` ends. To be called once.
    ///
    /// - Throws: `.unauthorized` when there is no token that the server takes (``TokenSource``); `.outboxBroken`; `.stopped` for a second call.
    public func run() async throws(ClientFailure) {
        let (requests, door) = AsyncStream<Engine.Request>.makeStream()
        let engine = Engine(
            server, trusting: trust, settings, cursor: start, on: loop, events: queue, desk: desk
        ) { door.yield($0) }
        let isFirst = life.withLock { life in
            defer { life.hasRun = true }
            if !life.hasRun { life.engine = engine }
            return !life.hasRun
        }
        guard isFirst else { throw .stopped }
        var failure: ClientFailure?
        do throws(ClientFailure) {
            loop.post { engine.begin() }
            // The engine has the desk already, and each would keep the other.
            try desk.open { [loop, weak engine] items in
                loop.post { [weak engine] in
                    for (item, isKept) in items { engine?.take(.submit(item, isKept: isKept)) }
                }
            }
        } catch {
            failure = error
            door.finish()
        }
        serving: for await request in requests {
            switch request {
            case .token: await fetchToken(for: engine)
            case .end(let reason):
                failure = reason
                break serving
            }
        }
        loop.post { engine.stop() }
        loop.stop()
        await loop.ended()
        queue.finish()
        if let failure { throw failure }
    }

    private func fetchToken(for engine: Engine) async {
        let answer: ClientMachine.Input
        do {
            if let token = try await source() {
                life.withLock { $0.token = token }
                answer = .token(token)
            } else {
                answer = .noToken(isFinal: true)
            }
        } catch {
            answer = .noToken(isFinal: false)
        }
        loop.post { engine.take(answer) }
    }

    // MARK: Events

    /// What happens, for one reader: a second one that asks while the first waits is told that it is over. Ends when
    /// ``run()`` does, behind what came before.
    public var events: Events { Events(queue: queue) }

    /// What happens to a client, in order.
    public struct Events: AsyncSequence, Sendable {
        public typealias Element = ClientEvent
        public typealias Failure = Never
        let queue: EventQueue

        public func makeAsyncIterator() -> Iterator { Iterator(queue: queue) }

        /// Where a reader is: asking for the next event says that the one before has been handled.
        public struct Iterator: AsyncIteratorProtocol {
            let queue: EventQueue

            /// The next event; the one before counts as handled with that. Nil at the end, and when the task is cancelled.
            public mutating func next() async -> ClientEvent? { await queue.next() }

            /// As ``next()``.
            public mutating func next(isolation actor: isolated (any Actor)?) async -> ClientEvent? {
                await queue.next()
            }
        }
    }

    /// Behind the last event that the reader has handled: what to keep, and to give to the next client. Nil as long as
    /// there is none.
    ///
    /// An event counts as handled when the next one is asked for. So within the loop over ``events`` this is the
    /// position behind the event before the one in hand, and an app that keeps it there may be given that one again
    /// after a restart: handle events so that a second time does no harm, by their `pos` or `seq`.
    public var cursor: String? { queue.cursor }

    // MARK: Sending

    /// Puts a message into the outbox. It is sent now or when there is a connection, as often as it takes, and stored once; an event says
    /// ``ClientEvent/sent(_:_:)`` or ``ClientEvent/refused(_:_:)``. Messages to one conversation keep their order: the next one
    /// goes when the server has answered for the one before.
    ///
    /// - Throws: `.outboxFull`; `.outboxBroken` when the app's store does not take it; `.refused` for an own `clientID` that is not of 1 to 64
    ///   letters, digits, `-`, `_`, `.` or `:`, and for an identifier of a conversation or of a message that is not of 1 to 128 bytes; `.stopped`.
    @discardableResult
    public func send(_ item: OutboxItem) throws(ClientFailure) -> OutboxItem {
        let name = item.clientID.text.utf8
        guard 1...ClientID.limit ~= name.count, name.allSatisfy(Self.isNameByte) else {
            throw .refused(ChatError(.invalidField, "client_id must be 1 to 64 letters, digits, -, _, . or :."))
        }
        for id in [item.conversation.text, item.replyTo?.text ?? "none"] {
            guard 1...UserID.limit ~= id.utf8.count else {
                throw .refused(ChatError(.invalidField, "An identifier must be 1 to \(UserID.limit) bytes."))
            }
        }
        try desk.add(item)
        return item
    }

    /// As ``send(_:)``, of a new message.
    @discardableResult
    public func send(
        _ content: String, to conversation: ConversationID, replyTo: MessageID? = nil
    ) throws(ClientFailure) -> OutboxItem {
        try send(OutboxItem(to: conversation, content: content, replyTo: replyTo))
    }

    /// Shows the others that somebody writes, or not any more. Forgotten when there is no WebSocket.
    public func type(in conversation: ConversationID, on: Bool = true) {
        loop.post { [weak self] in self?.engine?.take(.typing(conversation, on: on)) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"):
            true
        default: false
        }
    }

    private var engine: Engine? { life.withLock { $0.engine } }

    // MARK: The token

    /// The token there is, or one that is asked for.
    func currentToken() async throws(ClientFailure) -> String {
        if let token = life.withLock({ $0.token }) { return token }
        var fetched: String?
        do { fetched = try await source() } catch { throw .unreachable("\(error)") }
        guard let fetched else { throw .unauthorized }
        life.withLock { $0.token = fetched }
        return fetched
    }

    /// The server does not take this one.
    func forget(_ token: String) {
        life.withLock { if $0.token == token { $0.token = nil } }
    }
}

extension ServerAddress {
    /// Whom to believe that it is this server; nil without TLS.
    func trust(_ authorities: String?) throws(ClientFailure) -> TLSTrust? {
        guard isSecure else { return nil }
        do throws(TLSTrust.Problem) {
            return try TLSTrust(authorities.map { .file($0) } ?? .system)
        } catch {
            throw .unsupported("No server can be believed: \(error)")
        }
    }
}

extension EventLoop {
    static func started() throws(ClientFailure) -> EventLoop {
        do throws(SystemError) {
            let loop = try EventLoop()
            try loop.start()
            return loop
        } catch {
            throw .unreachable(error.description)
        }
    }
}
