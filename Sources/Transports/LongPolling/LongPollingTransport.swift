import ChatHTTP1
public import ChatHTTPServer
public import ChatKernel
import ChatNet
import ChatWire
import Synchronization

/// Long-polling and server-sent events, profile v2 of `protocol.md`: `GET /api/chat/events` and `GET /api/chat/stream`.
///
/// No session stands behind them: a request says by its cursor all there is to know, so it may be repeated, run twice at once or
/// be sent to another host, with the same result, and the next request's cursor is the acknowledgement.
public final class LongPollingTransport: HTTPMounted {
    private let settings: LongPollingSettings
    private let errands = Errands()
    /// By the loop's place in its group.
    private let lanes = Mutex<[EventLane?]>([])

    public init(settings: LongPollingSettings = LongPollingSettings()) { self.settings = settings }

    public func run(serving kernel: Kernel) async throws { await errands.run() }

    public func routes(serving kernel: Kernel) -> [Route] {
        [
            Route("GET", "/api/chat/events", .exchange { [self] in poll($0, $1, kernel) }),
            Route("GET", "/api/chat/stream", .exchange { [self] in stream($0, $1, kernel) }),
        ]
    }

    /// Answers with what was asked of the store, or refuses.
    private func attend(_ exchange: Exchange, _ work: @escaping @Sendable () async throws(ChatError) -> Void) {
        errands.send {
            do throws(ChatError) {
                try await work()
            } catch {
                exchange.respond(EventLane.refusal(error))
            }
        }
    }

    // MARK: Polls

    private func poll(_ request: HTTPRequest, _ exchange: Exchange, _ kernel: Kernel) {
        if let poller = exchange.keepsake as? Poller, poller.takes(request.head.line, exchange) { return }
        if let lane = known(on: exchange.loop), lane.takes(request, exchange) { return }
        attend(exchange) { [self] () async throws(ChatError) in
            let asked = try await EventRequest(request, kernel, settings)
            guard let position = asked.position else {
                let snapshot = try await kernel.snapshot(of: asked.identity.user.id, among: asked.conversations)
                exchange.respond(Poller.response { EventAnswer.append(snapshot, to: &$0) }, holding: snapshot.share)
                return
            }
            let lane = try await lane(on: exchange.loop, kernel)
            let left = asked.identity.timeLeft(at: kernel.time.wall())
            lane.loop.post {
                let now = lane.loop.now
                Poller(asked.identity, until: now, endsAt: now + left, in: lane)
                    .ask(
                        after: position, among: asked.conversations, limit: asked.limit, wait: asked.wait, exchange)
            }
        }
    }

    // MARK: Streams

    private func stream(_ request: HTTPRequest, _ exchange: Exchange, _ kernel: Kernel) {
        attend(exchange) { [self] () async throws(ChatError) in
            let last = request.head.first("Last-Event-ID").flatMap { $0.isEmpty ? nil : $0 }
            let asked = try await EventRequest(request, kernel, settings, header: last)
            let lane = try await lane(on: exchange.loop, kernel)
            let head = try await kernel.head()
            let boarding = PendingSession(try kernel.open(asked.identity, delivering: lane))
            var beginning: [UInt8] = Array("retry: 2000\n\n".utf8)
            if asked.position == nil {
                EventForm.appendBlock("hello", at: head, to: &beginning) { bytes in
                    V2.appendHello(at: head, to: &bytes)
                }
            }
            exchange.stream(HTTPResponse(status: 200, fields: Self.fields, body: beginning)) { stream, _ in
                let events = EventStream(
                    asked, boarding.take(), position: asked.position ?? head.pos, on: stream, in: lane)
                events.begin()
                return events
            }
        }
    }

    private static let fields = [
        HTTPField(name: "Content-Type", value: "text/event-stream"),
        HTTPField(name: "Cache-Control", value: "no-store"),
        // Proxies of the nginx family gather answers otherwise.
        HTTPField(name: "X-Accel-Buffering", value: "no"),
    ]

    private func known(on loop: EventLoop) -> EventLane? {
        lanes.withLock { $0.indices.contains(loop.index) ? $0[loop.index] : nil }
    }

    private func lane(on loop: EventLoop, _ kernel: Kernel) async throws(ChatError) -> EventLane {
        if let lane = known(on: loop) { return lane }
        let epoch = try await kernel.head().epoch
        return lanes.withLock { [settings, errands] lanes in
            while lanes.count <= loop.index { lanes.append(nil) }
            if let lane = lanes[loop.index] { return lane }
            let lane = EventLane(kernel: kernel, loop: loop, settings: settings, errands: errands, epoch: epoch)
            lanes[loop.index] = lane
            return lane
        }
    }
}

/// `{"type": "long-polling"}`, with ``LongPollingSettings``.
public enum LongPollingAdapter: TransportAdapter {
    public typealias Settings = LongPollingSettings

    public static let type = "long-polling"

    /// The cursor of the last answer brings what was missed.
    public static let guarantees = TransportGuarantees(resume: true, ordered: true)

    public static func make(
        _ settings: LongPollingSettings, in context: AdapterContext
    ) async throws -> any Transport {
        LongPollingTransport(settings: settings)
    }
}
