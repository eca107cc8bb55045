import COpenSSL

/// The client's side of TLS: whose word it takes for who a server is. Shared by all connections, and never changed once made; OpenSSL
/// lets all threads make connections of it, which is what `@unchecked Sendable` stands on.
///
/// A server's certificate is always checked: that it leads to one of the authorities, that this is its time, and that it is for the
/// host that was asked for. Only its alternative names count for that, and not its common name (RFC 9525, appendix A). There is
/// no way to do without. Agreed to are TLS 1.2 and 1.3 on the terms of ``TLSContext``, and `http/1.1` by ALPN.
@safe
public final class TLSTrust: @unchecked Sendable {
    /// Who may have signed a server's certificate.
    public enum Authorities: Sendable, Equatable {
        /// Those that the system trusts, or the file or folder that `SSL_CERT_FILE` or `SSL_CERT_DIR` names.
        case system
        /// Those of a file of PEM certificates, and nobody else. A server's own certificate will do when it is signed by itself.
        case file(String)
    }

    /// What is wrong with a file of authorities, as a sentence: `the file ca.pem cannot be read: ...`.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        public let description: String
    }

    let context: OpaquePointer

    public init(_ authorities: Authorities = .system) throws(Problem) {
        defer { ERR_clear_error() }
        guard let made = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw Problem(description: "OpenSSL has no memory: \(OpenSSLText.lastReason())")
        }
        unsafe SSL_CTX_set_security_level(made, 2)
        do throws(Problem) {
            switch authorities {
            // A system that has none trusts nobody, and each handshake says so.
            case .system: unsafe SSL_CTX_set_default_verify_paths(made)
            case .file(let path): unsafe try Self.load(path, into: made)
            }
        } catch {
            unsafe SSL_CTX_free(made)
            throw error
        }
        unsafe context = made
        unsafe TLSCredentials.agree(in: context, from: .tls12)
        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        let offered: [UInt8] = [8] + Array("http/1.1".utf8)
        unsafe SSL_CTX_set_alpn_protos(context, offered, UInt32(truncatingIfNeeded: offered.count))
    }

    deinit { unsafe SSL_CTX_free(context) }
}

/// A server to shake hands with.
public struct TLSPeer: Sendable {
    /// Whom to believe.
    public var trust: TLSTrust
    /// What its certificate must be for: a name, which it is told (SNI, RFC 6066 section 3), or a numeric address, which it is not.
    public var host: String

    public init(_ host: String, trusting trust: TLSTrust) {
        self.host = host
        self.trust = trust
    }
}

/// Which end of TLS a stream is to be.
enum TLSRole: Sendable {
    case server(TLSContext)
    case client(TLSPeer)
}
