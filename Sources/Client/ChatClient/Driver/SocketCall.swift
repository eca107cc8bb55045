import ChatHTTP1
import ChatNet
import ChatWebSocketProtocol

/// One WebSocket, from the upgrade to its end. Lives on its loop.
final class SocketCall: Dialler {
    /// What the owner is told, on the loop; `notUpgraded`, `unreachable` and `closed` are the last of it.
    enum News {
        case opened
        /// A whole text.
        case text([UInt8])
        case notUpgraded(HTTPAnswer)
        case unreachable(ClientFailure)
        case closed(code: UInt16?)
    }

    private enum Phase {
        case answer
        /// The server is to speak first, by the deadline.
        case greeting
        case open
        case over
    }

    private let handshake: ClientHandshake
    private let patience: Liveness.Patience
    private var liveness: Liveness
    private var phase = Phase.answer
    private var answer = ResponseMachine()
    private var head: ResponseHead?
    private var body: [UInt8] = []
    private var machine: WebSocketMachine
    private var stream: ByteStream?
    private var isPaused = false
    private var tell: ((News) -> Void)?

    /// - Parameters:
    ///   - patience: for silence.
    ///   - now: the loop's time.
    init(_ handshake: ClientHandshake, patience: Liveness.Patience, now: Int64, tell: @escaping (News) -> Void) {
        self.handshake = handshake
        self.patience = patience
        self.tell = tell
        liveness = Liveness(patience: patience, now: now)
        machine = WebSocketMachine(
            as: .client, limits: WebSocketLimits(frameBytes: Self.frameLimit, messageBytes: Self.frameLimit))
    }

    /// The longest frame that is taken, in bytes: the presence of ten thousand users is half a megabyte.
    private static let frameLimit = 8 << 20

    // MARK: What the owner does

    /// Whether there is a connection that says goodbye by itself.
    var isOpen: Bool { phase == .greeting || phase == .open }

    func send(_ text: [UInt8]) {
        guard phase == .open || phase == .greeting, !liveness.isClosing else { return }
        stream?.send(MaskedFrameWriter.frame(.text, text, mask: Self.mask()))
    }

    /// Says goodbye and is gone; the owner hears no more.
    func close() {
        tell = nil
        guard let stream, stream.isOpen, phase != .answer, liveness.beginClosing(now: stream.loop.now) else {
            stream?.close()
            return
        }
        stream.send(MaskedFrameWriter.close(.normal, mask: Self.mask()))
        stream.closeAfterFlush(deadline: stream.loop.now &+ patience.forClose)
    }

    /// Reads no more for a while. What is under way waits at the server, and the server waits with it.
    func pause() {
        isPaused = true
        stream?.pauseReading()
        if phase == .open { stream?.deadline = nil }
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        guard let stream else { return }
        liveness.bytesArrived(now: stream.loop.now)
        if phase == .open { stream.deadline = liveness.deadline }
        stream.resumeReading()
    }

    private static func mask() -> UInt32 { UInt32.random(in: .min ... .max) }

    private func over(_ news: News) {
        phase = .over
        let tell = tell
        self.tell = nil
        tell?(news)
    }

    // MARK: From the stream

    func unreachable(_ failure: ClientFailure) { over(.unreachable(failure)) }

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
        if self.stream == nil {
            self.stream = stream
            if isPaused { stream.pauseReading() }
        }
        var at = 0
        if phase == .answer { at = readAnswer(bytes.bytes, on: stream) }
        guard phase == .greeting || phase == .open else { return at }
        liveness.bytesArrived(now: stream.loop.now)
        readFrames(&bytes, from: &at, on: stream)
        return at
    }

    private func readAnswer(_ bytes: RawSpan, on stream: ByteStream) -> Int {
        var at = 0
        while true {
            let rest = bytes.extracting(at..<bytes.byteCount)
            let (consumed, step) = answer.next(rest)
            switch step {
            case .needBytes: return at + consumed
            case .head(let head): self.head = head
            case .body(let range):
                unsafe rest.extracting(range).withUnsafeBytes { unsafe body.append(contentsOf: $0) }
            case .end:
                judge(on: stream)
                return at + consumed
            case .violation:
                stream.close()
                over(.closed(code: nil))
                return bytes.byteCount
            }
            at += consumed
        }
    }

    private func judge(on stream: ByteStream) {
        guard let head, head.status == 101 else {
            stream.close()
            return over(head.map { .notUpgraded(HTTPAnswer(head: $0, body: body)) } ?? .closed(code: nil))
        }
        let accept = Handshake.acceptValue(digest: Digest.sha1(Handshake.acceptInput(key: handshake.key)))
        guard handshake.fault(accept: accept, values: { head.all($0) }) == nil else {
            stream.close()
            return over(.closed(code: nil))
        }
        // The deadline of the answer goes on, for the server's first words.
        phase = .greeting
        tell?(.opened)
    }

    private func readFrames(_ bytes: inout MutableRawSpan, from at: inout Int, on stream: ByteStream) {
        while stream.isOpen, !isPaused {
            switch machine.next(in: &bytes, from: &at) {
            case .needBytes: return
            case .text(let range): text(unsafe bytes.bytes.extracting(range).withUnsafeBytes { unsafe [UInt8]($0) })
            case .assembled(let isText):
                let message = machine.takeMessage()
                if isText { text(message) }
            case .binary, .pong: break
            case .ping(let range):
                let payload = unsafe bytes.bytes.extracting(range).withUnsafeBytes { unsafe [UInt8]($0) }
                stream.send(MaskedFrameWriter.frame(.pong, payload, mask: Self.mask()))
            case .close(let code, _):
                if liveness.peerClosed() == .answerAndClose {
                    stream.send(MaskedFrameWriter.close(code, mask: Self.mask()))
                }
                stream.closeAfterFlush(deadline: stream.loop.now &+ patience.forClose)
                return over(.closed(code: code?.rawValue))
            case .violation(let violation):
                stream.send(MaskedFrameWriter.close(violation.closeCode, mask: Self.mask()))
                stream.closeAfterFlush(deadline: stream.loop.now &+ patience.forClose)
                return over(.closed(code: nil))
            }
        }
    }

    private func text(_ bytes: [UInt8]) {
        if phase == .greeting {
            phase = .open
            stream?.deadline = liveness.deadline
        }
        tell?(.text(bytes))
    }

    func inputEnded(_ stream: ByteStream) {
        if phase == .answer, case .end = answer.inputEnded() { judge(on: stream) }
        stream.close()
    }

    func deadlineReached(_ stream: ByteStream, now: Int64) {
        guard phase == .open else { return stream.close() }
        switch liveness.deadlineReached(now: now) {
        case .nothing: break
        case .sendPing: stream.send(MaskedFrameWriter.frame(.ping, [], mask: Self.mask()))
        case .closeSocket: return stream.close()
        }
        stream.deadline = liveness.deadline
    }

    func ended(_ stream: ByteStream, reason: EndReason) { over(.closed(code: nil)) }
}
