public import ChatNet

/// What a server tells its operator. Paths come without their query, since queries may hold tokens.
public enum HTTPServerEvent: Sendable {
    case listening(ListenAddress, secure: Bool)
    /// A TLS handshake came to nothing.
    case handshakeFailed(TLSFailure, peer: String)
    /// As many handshakes are under way as may be: accepting for TLS rests until one is over.
    case handshakesFull
    /// A request was answered.
    case answered(method: String, path: String, status: Int, nanoseconds: Int64, peer: String)
    /// A peer broke the protocol or a deadline and was told so.
    case violation(status: Int, detail: String, peer: String)
    /// A connection was turned away because of a limit.
    case refused(peer: String)
    /// Accepting rests for a moment, or has ended, because of this `errno`.
    case acceptTrouble(SystemError)
    /// The server has begun to stop.
    case draining
}
