import ChatHTTP1
import ChatNet

// The stream goes to another handler: one that speaks another protocol, or whose answer has no end yet.
extension HTTPConnection {
    /// Another protocol from here on; false when it was refused.
    func upgrade(
        to name: String, _ fields: [HTTPField],
        _ attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler, _ stream: ByteStream
    ) -> Bool {
        guard let head = request.head, head.isUpgrade(to: name) else {
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

    /// The answer goes on for as long as the connection; false when there was another one.
    func stream(
        _ response: HTTPResponse, _ attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler,
        _ stream: ByteStream
    ) -> Bool {
        guard !isDraining else {
            answer(stopping, stream)
            return false
        }
        guard request.head?.method != "HEAD" else {
            answer(response, stream)
            return false
        }
        server.counters.countAnswer(response.status)
        let bytes = server.serialize(response, to: request.head, keepAlive: false, isStreamed: true, on: stream)
        handOver(stream, saying: bytes, status: response.status, attach)
        return true
    }

    /// The stream has another handler from here on.
    private func handOver(
        _ stream: ByteStream, saying bytes: [UInt8], status: Int,
        _ attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler
    ) {
        state = .gone
        tellAnswered(status, stream)
        request.end()
        stream.send(bytes)
        stream.deadline = nil
        stream.readLimit = Int32(ByteStream.maximumRead)
        stream.handler = attach(stream, stream.loop)
        stream.resumeReading()
    }
}
