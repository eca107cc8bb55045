import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWire

/// A request that waits for something to happen. Lives on its loop, which `@unchecked Sendable` stands on, and costs neither a
/// thread nor a task.
final class Poll: EventReader, @unchecked Sendable {
    let user: UserID
    let exchange: Exchange
    private let conversations: Set<ConversationID>?
    private let limit: Int
    private(set) var position: Pos
    /// When it is answered with nothing.
    private let ends: Int64
    private var timer: LoopTimer?
    private var isOver = false
    private var isReading = false

    init(_ request: EventRequest, position: Pos, _ exchange: Exchange, ends: Int64) {
        user = request.identity.user.id
        self.exchange = exchange
        conversations = request.conversations
        limit = request.limit
        self.position = position
        self.ends = ends
    }

    /// Answers now, or waits.
    func begin(in lane: EventLane) {
        lane.kernel.metrics.pollBegan()
        exchange.onDraining { [weak self] in self?.answerEmpty(in: lane) }
        exchange.onClosed { [weak self] in self?.answerEmpty(in: lane) }
        advance(in: lane)
        guard !isOver, ends > lane.loop.now else { return timeIsOver(in: lane) }
        timer = lane.loop.schedule(after: ends - lane.loop.now) { [weak self] in self?.timeIsOver(in: lane) }
    }

    func advance(in lane: EventLane) {
        guard !isOver, !isReading else { return }
        guard let items = lane.items(for: self) else { return read(in: lane) }
        let run = MailRun(items, for: user, after: position, among: conversations, limit: limit) {
            EventForm.list.bytes(of: $0, epoch: lane.epoch)
        }
        position = run.through
        guard run.count > 0 else { return }
        let cursor = Cursor(epoch: lane.epoch, pos: run.through)
        answer(in: lane) { EventAnswer.append(run.pieces, cursor: cursor, more: run.hasMore, to: &$0) }
    }

    // MARK: From the store

    private func read(in lane: EventLane) {
        isReading = true
        let (kernel, user, position, conversations, limit) = (lane.kernel, user, position, conversations, limit)
        lane.errands.send { [weak self] in
            let page: Result<Page, ChatError>
            do throws(ChatError) {
                page = .success(
                    try await Self.page(kernel, of: user, after: position, among: conversations, limit: limit))
            } catch {
                page = .failure(error)
            }
            lane.loop.post { [weak self] in self?.take(page, in: lane) }
        }
    }

    private struct Page: Sendable {
        var events: [Entry]
        var through: Pos
        var more: Bool
    }

    private static func page(
        _ kernel: Kernel, of user: UserID, after pos: Pos, among conversations: Set<ConversationID>?, limit: Int
    ) async throws(ChatError) -> Page {
        // One more than asked for: `more` is true only if something follows.
        let found = try await kernel.events(of: user, after: pos, among: conversations, limit: limit + 1)
        var page = Page(events: found.entries, through: found.through, more: false)
        if page.events.count > limit {
            page.events.removeLast()
            page.through = page.events.last?.pos ?? pos
            page.more = true
        } else if !found.isLast {
            let next = try await kernel.events(of: user, after: page.through, among: conversations, limit: 1)
            page.more = !next.entries.isEmpty
        }
        return page
    }

    private func take(_ result: Result<Page, ChatError>, in lane: EventLane) {
        isReading = false
        guard !isOver else { return }
        switch result {
        case .failure(let error): finish(EventLane.refusal(error), in: lane)
        case .success(let page):
            position = page.through
            guard page.events.isEmpty else {
                return answer(in: lane) {
                    EventAnswer.append(
                        page.events, epoch: lane.epoch, cursor: page.through, more: page.more, to: &$0)
                }
            }
            advance(in: lane)
            // What it waited for the store, it need not wait again.
            if ends <= lane.loop.now { timeIsOver(in: lane) }
        }
    }

    // MARK: The answer

    private func timeIsOver(in lane: EventLane) {
        // While the store is asked, its answer comes first.
        guard !isOver, !isReading else { return }
        // What was delivered up to here stands in the loop's queue, if it has not been taken: behind that the position is true.
        let delivered = lane.kernel.deliveredThrough
        lane.loop.post { [self] in
            guard !isOver else { return }
            if let delivered, !isReading { position = max(position, delivered) }
            answerEmpty(in: lane)
        }
    }

    /// Nothing has happened, or nobody is to wait any longer: still there is a cursor.
    private func answerEmpty(in lane: EventLane) {
        answer(in: lane) {
            EventAnswer.append([], cursor: Cursor(epoch: lane.epoch, pos: position), more: false, to: &$0)
        }
    }

    private func answer(in lane: EventLane, _ write: (inout [UInt8]) -> Void) {
        var body: [UInt8] = []
        write(&body)
        finish(HTTPResponse(status: 200, fields: Self.fields, body: body), in: lane)
    }

    private static let fields = [
        HTTPField(name: "Content-Type", value: "application/json"),
        HTTPField(name: "Cache-Control", value: "no-store"),
    ]

    private func finish(_ response: HTTPResponse, in lane: EventLane) {
        guard !isOver else { return }
        isOver = true
        if let timer { lane.loop.cancel(timer) }
        lane.remove(self)
        lane.kernel.metrics.pollEnded()
        exchange.respond(response)
    }
}
