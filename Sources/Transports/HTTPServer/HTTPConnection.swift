import ChatHTTP1
import ChatNet

/// One HTTP/1.1 connection: requests in their order, one at a time. Lives on its stream's loop, and that is what
/// `@unchecked Sendable` stands on: other threads only carry references to it.
///
///     reading --whole request--> handling --answer--> reading ...
///        |                           |                  +--> congested (the peer does not read) --> reading
///        +--violation, deadline------+--> closing       +--> closing
///                                    +--> upgraded: the stream has another handler
final class HTTPConnection: StreamHandler, @unchecked Sendable {
    private enum State {
        case reading
        case handling
        case congested
        case closing
        case gone
    }

    /// Answers to pipelined requests are gathered up to here before they are sent.
    private static let gatherBytes = 256 << 10

    private let server: HTTPServer
    private var machine: RequestMachine
    private var state = State.reading
    private var isDraining: Bool
    /// The connection ends with the answer under way, whatever the peer wishes.
    private var isLast: Bool

    // The request being read or handled.
    private var head: RequestHead?
    private var match = Router.Match.notFound
    /// Where `match` was found.
    private var place: (method: String, path: String) = ("", "")
    /// What a handler made of the fields, for as long as the peer sends the same. See `Exchange.keepsake`.
    var keepsake: AnyObject?
    private var body: [UInt8] = []
    private var began: Int64 = 0
    private var headDeadline: Int64?
    /// Counts requests, so that a late answer is not taken for the answer to another one.
    private var turn: UInt64 = 0
    /// Who waits for a reason not to wait; here while the request is being handled, until it has been told.
    private var waiter: (any ExchangeWaiter)?
    /// A request is being handed to its handler: what is answered meanwhile goes out with the rest of the read.
    private var isDispatching = false

    // Answers not handed to the stream yet.
    private var answers: [[UInt8]] = []
    private var answerBytes = 0

    init(_ server: HTTPServer, on stream: ByteStream, draining: Bool) {
        self.server = server
        machine = RequestMachine(limits: server.limits.request)
        isDraining = draining
        isLast = draining
        // What is read while a request is being handled is kept, so it shall not be much.
        stream.readLimit = 64 << 10
        stream.deadline = stream.loop.now + (draining ? 0 : server.limits.headTimeout.nanoseconds)
    }

