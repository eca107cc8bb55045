import ChatHTTP1
public import ChatHTTPServer
public import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire
import Synchronization

/// WebSocket, profile v1 of `protocol.md`: `GET /api/chat/ws/{conversation}?token={jwt}`, one conversation a connection.
///
/// Refusal comes before the upgrade, as an HTTP status: 401 for the token, 403 for somebody who is not a member, 404 for no
/// such conversation.
public final class WebSocketTransport: HTTPMounted {
    private let settings: WebSocketSettings
    private let errands = Errands()
    private let lanes = Mutex<[ObjectIdentifier: Lane]>([:])

    public init(settings: WebSocketSettings = WebSocketSettings()) { self.settings = settings }

    public func run(serving kernel: Kernel) async throws { await errands.run() }

    public func routes(serving kernel: Kernel) -> [Route] {
        [
            Route(
                "GET", "/api/chat/ws/{conversation}",
                .upgrade { [self] request, loop in await admit(request, on: loop, kernel) })
        ]
    }

    private func admit(_ request: HTTPRequest, on loop: EventLoop, _ kernel: Kernel) async -> UpgradeDecision {
        let verdict = Handshake.judge(method: request.head.method, minorVersion: request.head.minorVersion) {
            request.head.all($0)
        }
        switch verdict {
        case .refuse(let refusal): return .refuse(Refusal.response(refusal))
        case .accept(let key, _):
            do throws(ChatError) {
                let lane = lane(on: loop, kernel)
                let boarding = try await board(request, kernel, lane)
                let accept = Handshake.acceptValue(digest: Digest.sha1(Handshake.acceptInput(key: key)))
                return .accept(fields: [HTTPField(name: "Sec-WebSocket-Accept", value: accept)]) { stream, _ in
                    boarding.take()
                    let connection = WebSocketConnection(boarding, lane: lane, stream: stream)
                    connection.begin(with: boarding.refusal)
                    return connection
                }
            } catch {
                return .refuse(Refusal.response(error))
            }
        }
    }

    /// Who it is, whether it may, and where it stands: all before the upgrade.
    private func board(
        _ request: HTTPRequest, _ kernel: Kernel, _ lane: Lane
    ) async throws(ChatError) -> Boarding {
        guard let query = request.query() else { throw ChatError(.invalidField, "The query is malformed.") }
        guard let token = query.first("token") ?? request.bearerToken else {
            throw ChatError(.tokenInvalid, "A token is needed: ?token=… or Authorization: Bearer.")
        }
        let identity = try await kernel.identify(.token(token))
        var after: Seq?
        if let text = query.first("after"), !text.isEmpty {
            guard let seq = Seq(text), seq >= 0 else {
                throw ChatError(.invalidField, "after: a whole number from 0.")
            }
            after = seq
        }
        guard let named = request.parameters["conversation"], named.utf8.count <= UserID.limit else {
            throw ChatError(.unknownConversation, "There is no such conversation.")
        }
        let conversation = ConversationID(named)
        let session = try kernel.open(identity, delivering: lane)
        // Before the head is read: what is delivered from here on finds no connection yet, and may not be in the head.
        let batches = lane.batches
        let head: Seq
        do throws(ChatError) {
            head = try await session.join(conversation).lastSeq
        } catch {
            session.close()
            throw error
        }
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

    private func lane(on loop: EventLoop, _ kernel: Kernel) -> Lane {
        lanes.withLock { lanes in
            if let lane = lanes[ObjectIdentifier(loop)] { return lane }
            let lane = Lane(kernel: kernel, loop: loop, settings: settings, errands: errands)
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
