import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWire

/// The polls and streams of one loop.
///
/// Confinement, on which `@unchecked Sendable` stands: `deliver` and `signal` may be called from any thread and only
/// post; everything else is touched on the loop alone.
final class EventLane: Outlet, @unchecked Sendable {
    let kernel: Kernel
    let loop: EventLoop
    let settings: LongPollingSettings
    let errands: Errands
    let epoch: Epoch
    let mail: MailDesk
    /// The loop has been handed everything up to here.
    private var through: Pos = 0
    private var question: RepeatedQuestion?
    private var jitter = Jitter()
    /// In nanoseconds: a minute, after which the authenticator is asked again in any case.
    private static let longestBelief: Int64 = 60_000_000_000
    /// The last answer that others may be given too.
    var answer: SharedAnswer?

    /// What all of a room but the first are given, who wait for news of all their conversations.
    func sharedAnswer(at place: Int, after pos: Pos, limit: Int) -> SharedResponse? {
        guard let answer, answer.answers(at: place, of: mail, after: pos, limit: limit) else { return nil }
        return answer.response
    }

    init(kernel: Kernel, loop: EventLoop, settings: LongPollingSettings, errands: Errands, epoch: Epoch) {
        self.kernel = kernel
        self.loop = loop
        self.settings = settings
        self.errands = errands
        self.epoch = epoch
        mail = MailDesk(kernel: kernel, loop: loop, errands: errands, attends: true)
    }

    // MARK: From any thread

    func deliver(_ batch: Batch) {
        // Encoded here, on the committer's thread, while the loop is still busy with the sockets.
        for mail in batch.mail { _ = EventForm.list.bytes(of: mail.parcel, epoch: epoch) }
        let isTaken = loop.post { [self] in take(batch) }
        if !isTaken { batch.finished() }
    }

    /// Nobody here follows a conversation, so none come.
    func signal(_ signal: Signal) {}

    // MARK: On the loop

    /// Takes a poll at once, when it is plain who asks for what: so it is with nearly all, who come back with the cursor of a
    /// moment ago. False for the others, who are asked about with time, and refused then if need be.
    func takes(_ request: HTTPRequest, _ exchange: Exchange) -> Bool {
        guard let question = question(of: request.head.line), let token = request.bearerToken,
            let (identity, until) = kernel.recognize(token)
        else { return false }
        let believed = min(max(0, until &- kernel.time.monotonic()), Self.longestBelief)
        let poller = Poller(
            identity, until: loop.now + believed,
            endsAt: loop.now + identity.timeLeft(at: kernel.time.wall()), in: self)
        exchange.keepsake = poller
        poller.ask(question, exchange)
        return true
    }

    /// What is asked; nil when the store has not come so far, as far as is known here, or it is not one of the usual questions.
    func question(of line: RequestLine) -> RepeatedQuestion? {
        guard let question = meaning(of: line), isPast(question.position) else { return nil }
        return question
    }

    private func meaning(of line: RequestLine) -> RepeatedQuestion? {
        if let question, question.line === line || question.line == line { return question }
        guard let asked = RepeatedQuestion(line, epoch: epoch, settings) else { return nil }
        question = asked
        return asked
    }

    private func isPast(_ position: Pos) -> Bool {
        if position <= through { return true }
        guard let delivered = kernel.deliveredThrough else { return false }
        return position <= delivered
    }

    /// How long somebody waits who may wait so long.
    func patience(within wait: Int64) -> Int64 { jitter.shortened(wait) }

    private func take(_ batch: Batch) {
        through = max(through, batch.through)
        mail.take(batch)
        loop.afterNextPoll { batch.finished() }
    }

    static func refusal(_ error: ChatError) -> HTTPResponse {
        var body: [UInt8] = []
        RESTShapes.append(error, to: &body)
        return HTTPResponse(
            status: error.code.status,
            fields: error.answerFields + [HTTPField(name: "Cache-Control", value: "no-store")], body: body)
    }
}
