import CLinux
import COpenSSL

/// How OpenSSL reaches a socket: a BIO of our own around a ``TLSSession``'s descriptor.
///
/// OpenSSL's own socket BIO writes with `write`, which raises SIGPIPE at a peer that has left and so ends a process that does
/// not ignore the signal. An embedder's process is not ours to change; this one sends with `MSG_NOSIGNAL`, and does not lean
/// on the loops' threads holding signals back.
enum SocketBIO {
    /// Made once, never freed: it has no state.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = unsafe BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chat socket") else {
            return nil
        }
        unsafe BIO_meth_set_read(method, pull)
        unsafe BIO_meth_set_write(method, push)
        unsafe BIO_meth_set_ctrl(method, control)
        return unsafe method
    }()

    /// A BIO over the session's socket. The session outlives it: it frees the `SSL` that owns the BIO.
    static func make(over session: TLSSession) -> OpaquePointer? {
        guard let method = unsafe method, let bio = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(bio, Unmanaged.passUnretained(session).toOpaque())
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    fileprivate static func session(of bio: OpaquePointer?) -> TLSSession? {
        guard let data = unsafe BIO_get_data(bio) else { return nil }
        return unsafe Unmanaged<TLSSession>.fromOpaque(data).takeUnretainedValue()
    }

    /// What `BIO_clear_retry_flags` and its like, which are macros, do.
    fileprivate static func mark(_ bio: OpaquePointer?, again: Int32) {
        unsafe BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_WRITE | BIO_FLAGS_IO_SPECIAL | BIO_FLAGS_SHOULD_RETRY)
        if again != 0 { unsafe BIO_set_flags(bio, again | BIO_FLAGS_SHOULD_RETRY) }
    }
}

private func pull(_ bio: OpaquePointer?, _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int32) -> Int32 {
    guard let session = unsafe SocketBIO.session(of: bio), let bytes = unsafe bytes, count > 0 else { return -1 }
    unsafe SocketBIO.mark(bio, again: 0)
    while true {
        let got = unsafe recv(session.number, bytes, Int(count), Int32(MSG_DONTWAIT))
        if got == 0 { session.sawEnd() }
        if got >= 0 { return Int32(got) }
        let code = chat_errno()
        if code == EINTR { continue }
        if code == EAGAIN { unsafe SocketBIO.mark(bio, again: BIO_FLAGS_READ) } else { session.saw(code) }
        return -1
    }
}

private func push(_ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int32) -> Int32 {
    guard let session = unsafe SocketBIO.session(of: bio), let bytes = unsafe bytes, count > 0 else { return -1 }
    unsafe SocketBIO.mark(bio, again: 0)
    while true {
        let sent = unsafe send(session.number, bytes, Int(count), Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        if sent >= 0 { return Int32(sent) }
        let code = chat_errno()
        if code == EINTR { continue }
        if code == EAGAIN { unsafe SocketBIO.mark(bio, again: BIO_FLAGS_WRITE) } else { session.saw(code) }
        return -1
    }
}

private func control(
    _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ pointer: UnsafeMutableRawPointer?
) -> Int {
    switch command {
    // Nothing is ever held back.
    case BIO_CTRL_FLUSH: 1
    case BIO_CTRL_EOF: unsafe SocketBIO.session(of: bio)?.isTruncated == true ? 1 : 0
    default: 0
    }
}
