import COpenSSL

/// Why a TLS handshake came to nothing. Never our operator's fault: a certificate that will not do is found before anything is
/// served.
public enum TLSFailure: Sendable, Equatable {
    /// The time for it was over.
    case late
    /// The peer ended or reset the connection.
    case peerLeft
    /// The peer speaks HTTP without TLS. The stream is plain by then, and its owner may say so (`send`) before it is closed.
    case plainHTTP
    /// What the peer sent is not to be agreed with: OpenSSL's reason, such as `unsupported protocol`.
    case refused(String)
    /// We closed it, or the system failed us.
    case abandoned

    /// What OpenSSL wrote down last.
    static func fromErrorQueue() -> TLSFailure {
        let code = ERR_peek_last_error()
        if ERR_GET_LIB(code) == ERR_LIB_SSL, ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST { return .plainHTTP }
        return .refused(OpenSSLText.reason(code))
    }
}

extension TLSFailure: CustomStringConvertible {
    /// For a log.
    public var description: String {
        switch self {
        case .late: "late"
        case .peerLeft: "the peer left"
        case .plainHTTP: "plain HTTP"
        case .refused(let reason): reason
        case .abandoned: "abandoned"
        }
    }
}

/// What OpenSSL says of its errors.
enum OpenSSLText {
    /// Its words for the last error, which is forgotten then.
    static func lastReason() -> String {
        defer { ERR_clear_error() }
        return reason(ERR_peek_last_error())
    }

    static func reason(_ code: UInt) -> String {
        guard let text = unsafe ERR_reason_error_string(code) else { return "no reason given" }
        return unsafe String(cString: text)
    }
}
