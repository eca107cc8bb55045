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
    enum State {
        case reading
        case handling
        case congested
        case closing
        case gone
    }

    let server: HTTPServer
    var state = State.reading
    private(set) var isDraining: Bool
    /// The connection ends with the answer under way, whatever the peer wishes.
    private(set) var isLast: Bool
    let request = CurrentRequest()
    /// Counts requests, so that a late answer is not taken for the answer to another one.
    var turn: UInt64 = 0
    /// Who waits for a reason not to wait; here while the request is being handled, until it has been told.
    var waiter: (any ExchangeWaiter)?
    /// What the last answer holds until the peer has taken it.
    var held: (any AnyObject & Sendable)?
    /// A request is being handed to its handler: what is answered meanwhile goes out with the rest of the read.
    var isDispatching = false

    private var machine: RequestMachine
    private var headDeadline: Int64?
    private var answers = AnswerQueue()
    private let clock: DateClock

    init(_ server: HTTPServer, on stream: ByteStream, draining: Bool) {
        self.server = server
        machine = RequestMachine(limits: server.limits.request, lastLine: server.lastLine(on: stream.loop))
        clock = server.clock(on: stream.loop)
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
                request.append(piece)
            case .end:
                dispatch(stream)
                served += 1
                if served >= server.limits.requestsPerTurn, state == .reading, consumed + used < bytes.byteCount {
                    // The others first; what is left is offered again.
                    stream.resumeReading()
                    return consumed + used
                }
                if answers.isFull { flush(stream) }
            case .violation(let violation):
                refuse(violation, stream)
            }
            consumed += used
        }
        return consumed
    }

    private func begin(_ head: RequestHead, _ stream: ByteStream, contentFollows: Bool) {
        headDeadline = nil
        request.begin(head, now: stream.loop.now, at: server)
        guard head.expectsContinue else { return }
        switch request.match {
        case .found:
            // RFC 9110 section 10.1.1: not needed when content has come already.
            if !contentFollows { answers.append(ResponseWriter.interim100) }
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
            if turn > 0 { stream.deadline = now + server.idleTime }
        case .head:
            if headDeadline == nil { headDeadline = now + server.limits.headTimeout.nanoseconds }
            stream.deadline = headDeadline
        case .body:
            stream.deadline = min(
                now + server.limits.progressTimeout.nanoseconds,
                request.began + server.limits.bodyTimeout.nanoseconds)
        }
    }

    // MARK: Answering

    func answer(_ response: HTTPResponse, _ stream: ByteStream) {
        let bytes = server.serialize(response, to: request.head, keepAlive: !isLast, on: stream)
        isAnswered(response.status, stream)
        answers.append(bytes)
    }

    /// The same with an answer that others get too.
    func answer(_ response: SharedResponse, _ stream: ByteStream) {
        let bytes = bytes(of: response, stream)
        isAnswered(response.status, stream)
        // Mostly there is nothing that it could go out with.
        if isDispatching || !answers.isEmpty { answers.append(bytes) } else { stream.send(bytes) }
    }

    /// One array for all whose requests leave nothing to choose.
    private func bytes(of response: SharedResponse, _ stream: ByteStream) -> [UInt8] {
        let isPlain = !isLast && !(server.origins != nil && request.isFromPage) && request.isPlain
        let second = clock.second(now: stream.loop.now)
        if isPlain, let bytes = response.bytes(at: second, isSecure: stream.isSecure) { return bytes }
        let bytes = server.serialize(response.response, to: request.head, keepAlive: !isLast, on: stream)
        if isPlain { response.keep(bytes, madeAt: second, isSecure: stream.isSecure) }
        return bytes
    }

    private func isAnswered(_ status: Int, _ stream: ByteStream) {
        state = request.keepsAlive && !isLast ? .reading : .closing
        server.counters.countAnswer(status)
        tellAnswered(status, stream)
        request.end()
    }

    func tellAnswered(_ status: Int, _ stream: ByteStream) {
        guard server.tellsAnswers, let head = request.head else { return }
        server.log(
            .answered(
                method: head.method, path: head.path, status: status, nanoseconds: stream.loop.now - request.began,
                peer: stream.peerAddress))
    }

    /// Tells the peer what it did wrong. Where its next request begins nobody knows, so there is none.
    private func refuse(_ violation: PeerViolation, _ stream: ByteStream) {
        server.log(.violation(status: violation.status, detail: violation.detail, peer: stream.peerAddress))
        let response = server.errorBody(violation.status, nil, violation.detail)
        answers.append(server.serialize(response, to: request.head, keepAlive: false, on: stream))
        server.counters.countAnswer(violation.status)
        request.end()
        state = .closing
    }

    private func send(_ stream: ByteStream) {
        guard let waiting = answers.take() else { return }
        if waiting.count == 1 { stream.send(waiting[0]) } else { stream.sendGather(waiting) }
    }

    func flush(_ stream: ByteStream) {
        send(stream)
        if held != nil, stream.queuedBytes <= ByteStream.lowWater { held = nil }
        if state == .closing {
            close(stream)
        } else if state == .reading, stream.queuedBytes > ByteStream.lowWater {
            state = .congested
            stream.deadline = stream.loop.now + server.limits.progressTimeout.nanoseconds
        }
    }

    /// The next request, of which something may have come already.
    func proceed(_ stream: ByteStream) {
        // Reading rests only while something has been left.
        if stream.unconsumedBytes == 0 { waitForMore(stream) } else { stream.resumeReading() }
    }

    private func close(_ stream: ByteStream) {
        send(stream)
        state = .closing
        let now = stream.loop.now
        let (progress, linger) = (server.limits.progressTimeout.nanoseconds, server.limits.lingerTimeout.nanoseconds)
        // As for an answer that is not the last: it may take as long as it likes, if it takes some of it now and then.
        stream.closeAfterFlush(deadline: now + (stream.queuedBytes > 0 ? progress : linger), stallLimit: progress)
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
        held = nil
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
        held = nil
        endWait(.peerLeft)
    }
}
