import ChatHTTP1
import ChatNet

/// Tells a peer that there is no room and closes.
final class HTTPRefusal: StreamHandler {
    private let whenEnded: () -> Void

    init(
        _ server: HTTPServer, on stream: ByteStream, because limit: ConnectionBook.Limit,
        whenEnded: @escaping () -> Void
    ) {
        self.whenEnded = whenEnded
        // RFC 6585 section 4 for what the peer's own address has too many of, RFC 9110 section 15.6.4 for what all have.
        var response =
            switch limit {
            case .all: server.errorBody(503, "overloaded", "too many connections")
            case .address: server.errorBody(429, "rate_limited", "too many connections from your address")
            }
        response.fields.append(HTTPField(name: "Retry-After", value: "5"))
        stream.send(server.serialize(response, to: nil, keepAlive: false, on: stream))
        stream.closeAfterFlush(deadline: stream.loop.now + server.limits.lingerTimeout.nanoseconds)
        server.counters.countAnswer(response.status)
    }

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int { bytes.byteCount }

    func ended(_ stream: ByteStream, reason: EndReason) { whenEnded() }
}
