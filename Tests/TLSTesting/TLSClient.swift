import COpenSSL

/// The client's side of TLS, over whatever carries its bytes; checks no certificate. Blocks as its carrier does. It touches no
/// socket itself, so that no signal of a broken one can come from here.
@safe
public final class TLSClient {
    public struct Options: Sendable {
        /// The newest version offered, and the oldest: `TLS1_2_VERSION` and the like.
        public var newest = Int(TLS1_3_VERSION)
        public var oldest = Int(TLS1_2_VERSION)
        /// For ALPN; none offered when empty.
        public var protocols: [String] = []

        public init() {}
    }

    /// The server would not, or broke off.
    public struct Trouble: Error, CustomStringConvertible {
        public let description: String
    }

    /// The carrier ended without `close_notify`.
    public struct Truncated: Error {}

    private let context: OpaquePointer?
    private let ssl: OpaquePointer?
    private let incoming: OpaquePointer?
    private let outgoing: OpaquePointer?
    private let carry: ([UInt8]) throws -> Void
    private let fetch: () throws -> [UInt8]?

    /// - Parameters:
    ///   - carry: sends all of the bytes.
    ///   - fetch: the next bytes, at least one; nil at the end.
    public init(
        _ options: Options = Options(), carry: @escaping ([UInt8]) throws -> Void,
        fetch: @escaping () throws -> [UInt8]?
    ) {
        self.carry = carry
        self.fetch = fetch
        unsafe context = SSL_CTX_new(TLS_client_method())
        unsafe SSL_CTX_set_security_level(context, 0)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, options.oldest, nil)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, options.newest, nil)
        unsafe ssl = SSL_new(context)
        unsafe incoming = BIO_new(BIO_s_mem())
        unsafe outgoing = BIO_new(BIO_s_mem())
        unsafe SSL_set_bio(ssl, incoming, outgoing)
        unsafe SSL_set_connect_state(ssl)
        let list = options.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { unsafe SSL_set_alpn_protos(ssl, list, UInt32(list.count)) }
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    // MARK: What was agreed

    /// - Parameter whenever: called before each wait for the server.
    public func shakeHands(whenever wait: () throws -> Void = {}) throws {
        _ = try perform({ unsafe SSL_do_handshake(ssl) }, beforeWaiting: wait)
    }

    /// `TLSv1.3` and the like.
    public var version: String { unsafe String(cString: SSL_get_version(ssl)) }

    /// The protocol chosen by ALPN.
    public var chosenProtocol: String? {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &start, &count)
        guard let start = unsafe start else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// The common name of the server's certificate.
    public var serverName: String? {
        guard let certificate = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        defer { unsafe X509_free(certificate) }
        var name = [CChar](repeating: 0, count: 256)
        let subject = unsafe X509_get_subject_name(certificate)
        let count = unsafe X509_NAME_get_text_by_NID(subject, NID_commonName, &name, Int32(name.count))
        guard count > 0 else { return nil }
        return String(decoding: name.prefix(Int(count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    // MARK: Bytes

    public func send(_ bytes: [UInt8]) throws {
        if !bytes.isEmpty { _ = try perform { unsafe SSL_write(ssl, bytes, Int32(bytes.count)) } }
    }

    /// The next bytes, at least one; nil at the server's `close_notify`.
    public func receive() throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 1 << 14)
        let count = try perform { unsafe SSL_read(ssl, &bytes, Int32(bytes.count)) }
        return count > 0 ? Array(bytes.prefix(count)) : nil
    }

    /// Says that nothing more will come. The server may go on.
    public func sayGoodbye() throws {
        unsafe SSL_shutdown(ssl)
        try flush()
    }

    /// Asks for new keys (TLS 1.3); the next bytes sent carry it.
    public func changeKeys() throws {
        unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)
        _ = try perform { unsafe SSL_do_handshake(ssl) }
    }

    private func flush() throws {
        let bytes = unsafe drained(outgoing)
        if !bytes.isEmpty { try carry(bytes) }
    }

    /// Does what needs bytes from the server until they have come. 0 at its `close_notify`.
    private func perform(_ step: () -> Int32, beforeWaiting wait: () throws -> Void = {}) throws -> Int {
        while true {
            ERR_clear_error()
            let result = step()
            let verdict = result > 0 ? SSL_ERROR_NONE : unsafe SSL_get_error(ssl, result)
            try flush()
            switch verdict {
            case SSL_ERROR_NONE: return Int(result)
            case SSL_ERROR_ZERO_RETURN: return 0
            case SSL_ERROR_WANT_READ:
                try wait()
                guard let bytes = try fetch() else { throw Truncated() }
                _ = unsafe BIO_write(incoming, bytes, Int32(bytes.count))
            default:
                let code = ERR_peek_last_error()
                let reason = unsafe ERR_reason_error_string(code).map { unsafe String(cString: $0) }
                throw Trouble(description: reason ?? "TLS error \(verdict)")
            }
        }
    }
}
