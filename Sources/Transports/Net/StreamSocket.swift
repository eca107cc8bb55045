import CLinux

/// A connected socket, plain or with TLS on it: what a stream reads and writes, whichever it is.
///
/// Counts are of bytes; a negative one is an `errno`. For a plain socket the choice costs one look at a pointer.
struct StreamSocket: ~Copyable {
    private var plain: PlainSocket
    /// Nil for a plain socket.
    private(set) var tls: TLSSession?

    init(_ descriptor: consuming Descriptor) {
        plain = PlainSocket(descriptor)
    }

    var number: Int32 { plain.number }

    /// Puts TLS on it. False when there is no memory for that.
    mutating func secure(as role: TLSRole, _ greeting: TLSSession.Greeting) -> Bool {
        tls = TLSSession(on: number, as: role)
        tls?.greeting = greeting
        return tls != nil
    }

    /// Goes on without TLS: for the last words to a peer whose handshake has failed.
    mutating func dropTLS() { tls = nil }

    mutating func close() { plain.close() }

    /// Reads into a range of the buffer. 0 at the end of input.
    func read(into buffer: ReadBuffer, _ range: Range<Int>) -> Int {
        if let tls { tls.read(into: buffer, range) } else { plain.read(into: buffer, range) }
    }

    /// Reads what nobody wants to know.
    func discard(into buffer: ReadBuffer) -> Int {
        plain.read(into: buffer, 0..<ReadBuffer.size)
    }

    func write(_ bytes: [UInt8]) -> Int {
        guard let tls else { return plain.write(bytes) }
        return unsafe bytes.withUnsafeBytes { unsafe tls.write($0) }
    }

    /// Sends the first buffers (64 of them, or 16 TLS records) as far as they are taken, the first of them from `offset` on.
    func write(gathering chunks: ArraySlice<[UInt8]>, offset: Int) -> Int {
        if let tls {
            tls.write(gathering: chunks, offset: offset)
        } else {
            plain.write(gathering: chunks, offset: offset)
        }
    }

    enum Farewell {
        case done
        /// The socket must take more before.
        case wait
        case gone
    }

    /// Tells the peer that nothing more will come, in TLS first.
    func endOutput() -> Farewell {
        if let tls, !tls.sayGoodbye() { return .wait }
        return plain.endOutput() ? .done : .gone
    }

    /// Input that epoll will not tell of again.
    var holdsInput: Bool { tls?.holdsInput ?? false }

    /// What TLS waits for besides what its stream does.
    var alsoAwaited: Readiness {
        guard let tls else { return [] }
        return Readiness(tls.readAwaitsWrite ? [.write] : []).union(tls.writeAwaitsRead ? [.read] : [])
    }

    /// What can go on now, given what the socket is ready for.
    func unblocked(by readiness: Readiness) -> Readiness {
        guard let tls else { return readiness }
        var unblocked = readiness
        if tls.readAwaitsWrite, readiness.contains(.write) { unblocked.insert(.read) }
        if tls.writeAwaitsRead, readiness.contains(.read) { unblocked.insert(.write) }
        return unblocked
    }

    /// The `errno` the system keeps for the socket, or 0.
    func pendingError() -> Int32 { plain.pendingError() }
}