    // MARK: Reading

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
        let consumed = state == .reading ? read(bytes.bytes, stream) : 0
        flush(stream)
        if bytes.byteCount - consumed > server.limits.readAheadBytes, state == .handling || state == .congested {
            stream.pauseReading()
        }
        return consumed
    }

    private func read(_ bytes: RawSpan, _ stream: ByteStream) -> Int {
        var consumed = 0
        var served = 0
        while state == .reading {
            let (used, step) = machine.next(bytes.extracting(consumed..<bytes.byteCount))
            switch step {
            case .needBytes:
                consumed += used
                waitForMore(stream)
                return consumed
            case .head(let head):
                begin(head, stream, contentFollows: consumed + used < bytes.byteCount)
            case .body(let range):
                let piece = bytes.extracting((consumed + range.lowerBound)..<(consumed + range.upperBound))
                unsafe piece.withUnsafeBytes { unsafe body.append(contentsOf: $0) }
            case .end:
                dispatch(stream)
                served += 1
                if served >= server.limits.requestsPerTurn, state == .reading, consumed + used < bytes.byteCount {
                    // The others first; what is left is offered again.
                    stream.resumeReading()
                    return consumed + used
                }
                if answerBytes > Self.gatherBytes { flush(stream) }
            case .violation(let violation):
                refuse(violation, stream)
            }
            consumed += used
        }
        return consumed
    }

    private func begin(_ head: RequestHead, _ stream: ByteStream, contentFollows: Bool) {
        began = stream.loop.now
        headDeadline = nil
        if head.path != place.path || head.method != place.method {
            match = server.router.match(method: head.method, path: head.path)
            place = (head.method, head.path)
        }
        if !head.isRepeated, keepsake != nil { keepsake = nil }
        self.head = head
        guard head.expectsContinue else { return }
        switch match {
        case .found:
            // RFC 9110 section 10.1.1: not needed when content has come already.
            if !contentFollows { queue(ResponseWriter.interim100) }
        case .notFound, .wrongMethod, .options:
            // The final answer instead. The content will not be read, so the connection ends with it.
            isLast = true
            dispatch(stream)
        }
    }

    /// Arms the deadline for what the peer is to send next.
    private func waitForMore(_ stream: ByteStream) {
        let now = stream.loop.now
        if stream.isInputOver { return close(stream) }
        switch machine.phase {
        case .idle:
            if isDraining { return closeIdle(stream) }
            if turn > 0 { stream.deadline = now + server.limits.idleTimeout.nanoseconds }
        case .head:
            if headDeadline == nil { headDeadline = now + server.limits.headTimeout.nanoseconds }
            stream.deadline = headDeadline
        case .body:
            stream.deadline = min(
                now + server.limits.progressTimeout.nanoseconds, began + server.limits.bodyTimeout.nanoseconds)
        }
    }

    // MARK: Handling

    private func dispatch(_ stream: ByteStream) {
        guard let head else { return }
        turn += 1
        switch match {
        case .notFound:
            answer(server.errorBody(404, nil, "there is nothing here"), stream)
        case .wrongMethod(let allow):
            var response = server.errorBody(405, nil, "not with this method")
            response.fields.append(HTTPField(name: "Allow", value: allow.joined(separator: ", ")))
            answer(response, stream)
        case .options(let allow):
            answer(
                HTTPResponse(
                    status: 204, fields: [HTTPField(name: "Allow", value: allow.joined(separator: ", "))]), stream)
        case .found(let handler, let parameters):
            let request = HTTPRequest(
                head: head, body: body, parameters: parameters, peerAddress: stream.peerAddress)
            body = []
            handle(request, handler, stream)
        }
    }

    private func handle(_ request: HTTPRequest, _ handler: Route.Handler, _ stream: ByteStream) {
        switch handler {
        case .immediate(let respond):
            answer(respond(request), stream)
        case .respond(let respond):
            let exchange = park(stream)
            server.enqueue { exchange.respond(await respond(request)) }
        case .exchange(let accept):
            isDispatching = true
            state = .handling
            accept(request, Exchange(self, turn: turn, on: stream))
            isDispatching = false
            if state == .handling, waiter == nil { stream.deadline = nil }
        case .upgrade where server.origins?.judge(request.head) == .refuse:
            // Before anything is asked of anybody: unlike an answer, what is said there the browser does not hold back.
            answer(server.errorBody(403, "forbidden", "pages of this origin may not connect here"), stream)
        case .upgrade(let decide):
            let exchange = park(stream)
            let loop = stream.loop
            server.enqueue {
                switch await decide(request, loop) {
                case .refuse(let response):
                    exchange.respond(response)
                case .accept(let name, let fields, let attach):
                    _ = exchange.give(.upgrade(to: name, fields: fields, attach: attach))
                }
            }
        }
    }

    /// The request waits for its answer; there is no deadline for us, only for peers.
    private func park(_ stream: ByteStream) -> Exchange {
        state = .handling
        stream.deadline = nil
        return Exchange(self, turn: turn, on: stream)
    }

    /// See `Exchange.wait`.
    func wait(_ turn: UInt64, until deadline: Int64, _ waiter: any ExchangeWaiter, _ stream: ByteStream) {
        guard turn == self.turn, state == .handling else {
            // Answered already, or nobody is there.
            if state == .gone { waiter.waitEnded(.peerLeft) }
            return
        }
        if stream.isInputOver { return waiter.waitEnded(.peerLeft) }
        if isDraining { return waiter.waitEnded(.draining) }
        self.waiter = waiter
        stream.deadline = deadline
    }

    private func endWait(_ reason: WaitEnd) { waiter.take()?.waitEnded(reason) }

    /// See `Exchange.respond`.
    func finish(_ turn: UInt64, _ result: Exchange.Answer, _ stream: ByteStream) {
        guard state == .handling, turn == self.turn else { return }
        waiter = nil
        switch result {
        case .response(let response): answer(response, stream)
        case .shared(let response):
            answer(
                response.response.status, server.serialize(response, to: head, keepAlive: !isLast, on: stream), stream)
        case .upgrade(let name, let fields, let attach):
            if upgrade(to: name, fields, attach, stream) { return }
        case .stream(let response, let attach):
            if self.stream(response, attach, stream) { return }
        case .none where isDraining: answer(stopping, stream)
        case .none: answer(server.errorBody(500, "internal", "nobody answered"), stream)
        }
        guard !isDispatching else { return }
        flush(stream)
        if state == .reading { proceed(stream) }
    }

    private var stopping: HTTPResponse {
        var response = server.errorBody(503, "draining", "the server is stopping")
        response.fields.append(HTTPField(name: "Retry-After", value: "1"))
        return response
    }

    private func upgrade(
        to name: String, _ fields: [HTTPField],
        _ attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler, _ stream: ByteStream
    ) -> Bool {
        guard let head, head.isUpgrade(to: name) else {
            var response = server.errorBody(426, nil, "this place speaks \(name)")
            response.fields.append(HTTPField(name: "Upgrade", value: name))
            answer(response, stream)
            return false
        }
        guard !isDraining else {
            answer(stopping, stream)
            return false
        }
        guard let bytes = ResponseWriter.switchingProtocols(to: name, fields: fields) else {
            answer(server.errorBody(500, "internal", "the answer could not be written"), stream)
            return false
        }
        // A peer that has ended its sending side has nothing to say in any protocol.
        guard !stream.isInputOver else {
            state = .gone
            stream.end(.peerClosed)
            return true
        }
        server.counters.countUpgrade()
        handOver(stream, saying: bytes, status: 101, attach)
        return true
    }

    /// The answer goes on for as long as the connection.
    private func stream(
        _ response: HTTPResponse, _ attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler,
        _ stream: ByteStream
    ) -> Bool {
        guard !isDraining else {
            answer(stopping, stream)
            return false
        }
        guard head?.method != "HEAD" else {
            answer(response, stream)
            return false
        }
        server.counters.countAnswer(response.status)
        let bytes = server.serialize(response, to: head, keepAlive: false, isStreamed: true, on: stream)
        handOver(stream, saying: bytes, status: response.status, attach)
        return true
    }

    /// The stream has another handler from here on.
    private func handOver(
        _ stream: ByteStream, saying bytes: [UInt8], status: Int,
        _ attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler
    ) {
        state = .gone
        if let head {
            server.log(
                .answered(
                    method: head.method, path: head.path, status: status, nanoseconds: stream.loop.now - began,
                    peer: stream.peerAddress))
        }
        head = nil
        stream.send(bytes)
        stream.deadline = nil
        stream.readLimit = Int32(ByteStream.maximumRead)
        stream.handler = attach(stream, stream.loop)
        stream.resumeReading()
    }

    // MARK: Answering

    private func answer(_ response: HTTPResponse, _ stream: ByteStream) {
        answer(response.status, server.serialize(response, to: head, keepAlive: !isLast, on: stream), stream)
    }

    private func answer(_ status: Int, _ bytes: [UInt8], _ stream: ByteStream) {
        state = ResponseWriter.stays(open: !isLast, after: head) ? .reading : .closing
        server.counters.countAnswer(status)
        if let head {
            server.log(
                .answered(
                    method: head.method, path: head.path, status: status,
                    nanoseconds: stream.loop.now - began, peer: stream.peerAddress))
        }
        head = nil
        body = []
        queue(bytes)
    }

    /// Tells the peer what it did wrong. Where its next request begins nobody knows, so there is none.
    private func refuse(_ violation: PeerViolation, _ stream: ByteStream) {
        server.log(.violation(status: violation.status, detail: violation.detail, peer: stream.peerAddress))
        let response = server.errorBody(violation.status, nil, violation.detail)
        queue(server.serialize(response, to: head, keepAlive: false, on: stream))
        server.counters.countAnswer(violation.status)
        head = nil
        body = []
        state = .closing
    }

    private func queue(_ bytes: [UInt8]) {
        answers.append(bytes)
        answerBytes += bytes.count
    }

    private func flush(_ stream: ByteStream) {
        sendAnswers(stream)
        if state == .closing {
            close(stream)
        } else if state == .reading, stream.queuedBytes > ByteStream.lowWater {
            state = .congested
            stream.deadline = stream.loop.now + server.limits.progressTimeout.nanoseconds
        }
    }

    private func sendAnswers(_ stream: ByteStream) {
        guard let only = answers.first else { return }
        if answers.count == 1 { stream.send(only) } else { stream.sendGather(answers) }
        // Room for one is kept: mostly there is one.
        answers.removeAll(keepingCapacity: answers.count == 1)
        answerBytes = 0
    }

    /// The next request, of which something may have come already.
    private func proceed(_ stream: ByteStream) {
        // Reading rests only while something has been left.
        if stream.unconsumedBytes == 0 { waitForMore(stream) } else { stream.resumeReading() }
    }

    private func close(_ stream: ByteStream) {
        sendAnswers(stream)
        state = .closing
        let patience = stream.queuedBytes > 0 ? server.limits.progressTimeout : server.limits.lingerTimeout
        stream.closeAfterFlush(deadline: stream.loop.now + patience.nanoseconds)
    }

    /// Nothing is under way in either direction, so nothing can be lost and nobody need be waited for.
    private func closeIdle(_ stream: ByteStream) {
        if stream.queuedBytes == 0, answers.isEmpty { stream.close() } else { close(stream) }
    }

    // MARK: What else happens to a stream

    func inputEnded(_ stream: ByteStream) {
        switch state {
        case .reading:
            // Whole requests may wait for their turn yet; when all are answered, `waitForMore` closes.
            if stream.unconsumedBytes == 0 { close(stream) } else { stream.resumeReading() }
        case .handling: endWait(.peerLeft)
        case .congested, .closing, .gone: break
        }
    }

    func drained(_ stream: ByteStream) {
        guard state == .congested else { return }
        state = .reading
        proceed(stream)
    }

    func deadlineReached(_ stream: ByteStream, now: Int64) {
        if state == .handling { return endWait(.timeOut) }
        if let stalled = stream.stalledSince {
            let due = stalled + server.limits.progressTimeout.nanoseconds
            if due <= now { stream.close() } else { stream.deadline = due }
            return
        }
        guard state == .reading else { return }
        switch machine.phase {
        case .idle: closeIdle(stream)
        case .head: refuse(PeerViolation(status: 408, detail: "the head took too long"), stream)
        case .body: refuse(PeerViolation(status: 408, detail: "the content took too long"), stream)
        }
        flush(stream)
    }

    func drain(_ stream: ByteStream, deadline: Int64) {
        isDraining = true
        isLast = true
        endWait(.draining)
        if state == .reading, machine.isBetweenRequests, stream.unconsumedBytes == 0 { closeIdle(stream) }
    }

    func ended(_ stream: ByteStream, reason: EndReason) {
        state = .gone
        endWait(.peerLeft)
    }
}
