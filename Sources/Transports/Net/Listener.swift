import CLinux

/// A listening TCP socket whose connections become streams.
///
/// It is bound when it is made, so that its port is known and a taken one is reported before anything runs; it accepts
/// once it was started on a loop. `@unchecked Sendable` stands on: `address` never changes, the rest belongs to that loop.
public final class Listener: Watcher, @unchecked Sendable {
    /// Where it listens, with the real port when 0 was asked for.
    public let address: ListenAddress

    /// Connections taken in one round: enough for 5,000 a second, and others' frames do not wait for a herd of joins.
    private static let acceptsPerRound = 64

    /// How long accepting rests when there is no descriptor or memory left. The peers wait in the backlog meanwhile.
    private static let rest: Int64 = 100_000_000

    private var descriptor: Descriptor
    private var ticket: UInt64 = 0
    private var loop: EventLoop?
    private var isPaused = false
    private var accepted: ((consuming Descriptor, String) -> Void)?
    private var troubled: (Int32) -> Void = { _ in }

    /// Binds and listens.
    ///
    /// - Parameter backlog: connections the kernel completes for us before we accept them (it takes at most `somaxconn`).
    public init(_ wanted: ListenAddress, backlog: Int32 = 4096) throws(ListenError) {
        func failure(_ code: Int32) -> ListenError {
            ListenError(address: wanted.description, code: code, detail: SystemError.text(of: code))
        }
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(wanted.host, String(wanted.port), &hints, &found)
        guard code == 0 else {
            let detail = unsafe String(cString: gai_strerror(code))
            throw ListenError(address: wanted.description, code: 0, detail: detail)
        }
        defer { if let found = unsafe found { unsafe freeaddrinfo(found) } }
        var lastCode = EADDRNOTAVAIL
        var candidate = unsafe found
        while let entry = unsafe candidate {
            unsafe candidate = entry.pointee.ai_next
            let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            let socket = unsafe Descriptor(owning: CLinux.socket(entry.pointee.ai_family, flags, 0))
            guard socket.number >= 0 else {
                lastCode = chat_errno()
                continue
            }
            // A restart must not wait for the connections of the last run to leave TIME_WAIT.
            var one: Int32 = 1
            unsafe setsockopt(socket.number, SOL_SOCKET, SO_REUSEADDR, &one, 4)
            guard unsafe chat_bind(socket.number, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0,
                listen(socket.number, backlog) == 0
            else {
                lastCode = chat_errno()
                continue
            }
            var bound = sockaddr_storage()
            guard unsafe chat_bound_address(socket.number, &bound) == 0 else { throw failure(chat_errno()) }
            let (host, port) = SocketAddress.text(of: bound)
            address = ListenAddress(host: host, port: port)
            descriptor = socket
            return
        }
        throw failure(lastCode)
    }

    /// Begins to accept, on the loop's thread.
    ///
    /// - Parameters:
    ///   - accepted: called on the loop for each connection (nonblocking, TCP_NODELAY) with the peer's numeric address.
    ///   - troubled: called with the `errno` each time accepting must rest (`EMFILE`) or has broken down.
    public func start(
        on loop: EventLoop, troubled: @escaping (Int32) -> Void = { _ in },
        accepted: @escaping (consuming Descriptor, String) -> Void
    ) throws(SystemError) {
        loop.assertConfined()
        guard self.loop == nil, descriptor.number >= 0 else { return }
        ticket = try loop.watch(descriptor.number, for: .read, self)
        self.loop = loop
        self.accepted = accepted
        self.troubled = troubled
    }

    /// Closes the socket, on the loop's thread; new connections are refused from now on. Also allowed before `start`.
    public func stop() {
        loop?.assertConfined()
        loop?.unwatch(ticket)
        descriptor.close()
        loop = nil
        accepted = nil
        troubled = { _ in }
    }

    /// Accepts no more until `resume()`, on the loop's thread: who comes meanwhile waits in the backlog.
    public func pause() {
        guard let loop, !isPaused else { return }
        loop.assertConfined()
        isPaused = true
        loop.setInterest([], number: descriptor.number, ticket: ticket)
    }

    /// Accepts again.
    public func resume() {
        guard let loop, isPaused else { return }
        loop.assertConfined()
        isPaused = false
        loop.setInterest(.read, number: descriptor.number, ticket: ticket)
    }

    // MARK: Called by the loop

    func ready(_ readiness: Readiness) {
        for _ in 0..<Self.acceptsPerRound {
            guard let loop, let accepted, !isPaused else { return }
            var peer = sockaddr_storage()
            let number = unsafe chat_accept(descriptor.number, &peer)
            if number >= 0 {
                var one: Int32 = 1
                unsafe setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
                accepted(Descriptor(owning: number), SocketAddress.text(of: peer).host)
                continue
            }
            let code = chat_errno()
            switch AcceptVerdict(errno: code) {
            case .wait: return
            case .next: continue
            case .rest:
                rest(on: loop)
                return troubled(code)
            case .broken:
                let tell = troubled
                stop()
                return tell(code)
            }
        }
    }

    func deadlineReached() {}

    func loopStopped() {
        stop()
    }

    private func rest(on loop: EventLoop) {
        loop.setInterest([], number: descriptor.number, ticket: ticket)
        loop.schedule(after: Self.rest) { [weak self] in
            guard let self, self.loop != nil, !self.isPaused else { return }
            loop.setInterest(.read, number: self.descriptor.number, ticket: self.ticket)
        }
    }
}
