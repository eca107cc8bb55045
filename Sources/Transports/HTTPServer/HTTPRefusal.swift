import ChatHTTP1
import ChatNet

/// Tells a peer that there is no room and closes.
final class HTTPRefusal: StreamHandler {
    private let whenEnded: () -> Void

    init(_ server: HTTPServer, on stream: ByteStream, whenEnded: @escaping () -> Void) {
        self.whenEnded = whenEnded
        var response = server.errorBody(503, "overloaded", "too many connections")
        response.fields.append(HTTPField(name: "Retry-After", value: "5"))
        stream.send(server.serialize(response, to: nil, keepAlive: false, on: stream.loop))
        stream.closeAfterFlush(deadline: stream.loop.now + server.limits.lingerTimeout.nanoseconds)
        server.counters.countAnswer(503)
    }

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int { bytes.byteCount }

    func ended(_ stream: ByteStream, reason: EndReason) { whenEnded() }
}
