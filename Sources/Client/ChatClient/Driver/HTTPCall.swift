import ChatHTTP1
import ChatNet

/// One request and its answer, on a connection of their own. Lives on its loop.
final class HTTPCall: Dialler {
    private var machine: ResponseMachine
    private var head: ResponseHead?
    private var body: [UInt8] = []
    private let patience: Int64
    /// When it has taken too long, whatever comes.
    private var end: Int64?
    private var completion: ((Result<HTTPAnswer, ClientFailure>) -> Void)?

    /// - Parameters:
    ///   - patience: for silence within the answer, in nanoseconds. Until it begins the deadline of the stream counts.
    ///   - completion: called once, on the loop, unless the call is cancelled before.
    init(patience: Int64, _ completion: @escaping (Result<HTTPAnswer, ClientFailure>) -> Void) {
        self.patience = patience
        var limits = HTTPLimits()
        limits.bodyBytes = Self.bodyLimit
        machine = ResponseMachine(limits: limits)
        self.completion = completion
    }

    /// The longest answer that is taken, in bytes. A snapshot is a megabyte or two from this server, some ten with every character escaped;
    /// another's may be of all that the client asks for, and of the longest messages.
    private static let bodyLimit = 128 << 20

    /// So many times its patience an answer may take that does come, from its head on.
    private static let longest: Int64 = 40

    private func finish(_ result: Result<HTTPAnswer, ClientFailure>) {
        let completion = completion
        self.completion = nil
        completion?(result)
    }

    func unreachable(_ failure: ClientFailure) { finish(.failure(failure)) }

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
        var at = 0
        while stream.isOpen {
            let rest = bytes.bytes.extracting(at..<bytes.byteCount)
            let (consumed, step) = machine.next(rest)
            take(step, rest, on: stream)
            at += consumed
            if case .needBytes = step { break }
        }
        if head != nil, stream.isOpen { progressed(on: stream) }
        return at
    }

    /// A slow link is no dead one: asked again it would be as slow.
    private func progressed(on stream: ByteStream) {
        let now = stream.loop.now
        let end = end ?? now &+ patience &* Self.longest
        self.end = end
        stream.deadline = min(now &+ patience, end)
    }

    private func take(_ step: ResponseMachine.Step, _ bytes: RawSpan, on stream: ByteStream) {
        switch step {
        case .needBytes: break
        case .head(let head): self.head = head
        case .body(let range): unsafe bytes.extracting(range).withUnsafeBytes { unsafe body.append(contentsOf: $0) }
        case .end:
            stream.close()
            if let head { finish(.success(HTTPAnswer(head: head, body: body))) }
        case .violation(let violation):
            stream.close()
            finish(.failure(.invalidAnswer(violation.detail)))
        }
    }

    func inputEnded(_ stream: ByteStream) {
        let isCut = stream.isInputTruncated
        switch machine.inputEnded() {
        case .end where !isCut: take(.end, RawSpan(), on: stream)
        default: stream.close()
        }
    }

    func deadlineReached(_ stream: ByteStream, now: Int64) {
        stream.close()
        finish(.failure(.unreachable("no answer came")))
    }

    func ended(_ stream: ByteStream, reason: EndReason) {
        finish(.failure(.unreachable("the connection was cut")))
    }
}
