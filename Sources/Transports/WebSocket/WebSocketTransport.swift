import ChatHTTP1
public import ChatHTTPServer
public import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire
import Synchronization

/// WebSocket, profiles v1 and v2 of `protocol.md`: `GET /api/chat/ws/{conversation}`, and with the subprotocol `chat.v2` also
/// `GET /api/chat/ws`, where one connection has many conversations.
///
/// Refusal comes before the upgrade, as an HTTP status: 401 for the token, in v1 403 for somebody who is not a member, 404 for no
/// such conversation.
public final class WebSocketTransport: HTTPMounted {
    private let settings: WebSocketSettings
    private let errands = Errands()
    private let lanes = Mutex<[ObjectIdentifier: Lane]>([:])

    public init(settings: WebSocketSettings = WebSocketSettings()) { self.settings = settings }

    public func run(serving kernel: Kernel) async throws { await errands.run() }

    public func routes(serving kernel: Kernel) -> [Route] {
        ["/api/chat/ws/{conversation}", "/api/chat/ws"].map { path in
            Route("GET", path, .upgrade { [self] request, loop in await admit(request, on: loop, kernel) })
        }
    }

    private func admit(_ request: HTTPRequest, on loop: EventLoop, _ kernel: Kernel) async -> UpgradeDecision {
        let verdict = Handshake.judge(method: request.head.method, minorVersion: request.head.minorVersion) {
            request.head.all($0)
        }
        switch verdict {
        case .refuse(let refusal): return .refuse(Refusal.response(refusal))
        case .accept(let key, let protocols):
            let accept = Handshake.acceptValue(digest: Digest.sha1(Handshake.acceptInput(key: key)))
            do throws(ChatError) {
                let lane = try await lane(on: loop, kernel)
                if protocols.contains(Self.second) {
                    return try await welcome(request, protocols, accept: accept, kernel, lane)
                }
                let boarding = try await board(request, kernel, lane)
                return .accept(fields: [HTTPField(name: "Sec-WebSocket-Accept", value: accept)]) { stream, _ in
                    let connection = V1Connection(boarding, lane: lane, stream: stream)
                    connection.begin(with: boarding.refusal)
                    return connection
                }
            } catch {
                return .refuse(Refusal.response(error))
            }
        }
    }

    private static let second = "chat.v2"
    private static let tokenPrefix = "chat.token."

    private func query(_ request: HTTPRequest) throws(ChatError) -> QueryItems {
        guard let query = request.query() else { throw ChatError(.invalidField, "The query is malformed.") }
        return query
    }

    private func conversation(_ request: HTTPRequest) throws(ChatError) -> ConversationID {
        guard let named = request.parameters["conversation"], named.utf8.count <= UserID.limit else {
            throw ChatError(.unknownConversation, "There is no such conversation.")
        }
        return ConversationID(named)
    }

    // MARK: v2

    /// Who it is, if the upgrade says so; the rest is said in frames.
    private func welcome(
        _ request: HTTPRequest, _ protocols: [String], accept: String, _ kernel: Kernel, _ lane: Lane
    ) async throws(ChatError) -> UpgradeDecision {
        let path = request.parameters["conversation"] == nil ? nil : try conversation(request)
        let offered = protocols.first { $0.hasPrefix(Self.tokenPrefix) }.map {
            Credentials.token(String($0.dropFirst(Self.tokenPrefix.count)))
        }
        var identity: Identity?
        if let credentials = request.credentials(try query(request), inQuery: true) ?? offered {
            identity = try await kernel.identify(credentials)
            // Known before the upgrade, so refused before it; whether it still is a member each frame decides.
            if let path, let identity { try await kernel.requireKnown(path, to: identity.user.id) }
        }
        let head = try await kernel.head()
        let session = try identity.map { (identity) throws(ChatError) in
            PendingSession(try kernel.open(identity, delivering: lane))
        }
        let fields = [
            HTTPField(name: "Sec-WebSocket-Accept", value: accept),
            HTTPField(name: "Sec-WebSocket-Protocol", value: Self.second),
        ]
        return .accept(fields: fields) { stream, _ in
            let connection = V2Connection(path: path, lane: lane, stream: stream)
            connection.begin(session?.take(), at: head)
            return connection
        }
    }

