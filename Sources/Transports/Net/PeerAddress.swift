import CLinux

/// One address that a connection can be made to.
public struct PeerAddress: Sendable {
    let storage: sockaddr_storage
    let length: socklen_t

    /// The addresses that a name stands for, in the order in which they are to be tried.
    ///
    /// - Parameter answer: called once. For a numeric address at once, on the caller's thread; for a name later, on a thread of its own,
    ///   because the system's look-up blocks for as long as its resolver likes.
    public static func find(
        host: String, port: UInt16, _ answer: @escaping @Sendable (Result<[PeerAddress], LookupError>) -> Void
    ) {
        let numeric = Result { () throws(LookupError) in
            try look(up: host, port: port, flags: AI_NUMERICHOST | AI_NUMERICSERV)
        }
        if case .success = numeric { return answer(numeric) }
        do throws(SystemError) {
            _ = try LoopThread(name: "lookup") {
                answer(
                    Result { () throws(LookupError) in
                        try look(up: host, port: port, flags: AI_ADDRCONFIG | AI_NUMERICSERV)
                    })
            }
        } catch {
            answer(.failure(LookupError(host: host, detail: error.description)))
        }
    }

    private static func look(up host: String, port: UInt16, flags: Int32) throws(LookupError) -> [PeerAddress] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags
        var found: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(host, String(port), &hints, &found)
        guard code == 0 else {
            throw LookupError(host: host, detail: unsafe String(cString: gai_strerror(code)))
        }
        defer { if let found = unsafe found { unsafe freeaddrinfo(found) } }
        var addresses: [PeerAddress] = []
        var candidate = unsafe found
        while let entry = unsafe candidate, addresses.count < mostAddresses {
            unsafe candidate = entry.pointee.ai_next
            let length = unsafe entry.pointee.ai_addrlen
            guard let address = unsafe entry.pointee.ai_addr, length <= MemoryLayout<sockaddr_storage>.size else {
                continue
            }
            var storage = sockaddr_storage()
            unsafe withUnsafeMutableBytes(of: &storage) { room in
                unsafe room.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
            }
            addresses.append(PeerAddress(storage: storage, length: length))
        }
        return addresses
    }

    /// Of a name with more the rest is not tried.
    private static let mostAddresses = 16
}

/// A name that no address was found for.
public struct LookupError: Error, Sendable, Equatable, CustomStringConvertible {
    public var host: String
    /// The resolver's sentence.
    public var detail: String

    public var description: String { "cannot find \(host): \(detail)" }
}

extension EventLoop {
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
