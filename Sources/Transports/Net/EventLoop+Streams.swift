import CLinux

// Where a loop's streams come from. From any thread.
extension EventLoop {
    /// Makes a descriptor (a connected, nonblocking socket) a stream of this loop.
    ///
    /// - Parameters:
    ///   - peer: the peer's address as text, kept as `peerAddress`.
    ///   - owner: told what becomes of it, from now on.
    ///   - tls: what to shake hands with first; nil for a plain stream. Without an owner a handshake has ten seconds.
    ///   - attach: called on the loop, after the handshake if there is one; gives the stream its handler, and may send already.
    public func adopt(
        _ descriptor: consuming Descriptor, peer: String, owner: (any StreamOwner)? = nil, tls: TLSContext? = nil,
        attach: @escaping @Sendable (ByteStream) -> any StreamHandler
    ) {
        adopt(descriptor, peer: peer, owner: owner, as: tls.map { .server($0) }, attach: attach)
    }

    func adopt(
        _ descriptor: consuming Descriptor, peer: String, owner: (any StreamOwner)?, as role: TLSRole?,
        attach: @escaping @Sendable (ByteStream) -> any StreamHandler
    ) {
        let stream = ByteStream(descriptor, peer: peer, loop: self, owner: owner)
        // A loop that has ended drops the closure, and with it the stream and its descriptor.
        post { stream.open(role, attach) }
    }

    /// Begins to connect, and makes the connection a stream of this loop at once: what its handler sends before it stands is kept until
    /// then, and a connection that comes to nothing ends as `.failed` with the `errno`, such as `ECONNREFUSED`.
    ///
    /// The system gives up after minutes: a handler that wants to know earlier sets a deadline.
    ///
    /// - Parameters:
    ///   - owner: told what becomes of it, and so of a handshake that comes to nothing.
    ///   - server: whom to shake hands with, before there is a handler; nil to speak without TLS.
    /// - Throws: when the process has no descriptor left, or the address cannot be used at all.
    public func connect(
        to address: PeerAddress, owner: (any StreamOwner)? = nil, expecting server: TLSPeer? = nil,
        attach: @escaping @Sendable (ByteStream) -> any StreamHandler
    ) throws(SystemError) {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = Descriptor(owning: CLinux.socket(Int32(address.storage.ss_family), flags, 0))
        guard descriptor.number >= 0 else { throw SystemError(call: "socket", code: chat_errno()) }
        var one: Int32 = 1
        unsafe setsockopt(descriptor.number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let code = unsafe withUnsafeBytes(of: address.storage) { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            return unsafe chat_connect(descriptor.number, start, address.length) == 0 ? 0 : chat_errno()
        }
        guard code == 0 || code == EINPROGRESS || code == EINTR else {
            throw SystemError(call: "connect", code: code)
        }
        let host = SocketAddress.text(of: address.storage).host
        adopt(descriptor, peer: host, owner: owner, as: server.map { .client($0) }, attach: attach)
    }
}
