import ChatNet
import ChatWebSocketProtocol

/// One WebSocket that gets back what it says: the machine, the writer and the liveness of chatd's own connections
/// (`Sources/Transports/WebSocket/WebSocketConnection.swift`), and an echo where those have a conversation.
final class EchoConnection: StreamHandler {
    /// One message, 16 MiB: what Autobahn's largest case sends, over all its fragments. Past it 1009.
    private static let messageBytes = 16 << 20

    /// As many as the largest message has in pieces of 64 bytes, Autobahn's finest.
    private static let fragments = messageBytes / 64

    /// Echoes that wait for the client to read them; past it nothing more is read from it, so one message more at most.
    private static let outboxBytes = 1 << 20

    private let stream: ByteStream
    private let patience = Liveness.Patience()
    private var machine: WebSocketMachine
    private var liveness: Liveness

    init(on stream: ByteStream) {
        self.stream = stream
        machine = WebSocketMachine(
            limits: WebSocketLimits(
                frameBytes: Self.messageBytes, messageBytes: Self.messageBytes, fragments: Self.fragments))
        liveness = Liveness(patience: patience, now: stream.loop.now)
        stream.deadline = liveness.deadline
    }

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
        liveness.bytesArrived(now: stream.loop.now)
        var at = 0
        while !liveness.isClosing {
            guard stream.queuedBytes <= Self.outboxBytes else {
                stream.pauseReading()
                return at
            }
            switch machine.next(in: &bytes, from: &at) {
            case .needBytes: return at
            case .text(let range): stream.send(FrameWriter.frame(.text, bytes.bytes.extracting(range)))
            case .binary(let range): stream.send(FrameWriter.frame(.binary, bytes.bytes.extracting(range)))
            case .assembled(let isText):
                let message = machine.takeMessage()
                stream.send(isText ? FrameWriter.text(message) : FrameWriter.binary(message))
            case .ping(let range): stream.send(FrameWriter.frame(.pong, bytes.bytes.extracting(range)))
            case .pong: break
            case .close(let code, _):
                if liveness.peerClosed() == .answerAndClose { stream.send(FrameWriter.close(code)) }
                depart()
            case .violation(let violation): close(violation.closeCode, violation.detail)
            }
        }
        return bytes.byteCount
    }

    func drained(_ stream: ByteStream) {
        if !liveness.isClosing { stream.resumeReading() }
    }

    func deadlineReached(_ stream: ByteStream, now: Int64) {
        switch liveness.deadlineReached(now: now) {
        case .nothing: break
        case .sendPing: stream.send(FrameWriter.ping())
        case .closeSocket: return stream.close()
        }
        stream.deadline = liveness.deadline
    }

    func ended(_ stream: ByteStream, reason: EndReason) {}

    private func close(_ code: CloseCode, _ reason: String) {
        guard liveness.beginClosing(now: stream.loop.now) else { return }
        stream.send(FrameWriter.close(code, reason: reason))
        depart()
    }

    private func depart() {
        stream.closeAfterFlush(deadline: stream.loop.now + patience.forClose)
    }
}
