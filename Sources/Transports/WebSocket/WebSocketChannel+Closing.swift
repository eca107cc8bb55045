import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWebSocketProtocol

// How it ends.
//
//     open ──close, leave──▶ our close frame is sent ──the peer's comes──▶ departed: what was said is flushed ──▶ ended
//       └───────────────────────────the peer's comes first, a violation─────▲
extension WebSocketChannel {
    func close(_ code: CloseCode, _ reason: String) {
        guard liveness.beginClosing(now: lane.loop.now) else { return }
        sendReplies()
        stream.send(FrameWriter.close(code, reason: reason))
        awaitFarewell()
    }

    /// Nothing more is said, and nothing is heard but the peer's close frame.
    private func awaitFarewell() {
        leaveSession()
        arm()
        stream.resumeReading()
    }

    /// Nothing more is said; what has been said is sent.
    func depart() {
        leaveSession()
        stream.closeAfterFlush(deadline: lane.loop.now + lane.settings.patience.forClose)
    }

    /// The host stops: what the client has said is answered first, and nothing more is read. The server itself sees to the deadline.
    func drain(_ stream: ByteStream, deadline: Int64) {
        guard !liveness.isClosing else { return }
        isDraining = true
        stream.pauseReading()
        lane.handOver()
        let lane = lane
        lane.errands.send { [weak self] in
            await lane.kernel.settled()
            lane.loop.post { [weak self] in self?.leave() }
        }
    }

    func leave() {
        guard !liveness.isClosing else { return }
        guard !isAsking else {
            leavesWhenAnswered = true
            return
        }
        let (code, reason) = sayDraining()
        close(code, reason)
    }

    func ended(_ stream: ByteStream, reason: EndReason) {
        // An errand may be under way that holds the connection: nothing is to come of it any more.
        liveness.ended()
        leaveSession()
        gone()
    }

    /// After our close frame: all but the peer's is passed over, and then the socket is closed, not before. A client over TLS whose
    /// library knows no half-closed connection could not answer otherwise (RFC 6455, 7.1.1).
    func hearOut(_ bytes: inout MutableRawSpan, from start: Int) -> Int {
        var at = start
        while stream.isOpen {
            switch machine.next(in: &bytes, from: &at) {
            case .needBytes: return at
            case .text, .binary, .ping, .pong: break
            case .assembled: _ = machine.takeMessage()
            case .close, .violation:
                _ = liveness.peerClosed()
                depart()
            }
        }
        return bytes.byteCount
    }

    func inputEnded(_ stream: ByteStream) {
        if liveness.isClosing { depart() } else { stream.end(stream.isInputTruncated ? .truncated : .peerClosed) }
    }
}