    // MARK: v1

    /// Who it is, whether it may, and where it stands: all before the upgrade.
    private func board(
        _ request: HTTPRequest, _ kernel: Kernel, _ lane: Lane
    ) async throws(ChatError) -> Boarding {
        let query = try query(request)
        guard request.parameters["conversation"] != nil else {
            throw ChatError(
                .invalidField, "This path speaks the subprotocol \(Self.second) only; v1 names a conversation.")
        }
        guard let credentials = request.credentials(query, inQuery: true) else {
            throw ChatError(.tokenInvalid, "A token is needed: ?token=…, ?ticket=… or Authorization: Bearer.")
        }
        let identity = try await kernel.identify(credentials)
        var after: Seq?
        if let text = query.first("after"), !text.isEmpty {
            guard let seq = Seq(text), seq >= 0 else {
                throw ChatError(.invalidField, "after: a whole number from 0.")
            }
            after = seq
        }
        let conversation = try conversation(request)
        let session = PendingSession(try kernel.open(identity, delivering: lane))
        // Before the head is read: what is delivered from here on finds no connection yet, and may not be in the head.
        let batches = lane.batches
        let head = try await session.session.join(conversation).lastSeq
        guard let after, after < head else {
            let refusal: ChatError? =
                if let after, after > head {
                    ChatError(.cursorAhead, "This conversation has not come to \(after); it stands at \(head).")
                } else { nil }
            return Boarding(
                session: session, conversation: conversation, position: head, isUpToDate: true, batches: batches,
                refusal: refusal)
        }
        return Boarding(
            session: session, conversation: conversation, position: after, isUpToDate: false, batches: batches,
            refusal: nil)
    }

    private func lane(on loop: EventLoop, _ kernel: Kernel) async throws(ChatError) -> Lane {
        if let lane = lanes.withLock({ $0[ObjectIdentifier(loop)] }) { return lane }
        let head = try await kernel.head()
        return lanes.withLock { [settings, errands] lanes in
            if let lane = lanes[ObjectIdentifier(loop)] { return lane }
            let lane = Lane(kernel: kernel, loop: loop, settings: settings, errands: errands, head: head)
            lanes[ObjectIdentifier(loop)] = lane
            return lane
        }
    }
}

/// Refusals before the upgrade, with the error body of every transport.
private enum Refusal {
    static func response(_ error: ChatError) -> HTTPResponse {
        var body: [UInt8] = []
        RESTShapes.append(error, to: &body)
        return HTTPResponse(status: error.code.status, fields: error.answerFields, body: body)
    }

    static func response(_ refusal: Handshake.Refusal) -> HTTPResponse {
        var body: [UInt8] = []
        body.appendObject { object in
            object.member("detail", refusal.detail)
            object.member("code", refusal.status == 426 ? "upgrade_required" : "bad_request")
        }
        return HTTPResponse(
            status: refusal.status,
            fields: [HTTPField(name: "Content-Type", value: "application/json")]
                + refusal.fields.map { HTTPField(name: $0.name, value: $0.value) }, body: body)
    }
}

/// `{"type": "websocket"}`, with ``WebSocketSettings``.
public enum WebSocketAdapter: TransportAdapter {
    public typealias Settings = WebSocketSettings

    public static let type = "websocket"

    /// `?after=` brings what was missed, and the feed sees to order.
    public static let guarantees = TransportGuarantees(resume: true, ordered: true)

    public static func make(_ settings: WebSocketSettings, in context: AdapterContext) async throws -> any Transport {
        WebSocketTransport(settings: settings)
    }
}
