import CLinux
import COpenSSL

/// The TLS of one connected socket: OpenSSL's `SSL` over the descriptor, driven without ever blocking. Lives on its stream's loop.
///
/// Counts are as ``PlainSocket``'s: of bytes, 0 at the end of input, negative for an `errno`; `-EAGAIN` stands for
/// "not now", and ``awaited`` then says what for.
@safe
final class TLSSession {
    /// A record's content at most (RFC 8446, 5.1), and so what is joined into one.
    static let recordBytes = 16 << 10

    /// Records taken or sent in one call, at most: as many as fill the loop's read buffer when they are full. A peer that sends a
    /// byte a record cannot hold a round for longer.
    private static let recordsPerCall = 16

    /// The socket, which the stream owns.
    let number: Int32

    /// The input ended without `close_notify`: whoever cut it may have been somebody else (RFC 8446, 6.1).
    private(set) var isTruncated = false

    /// OpenSSL holds input, or knows of its end, that epoll will not tell of again.
    private(set) var holdsInput = false

    /// What the socket must become ready for before a read, or a write, can go on, where that is not the obvious.
    private(set) var readAwaitsWrite = false
    private(set) var writeAwaitsRead = false

    /// There until the handshake is over.
    var greeting: Greeting?

    private let ssl: OpaquePointer
    /// Keeps alive what OpenSSL's callbacks point at.
    private let source: AnyObject
    /// On the client's end: whom it is to be.
    let peer: TLSPeer?
    /// The last failure of the socket beneath.
    private var code: Int32 = 0
    /// OpenSSL forbids any further call after a fatal error.
    private var isBroken = false
    private var hasSaidGoodbye = false

    /// What is to be done when the handshake is over.
    final class Greeting {
        let began: Int64
        let attach: (ByteStream) -> any StreamHandler

        init(began: Int64, attach: @escaping (ByteStream) -> any StreamHandler) {
            self.began = began
            self.attach = attach
        }
    }

    /// Nil when there is no memory for it.
    init?(on number: Int32, as role: TLSRole) {
        let context: OpaquePointer
        switch role {
        case .server(let terms):
            let credentials = terms.credentials
            unsafe context = credentials.context
            source = credentials
            peer = nil
        case .client(let server):
            unsafe context = server.trust.context
            source = server.trust
            peer = server
        }
        guard let ssl = unsafe SSL_new(context) else { return nil }
        unsafe self.ssl = ssl
        self.number = number
        guard let bio = unsafe SocketBIO.make(over: self) else { return nil }
        unsafe SSL_set_bio(ssl, bio, bio)
        if let peer {
            unsafe SSL_set_connect_state(ssl)
            guard expect(peer.host) else { return nil }
        } else {
            unsafe SSL_set_accept_state(ssl)
        }
    }

    deinit { unsafe SSL_free(ssl) }

    // MARK: For the BIO

    func saw(_ code: Int32) { self.code = code }
    func sawEnd() { isTruncated = true }

    // MARK: Handshake

    enum Step {
        case done
        case wait(Readiness)
        case failed(TLSFailure)
    }

