import COpenSSL

/// Why a TLS handshake came to nothing. On a server never its operator's fault: a certificate that will not do is found before anything is
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
    /// On a client: the server's certificate is not to be believed. Why, as a sentence.
    case untrusted(String)
    /// On a client: the system reported a failure of the connection, which may never have stood: the `errno`.
    case failed(Int32)
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
        case .untrusted(let reason): reason
        case .failed(let code): SystemError.text(of: code)
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

    /// Why a certificate (`X509_V_ERR_…`) is not believed.
    static func distrust(_ verdict: Int32, of host: String) -> String {
        switch verdict {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: "it is not for \(host)"
        case X509_V_ERR_CERT_HAS_EXPIRED: "it has expired"
        case X509_V_ERR_CERT_NOT_YET_VALID: "it is not valid yet"
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED:
            "it comes from no authority that is trusted here"
        default:
            if let text = unsafe X509_verify_cert_error_string(Int(verdict)) {
                unsafe String(cString: text)
            } else {
                "reason \(verdict)"
            }
        }
    }

    static func reason(_ code: UInt) -> String {
        guard let text = unsafe ERR_reason_error_string(code) else { return "no reason given" }
        return unsafe String(cString: text)
    }
}
