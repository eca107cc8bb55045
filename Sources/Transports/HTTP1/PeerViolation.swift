/// The peer broke the protocol or a limit. The answer is `status`, then the connection is closed: after a framing error
/// nobody knows where the next request begins (RFC 9112 section 9.6).
public struct PeerViolation: Error, Sendable, Equatable {
    /// 400, 408 (made by the driver), 413, 414, 431, 501 or 505.
    public var status: Int

    /// A sentence for the peer and the operator. It never repeats bytes of the peer, so it is safe to send and to log.
    public var detail: String

    public init(status: Int, detail: String) {
        self.status = status
        self.detail = detail
    }

    static var contentTooLong: PeerViolation { PeerViolation(status: 413, detail: "the content is too long") }

    static func malformed(_ detail: String) -> PeerViolation { PeerViolation(status: 400, detail: detail) }
}
