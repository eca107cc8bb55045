import CLinux
import COpenSSL

/// A certificate with its chain and key, checked, in the OpenSSL context that new connections are made from. Never changed once
/// made, and OpenSSL lets all threads make connections of it: that is what `@unchecked Sendable` stands on.
@safe
final class TLSCredentials: @unchecked Sendable {
    let context: OpaquePointer
    let certificate: TLSCertificate
    private let protocols: [[UInt8]]

    /// Of TLS 1.2: what has forward secrecy and authenticated encryption. Those of 1.3 all have.
    private static let ciphersOf12 = "ECDHE+AESGCM:ECDHE+CHACHA20"

    /// Two bytes for the versions, as they are on the wire.
    private static func number(of version: TLSContext.Settings.Version) -> Int {
        switch version {
        case .tls12: Int(TLS1_2_VERSION)
        case .tls13: Int(TLS1_3_VERSION)
        }
    }

    init(_ settings: TLSContext.Settings) throws(TLSProblems) {
        defer { ERR_clear_error() }
        guard let made = unsafe SSL_CTX_new(TLS_server_method()) else {
            throw TLSProblems(.certificate, "OpenSSL has no memory: \(OpenSSLText.lastReason())")
        }
        // Before the files, whose strength it judges.
        unsafe SSL_CTX_set_security_level(made, 2)
        do throws(TLSProblems) {
            certificate = unsafe try Self.load(settings, into: made)
        } catch {
            unsafe SSL_CTX_free(made)
            throw error
        }
        unsafe context = made
        protocols = settings.applicationProtocols.map { Array($0.utf8) }.filter { (1...255).contains($0.count) }
        unsafe Self.agree(in: context, from: settings.minimumVersion)
        unsafe SSL_CTX_set_num_tickets(context, 1)
        if !protocols.isEmpty {
            unsafe SSL_CTX_set_alpn_select_cb(context, chooseProtocol, Unmanaged.passUnretained(self).toOpaque())
        }
    }

    /// The terms, which are the same for both ends.
    static func agree(in context: OpaquePointer, from minimum: TLSContext.Settings.Version) {
        unsafe SSL_CTX_set_options(context, chat_tls_options)
        unsafe SSL_CTX_set_cipher_list(context, ciphersOf12)
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, number(of: minimum), nil)
        // An idle connection holds no buffers; a write may take a part, and go on from a queue that has moved.
        let modes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_MODE, Int(modes), nil)
        // A peer that sends nothing but TLS's own messages must not hold a read for as long as it likes.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_CLEAR_MODE, Int(SSL_MODE_AUTO_RETRY), nil)
        // One system call for a record, not one for its header and one for the rest.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        // Sessions are the client's to keep, in tickets; ours does not.
        unsafe SSL_CTX_ctrl(context, SSL_CTRL_SET_SESS_CACHE_MODE, Int(SSL_SESS_CACHE_OFF), nil)
    }

    deinit { unsafe SSL_CTX_free(context) }

    /// The place of the protocol agreed on in a client's list (RFC 7301, 3.1: each with its length before it); nil without one.
    fileprivate func choice(of offered: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
        var best: (rank: Int, place: Range<Int>)?
        var at = 0
        while at < offered.count {
            let place = (at &+ 1)..<(at &+ 1 &+ Int(unsafe offered[at]))
            guard place.upperBound <= offered.count else { return nil }
            let rank = protocols.firstIndex { unsafe $0.elementsEqual(offered[place]) }
            if let rank, rank < best?.rank ?? .max { best = (rank, place) }
            at = place.upperBound
        }
        return best?.place
    }
}

private func chooseProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ length: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let argument = unsafe argument, let offered = unsafe offered else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    // Held by the session whose handshake this is.
    let credentials = unsafe Unmanaged<TLSCredentials>.fromOpaque(argument).takeUnretainedValue()
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(count))
    guard let place = unsafe credentials.choice(of: list) else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    unsafe chosen?.pointee = offered + place.lowerBound
    unsafe length?.pointee = UInt8(truncatingIfNeeded: place.count)
    return SSL_TLSEXT_ERR_OK
}

extension TLSProblems {
    init(_ part: TLSProblem.Part, _ detail: String) { all = [TLSProblem(part: part, detail: detail)] }
}
