import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWire

/// A request that waits for something to happen. Lives on its loop, which `@unchecked Sendable` stands on, and costs neither a
/// thread nor a task.
final class Poll: MailReader, ExchangeWaiter, @unchecked Sendable {
    let exchange: Exchange
    private let asker: Asker
    /// Where the user's box is, once it has begun.
    private var place = 0
    private let lane: EventLane
    private let conversations: Set<ConversationID>?
    private let limit: Int
    private var position: Pos
    /// When it is answered with nothing.
    private let ends: Int64
    private var isOver = false
    private var isReading = false

    init(
        by asker: Asker, after position: Pos, among conversations: Set<ConversationID>?, limit: Int, ends: Int64,
        _ exchange: Exchange, in lane: EventLane
    ) {
        self.asker = asker
        self.exchange = exchange
        self.lane = lane
        self.conversations = conversations
        self.limit = limit
        self.position = position
        self.ends = ends
    }

    /// Answers now, or waits.
    /// - Throws: as ``MailDesk/add(_:of:through:at:)``; then it has not begun.
    func begin() throws(ChatError) {
        place = try lane.mail.add(self, of: asker.user, through: lane, at: asker.place)
        asker.place = place
        lane.kernel.metrics.pollBegan()
        // Nearly all who come back have all there is.
        if !lane.mail.isRead(at: place, through: position) { mailCame() }
        guard !isOver else { return }
        if ends > lane.loop.now { exchange.wait(until: ends, self) } else { timeIsOver() }
    }

    func mailCame() {
        guard !isOver, !isReading else { return }
        let answer = lane.answer
        if let answer, conversations == nil, answer.answers(at: place, of: lane.mail, after: position, limit: limit) {
            return give(answer.response)
        }
        guard let items = lane.mail.items(at: place, after: position) else { return read() }
        guard !items.isEmpty else { return }
        let user = asker.user.id
        if let answer, answer.answers(items, to: user, after: position, among: conversations, limit: limit) {
            return give(answer.response)
        }
        let run = MailRun(items, for: user, after: position, among: conversations, limit: limit) {
            EventForm.list.bytes(of: $0, epoch: lane.epoch)
        }
        let isWhole =
            !run.hasMore && items.allSatisfy { $0.isWhole(for: user, after: position, among: conversations) }
        position = run.through
        guard run.count > 0 else { return }
        let cursor = Cursor(epoch: lane.epoch, pos: run.through)
        let response = Self.response { EventAnswer.append(run.pieces, cursor: cursor, more: run.hasMore, to: &$0) }
        guard isWhole else { return finish(response) }
        let shared = SharedResponse(response)
        lane.answer = SharedAnswer(items, shared)
        give(shared)
    }

    /// Answers as others are answered.
    private func give(_ response: SharedResponse) {
        end()
        exchange.respond(response)
    }

    /// As every request of the user's from now on.
    func dismiss() { finish(EventLane.refusal(ChatError(.tokenInvalid, "This account is disabled."))) }

    func waitEnded(_ reason: WaitEnd) {
        switch reason {
        case .timeOut: timeIsOver()
        case .peerLeft, .draining: answerEmpty()
        }
    }

    // MARK: From the store

    private func read() {
        isReading = true
        let (lane, kernel, user, position, conversations, limit) = (
            lane, lane.kernel, asker.user.id, position, conversations, limit
        )
        lane.errands.send { [weak self] in
            let page: Result<Page, ChatError>
            do throws(ChatError) {
                page = .success(
                    try await Self.page(kernel, of: user, after: position, among: conversations, limit: limit))
            } catch {
                page = .failure(error)
            }
            lane.loop.post { [weak self] in self?.take(page) }
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
        let found = try await kernel.events(of: user, after: pos, among: conversations, limit: limit)
        var page = Page(events: found.entries, through: found.through, more: false)
        if !found.isLast {
            // `more` is true only if something follows.
            let next = try await kernel.events(of: user, after: page.through, among: conversations, limit: 1)
            page.more = !next.entries.isEmpty
        }
        return page
    }

    private func take(_ result: Result<Page, ChatError>) {
        isReading = false
        guard !isOver else { return }
        switch result {
        case .failure(let error): finish(EventLane.refusal(error))
        case .success(let page):
            position = page.through
            guard page.events.isEmpty else {
                return finish(
                    Self.response {
                        EventAnswer.append(
                            page.events, epoch: lane.epoch, cursor: page.through, more: page.more, to: &$0)
                    })
            }
            mailCame()
            // What it waited for the store, it need not wait again.
            if ends <= lane.loop.now { timeIsOver() }
        }
    }

    // MARK: The answer

    private func timeIsOver() {
        // While the store is asked, its answer comes first.
        guard !isOver, !isReading else { return }
        // What was delivered up to here stands in the loop's queue, if it has not been taken: behind that the position is true.
        let delivered = lane.kernel.deliveredThrough
        lane.loop.post { [self] in
            guard !isOver else { return }
            if let delivered, !isReading { position = max(position, delivered) }
            answerEmpty()
        }
    }

    /// Nothing has happened, or nobody is to wait any longer: still there is a cursor.
    private func answerEmpty() {
        let cursor = Cursor(epoch: lane.epoch, pos: position)
        finish(Self.response { EventAnswer.append([], cursor: cursor, more: false, to: &$0) })
    }

    private static func response(_ write: (inout [UInt8]) -> Void) -> HTTPResponse {
        var body: [UInt8] = []
        write(&body)
        return HTTPResponse(status: 200, fields: fields, body: body)
    }

    private static let fields = [
        HTTPField(name: "Content-Type", value: "application/json"),
        HTTPField(name: "Cache-Control", value: "no-store"),
    ]

    private func finish(_ response: HTTPResponse) {
        guard !isOver else { return }
        end()
        exchange.respond(response)
    }

    private func end() {
        isOver = true
        lane.mail.remove(self, at: place)
        lane.kernel.metrics.pollEnded()
    }
}
