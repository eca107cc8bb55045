import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWire

/// Who polls on a connection, for as long as that is believed without looking at the token again, and the request that waits for
/// something to happen. Lives on its loop, which `@unchecked Sendable` stands on, and costs neither a thread nor a task.
///
/// An object for all of a connection's requests: nearly all that come are the one after the last.
final class Poller: MailReader, ExchangeWaiter, @unchecked Sendable {
    private let user: UserReference
    /// In the loop's monotonic nanoseconds, as what follows.
    private let believedUntil: Int64
    /// When the token ends.
    private let endsAt: Int64
    private let lane: EventLane

    /// The request that waits; nil when it has been answered.
    private var exchange: Exchange?
    private var conversations: Set<ConversationID>?
    private var limit = 0
    private var position: Pos = 0
    /// When it is answered with nothing.
    private var ends: Int64 = 0
    private var isReading = false
    /// Where the user's box is, or was last.
    private var place: Int?

    /// - Parameter until: now, for one that is not to be believed again.
    init(_ identity: Identity, until: Int64, endsAt: Int64, in lane: EventLane) {
        user = identity.user
        believedUntil = until
        self.endsAt = endsAt
        self.lane = lane
    }

    /// Takes the next request of its connection, if it is one that ``EventLane/takes(_:_:)`` takes.
    func takes(_ line: RequestLine, _ exchange: Exchange) -> Bool {
        guard self.exchange == nil, !isReading, lane.loop.now < believedUntil, let question = lane.question(of: line)
        else { return false }
        ask(question, exchange)
        return true
    }

    func ask(_ question: RepeatedQuestion, _ exchange: Exchange) {
        ask(after: question.position, among: nil, limit: question.limit, wait: question.wait, exchange)
    }

    /// Answers now, or waits.
    /// - Parameter wait: for how long, in nanoseconds.
    /// - Precondition: nothing is being waited for.
    func ask(
        after position: Pos, among conversations: Set<ConversationID>?, limit: Int, wait: Int64, _ exchange: Exchange
    ) {
        let place: Int
        do throws(ChatError) {
            place = try lane.mail.add(self, of: user, through: lane, at: self.place)
        } catch {
            exchange.respond(EventLane.refusal(error))
            return
        }
        self.place = place
        self.exchange = exchange
        self.conversations = conversations
        self.position = position
        self.limit = limit
        ends = min(lane.loop.now + lane.patience(within: wait), endsAt)
        lane.kernel.metrics.pollBegan()
        // Nearly all who come back have all there is.
        if !lane.mail.isRead(at: place, through: position) {
            mailCame()
            guard self.exchange != nil else { return }
        }
        if ends > lane.loop.now { exchange.wait(until: ends, self) } else { timeIsOver() }
    }

    func mailCame() {
        guard let place, exchange != nil, !isReading else { return }
        if conversations == nil, let response = lane.sharedAnswer(at: place, after: position, limit: limit) {
            take()?.respond(response)
            return
        }
        guard let items = lane.mail.items(at: place, after: position) else { return read() }
        guard !items.isEmpty else { return }
        if let answer = lane.answer,
            answer.answers(items, to: user.id, after: position, among: conversations, limit: limit)
        {
            take()?.respond(answer.response)
            return
        }
        let run = MailRun(items, for: user.id, after: position, among: conversations, limit: limit) {
            EventForm.list.bytes(of: $0, epoch: lane.epoch)
        }
        let isWhole =
            !run.hasMore && items.allSatisfy { $0.isWhole(for: user.id, after: position, among: conversations) }
        position = run.through
        guard run.count > 0 else { return }
        let cursor = Cursor(epoch: lane.epoch, pos: run.through)
        let response = Self.response { EventAnswer.append(run.pieces, cursor: cursor, more: run.hasMore, to: &$0) }
        guard isWhole else { return give(response) }
        let shared = SharedResponse(response)
        lane.answer = SharedAnswer(items, shared)
        take()?.respond(shared)
    }

    /// As every request of the user's from now on.
    func dismiss() { give(EventLane.refusal(ChatError(.tokenInvalid, "This account is disabled."))) }

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
            lane, lane.kernel, user.id, position, conversations, limit
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
        guard exchange != nil else { return }
        switch result {
        case .failure(let error): give(EventLane.refusal(error))
        case .success(let page):
            position = page.through
            guard page.events.isEmpty else {
                return give(
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
        guard let exchange, !isReading else { return }
        // What was delivered up to here stands in the loop's queue, if it has not been taken: behind that the position is true.
        let delivered = lane.kernel.deliveredThrough
        lane.loop.post { [self] in
            guard self.exchange === exchange else { return }
            if let delivered, !isReading { position = max(position, delivered) }
            answerEmpty()
        }
    }

    /// Nothing has happened, or nobody is to wait any longer: still there is a cursor.
    private func answerEmpty() {
        let cursor = Cursor(epoch: lane.epoch, pos: position)
        give(Self.response { EventAnswer.append([], cursor: cursor, more: false, to: &$0) })
    }

    static func response(_ write: (inout [UInt8]) -> Void) -> HTTPResponse {
        var body: [UInt8] = []
        write(&body)
        return HTTPResponse(status: 200, fields: fields, body: body)
    }

    private static let fields = [
        HTTPField(name: "Content-Type", value: "application/json"),
        HTTPField(name: "Cache-Control", value: "no-store"),
    ]

    private func give(_ response: HTTPResponse) { take()?.respond(response) }

    /// The request, which waits no more.
    private func take() -> Exchange? {
        guard let exchange = exchange.take(), let place else { return nil }
        lane.mail.remove(self, at: place)
        lane.kernel.metrics.pollEnded()
        return exchange
    }
}