    /// Whom the certificate must be for. False when it cannot be checked, and so nothing may be said.
    private func expect(_ host: String) -> Bool {
        guard !host.isEmpty else { return false }
        let flags = UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT) | UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)
        unsafe SSL_set_hostflags(ssl, flags)
        defer { ERR_clear_error() }
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1 { return true }
        var name = Array(host.utf8CString)
        guard unsafe SSL_set1_host(ssl, host) == 1 else { return false }
        return unsafe SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), &name) == 1
    }

    func shakeHands() -> Step {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        guard result != 1 else {
            // The first request may have come with the client's last word.
            holdsInput = unsafe SSL_has_pending(ssl) == 1
            return .done
        }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wait(.read)
        case SSL_ERROR_WANT_WRITE: return .wait(.write)
        default:
            isBroken = true
            defer { ERR_clear_error() }
            return .failed(failureOfHandshake())
        }
    }

    private func failureOfHandshake() -> TLSFailure {
        if code != 0 { return peer == nil ? .peerLeft : .failed(code) }
        if isTruncated { return .peerLeft }
        guard let peer else { return TLSFailure.fromErrorQueue() }
        // Whatever came was no record.
        if ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_WRONG_VERSION_NUMBER { return .refused("it speaks no TLS") }
        let verdict = unsafe SSL_get_verify_result(ssl)
        guard verdict != X509_V_OK else { return TLSFailure.fromErrorQueue() }
        return .untrusted(OpenSSLText.distrust(Int32(truncatingIfNeeded: verdict), of: peer.host))
    }

    // MARK: Reading

    /// Reads what has come into a range of the buffer.
    func read(into buffer: ReadBuffer, _ range: Range<Int>) -> Int {
        holdsInput = false
        readAwaitsWrite = false
        guard !isBroken else { return failure() }
        ERR_clear_error()
        var place = range.lowerBound
        for _ in 0..<Self.recordsPerCall where place < range.upperBound {
            var count = 0
            let bytes = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[place..<range.upperBound])
            let result = unsafe SSL_read_ex(ssl, bytes.baseAddress, bytes.count, &count)
            guard result == 1 else { return stopped(result, after: place &- range.lowerBound) }
            place &+= count
            // What is still in the socket epoll tells of; only what OpenSSL took out of it must be asked for.
            guard unsafe SSL_has_pending(ssl) == 1 else { return place &- range.lowerBound }
        }
        holdsInput = true
        return place &- range.lowerBound
    }

    private func stopped(_ result: Int32, after taken: Int) -> Int {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return taken > 0 ? taken : -Int(EAGAIN)
        case SSL_ERROR_WANT_WRITE:
            readAwaitsWrite = true
            return taken > 0 ? taken : -Int(EAGAIN)
        case SSL_ERROR_ZERO_RETURN: break
        default:
            isBroken = true
            ERR_clear_error()
            if taken == 0 { return failure() }
        }
        // Told of at the next call, which must come.
        holdsInput = taken > 0
        return taken
    }

    // MARK: Writing

    /// Sends bytes as far as the socket takes them, 16 records at most.
    ///
    /// A record that has not left as a whole is offered again with the next call, which therefore must begin with the same bytes. It
    /// does: what was not sent is at the front of the stream's queue.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int {
        var sent = 0
        for _ in 0..<Self.recordsPerCall where sent < bytes.count {
            let end = min(bytes.count, sent &+ Self.recordBytes)
            let count = unsafe writeRecord(UnsafeRawBufferPointer(rebasing: bytes[sent..<end]))
            guard count > 0 else { return sent > 0 ? sent : count }
            sent &+= count
        }
        return sent
    }

    /// Sends buffers, the first of them from `offset` on; small ones are joined into records.
    func write(gathering chunks: ArraySlice<[UInt8]>, offset: Int) -> Int {
        unsafe withUnsafeTemporaryAllocation(byteCount: Self.recordBytes, alignment: 16) { record in
            var (index, skip, sent) = (chunks.startIndex, offset, 0)
            for _ in 0..<Self.recordsPerCall {
                while index < chunks.endIndex, skip >= chunks[index].count {
                    skip &-= chunks[index].count
                    index &+= 1
                }
                guard index < chunks.endIndex else { break }
                let count: Int
                if chunks[index].count &- skip >= Self.recordBytes || index &+ 1 == chunks.endIndex {
                    count = unsafe chunks[index].withUnsafeBytes { bytes in
                        let end = min(bytes.count, skip &+ Self.recordBytes)
                        return unsafe writeRecord(UnsafeRawBufferPointer(rebasing: bytes[skip..<end]))
                    }
                } else {
                    let filled = unsafe Self.join(chunks[index...], offset: skip, into: record)
                    count = unsafe writeRecord(UnsafeRawBufferPointer(rebasing: record[..<filled]))
                }
                guard count > 0 else { return sent > 0 ? sent : count }
                sent &+= count
                skip &+= count
            }
            return sent
        }
    }

    private static func join(
        _ chunks: ArraySlice<[UInt8]>, offset: Int, into record: UnsafeMutableRawBufferPointer
    ) -> Int {
        var (filled, skip) = (0, offset)
        for chunk in chunks where filled < record.count {
            let count = min(chunk.count &- skip, record.count &- filled)
            unsafe chunk.withUnsafeBytes { bytes in
                let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[skip..<(skip &+ count)])
                unsafe UnsafeMutableRawBufferPointer(rebasing: record[filled...]).copyMemory(from: part)
            }
            filled &+= count
            skip = 0
        }
        return filled
    }

    private func writeRecord(_ bytes: UnsafeRawBufferPointer) -> Int {
        writeAwaitsRead = false
        guard !isBroken else { return failure() }
        ERR_clear_error()
        var count = 0
        let result = unsafe SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count)
        guard result != 1 else { return count }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_WRITE: return -Int(EAGAIN)
        case SSL_ERROR_WANT_READ:
            writeAwaitsRead = true
            return -Int(EAGAIN)
        default:
            isBroken = true
            ERR_clear_error()
            return failure()
        }
    }

    // MARK: Ending

    /// Sends `close_notify`. False when the socket does not take it yet; a session that is broken has nothing to say.
    func sayGoodbye() -> Bool {
        guard !isBroken, !hasSaidGoodbye, unsafe SSL_is_init_finished(ssl) == 1 else { return true }
        ERR_clear_error()
        let result = unsafe SSL_shutdown(ssl)
        if result < 0, unsafe SSL_get_error(ssl, result) == SSL_ERROR_WANT_WRITE { return false }
        ERR_clear_error()
        hasSaidGoodbye = true
        return true
    }

    /// The peer's breach of TLS has no `errno` of its own.
    private func failure() -> Int { -Int(code == 0 ? EPROTO : code) }
}
