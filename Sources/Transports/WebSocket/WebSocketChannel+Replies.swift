import ChatNet
import ChatWebSocketProtocol

/// What a client's own frames are answered with: pongs, errors, acknowledgements. Those of one read, and those of one batch,
/// go out in one piece, so that forty thousand pings in a breath cost the others one system call's time and not forty
/// thousand's.
extension WebSocketChannel {
    /// Bytes of replies gathered; past it they are sent, and count as what waits for the client.
    private static let gatheredReplies = 64 << 10

    /// Frames a reply. While this connection has the lane's floor it waits for those behind it, in order; at other times
    /// it is sent.
    func reply(_ opcode: Opcode, _ payload: RawSpan) {
        guard lane.speaker === self else { return stream.send(FrameWriter.frame(opcode, payload)) }
        FrameWriter.append(opcode, payload, to: &lane.replies)
        if lane.replies.count >= Self.gatheredReplies { sendReplies() }
    }

    /// Sends what was gathered: when the read is over, and before the last words.
    func sendReplies() {
        guard lane.speaker === self, !lane.replies.isEmpty else { return }
        stream.send(lane.replies)
        // The storage is kept, unless it waits in the stream's queue now.
        lane.replies.removeAll(keepingCapacity: true)
    }
}
