public import ChatKernel

/// Why something asked of a client did not come about.
public enum ClientFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The server understood, and said no.
    case refused(ChatError)
    /// The server was not reached, or the connection was cut before it had answered: whether it did what was asked is not known.
    case unreachable(String)
    /// The server's certificate is not to be believed, so nothing was said to it: it is not for the host, comes from no authority that is
    /// trusted, or is out of its time.
    case untrusted(String)
    /// What came back is not an answer of this protocol.
    case invalidAnswer(String)
    /// The server takes no token that there is.
    case unauthorized
    /// This client cannot: a URL that it does not understand, a file of authorities that it cannot read.
    case unsupported(String)
    /// The outbox holds as many messages as it may.
    case outboxFull
    /// The app's own store of the outbox has failed.
    case outboxBroken(String)
    /// The client has stopped.
    case stopped

    public var description: String {
        switch self {
        case .refused(let error): error.description
        case .unreachable(let detail): "The server cannot be reached: \(detail)"
        case .untrusted(let detail): "The server's certificate is not to be believed: \(detail)."
        case .invalidAnswer(let detail): "The server's answer makes no sense: \(detail)"
        case .unauthorized: "The server does not take the token."
        case .unsupported(let detail): detail
        case .outboxFull: "Too many messages wait to be sent."
        case .outboxBroken(let detail): "The outbox cannot be kept: \(detail)"
        case .stopped: "The client has stopped."
        }
    }
}
