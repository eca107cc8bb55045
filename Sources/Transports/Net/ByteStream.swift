import CLinux

/// A connected socket on its loop, plain or with TLS: bytes in to a handler, bytes out in order.
///
/// Confinement, which is what `@unchecked Sendable` stands on: a reference may be kept and passed on anywhere, but only
/// the loop's thread may use it (`loop` and `peerAddress` never change and may be read by all).
///
///     greeting (TLS) ---handshake---> open
///     open ---closeAfterFlush---> closing ---sent, peer ended or deadline---> ending ---> ended
///       \------------------------ close, end, failure -----------------------^
///
/// Small on purpose: an idle stream is this object (about 150 bytes) and no buffer at all.
public final class ByteStream: Watcher, @unchecked Sendable {
    /// The loop it lives on.
    public let loop: EventLoop
    /// The peer's numeric address without the port, such as `127.0.0.1` or `::1`.
    public let peerAddress: String

    /// Bytes a handler may leave unconsumed while it asks for more: more than any header of the protocols above, so
    /// that they need no buffer of their own, and small enough that 10,000 such peers are no danger.
    public static let maximumLeftover = 128 << 10

    /// `drained` is called from here on down: enough to keep the socket busy while the handler fetches more.
    public static let lowWater = 64 << 10

    enum State: UInt8 {
        case fresh
        case greeting
        case open
        case closing
        case ending
        case ended
    }

    var socket: StreamSocket
    /// The descriptor's. Another stream may have it when this one has ended.
    let number: Int32
    var state = State.fresh
    /// Read and not consumed by the handler: comes first the next time.
    var leftover: [UInt8] = []
    /// The handler wants nothing for now.
    var isPaused = false
    /// What is left is about to be offered again.
    var isOffering = false
    /// Whether the peer has ended its sending side.
    public internal(set) var isInputOver = false
    /// Nil when nothing waits.
    var backlog: Backlog?
    /// All has been sent, and the peer told that nothing more will come.
    private(set) var flushed = false
    /// What epoll is to tell of.
    private(set) var interest: Readiness = []
    private var ticket: UInt64 = 0
    var receiver: (any StreamHandler)?

    /// Who else wants to know what becomes of it, whatever handler it has by then. For those who count.
    public private(set) var owner: (any StreamOwner)?

    /// Bytes taken from the socket at a time, at most. A protocol that pauses reading while it works should lower it: what has
    /// been read and not consumed is kept.
    public var readLimit = Int32(ByteStream.maximumRead)

    /// Bytes taken from the socket at a time unless `readLimit` says less.
    public static let maximumRead = ReadBuffer.size

    init(_ descriptor: consuming Descriptor, peer: String, loop: EventLoop, owner: (any StreamOwner)?) {
        number = descriptor.number
        socket = StreamSocket(descriptor)
        self.loop = loop
        self.owner = owner
        peerAddress = peer
    }

    // MARK: Handler, deadline, state

    /// Who receives the bytes. May be exchanged at any time; bytes left unconsumed go to the new one, and so does the end, even when
    /// it is on its way already: whoever is set before `ended` was called is told.
    public var handler: (any StreamHandler)? {
        get { receiver }
        set {
            loop.assertConfined()
            guard state != .ended else { return }
            receiver = newValue
            if state == .open { offerAgain() }
        }
    }

    /// When to call `deadlineReached`, in monotonic nanoseconds; nil for never. Never early, up to 70 ms late. To move it
    /// later costs one store, so it may be done for each frame.
    public var deadline: Int64? {
        get { state == .ended ? nil : loop.deadline(of: number) }
        set {
            loop.assertConfined()
            guard state == .open else { return }
            loop.setDeadline(of: number, to: newValue)
        }
    }

    /// Whether bytes may be sent.
    public var isOpen: Bool { state == .open }

    /// Whether there is TLS on it.
    public internal(set) var isSecure = false

    // MARK: Ending

    /// Closes without sending what is queued. `ended` follows in this round.
    public func close() {
        end(.closed)
    }

    /// As `close()`, with another reason for the handler.
    public func end(_ reason: EndReason) {
        loop.assertConfined()
        guard state != .ending, state != .ended else { return }
        state = .ending
        loop.doom(self, reason)
    }

    /// Sends what is queued, ends our sending side, and closes when the peer has ended its own or at the deadline
    /// (monotonic nanoseconds). Nothing more is received meanwhile, and nothing more can be sent.
    ///
    /// Closing at once would make the kernel answer bytes still under way with a reset, and a reset may destroy
    /// an answer the peer has not read (RFC 9112, 9.6).
    ///
    /// - Parameter stallLimit: as long as something is queued, the deadline moves to so many nanoseconds after the peer last took
    ///   some of it: a slow reader gets all. Nil for a deadline that stands.
    public func closeAfterFlush(deadline: Int64, stallLimit: Int64? = nil) {
        loop.assertConfined()
        guard state == .open else { return }
        state = .closing
        backlog?.stallLimit = stallLimit
        leftover = []
        loop.setDeadline(of: number, to: deadline)
        if !isInputOver { wish(interest.union(.read)) }
        if backlog == nil { endOutput() }
    }

    func endOutput() {
        switch socket.endOutput() {
        case .wait: return wish(interest.union(.write))
        case .done: flushed = true
        case .gone: return end(.closed)
        }
        if isInputOver { end(.closed) }
    }

    func finish(_ reason: EndReason) {
        guard state == .ending else { return }
        state = .ended
        loop.setDeadline(of: number, to: nil)
        loop.unwatch(ticket)
        // Whoever closes at once closes in order all the same, when nothing is left unsaid.
        if backlog == nil, !flushed { _ = socket.tls?.sayGoodbye() }
        socket.close()
        backlog = nil
        leftover = []
        if socket.tls?.greeting != nil { owner?.handshakeOver(self, failure: .abandoned) }
        let last = receiver
        receiver = nil
        last?.ended(self, reason: reason)
        owner?.ended(self)
        owner = nil
    }

    // MARK: Called by the loop

    func open(_ role: TLSRole?, _ attach: @escaping (ByteStream) -> any StreamHandler) {
        if let role {
            greet(as: role, attach)
        } else if watch() {
            state = .open
            receiver = attach(self)
        } else {
            receiver = attach(self)
        }
    }

    func watch() -> Bool {
        interest = .read
        do {
            ticket = try loop.watch(number, for: interest, self)
            return true
        } catch {
            end(.failed(error.code))
            return false
        }
    }

    func ready(_ readiness: Readiness) {
        guard state != .greeting else { return shakeHands() }
        let readiness = isSecure ? socket.unblocked(by: readiness) : readiness
        if readiness.contains(.write), state == .open || state == .closing { flush() }
        if readiness.contains(.read), state == .open || state == .closing { read() }
        // With something left to read, reading finds out by itself.
        if !readiness.isDisjoint(with: .over), !readiness.contains(.read) || isPaused {
            end(state == .closing && flushed ? .closed : failure())
        }
    }

    func deadlineReached() {
        switch state {
        case .open: receiver?.deadlineReached(self, now: loop.now)
        case .greeting: askForTime()
        case .closing:
            guard let due = backlog?.stallsAt, due > loop.now else { return end(.closed) }
            loop.setDeadline(of: number, to: due)
        case .fresh, .ending, .ended: break
        }
    }

    func loopStopped() {
        end(.loopStopped)
    }

    /// Why epoll says that it is over.
    private func failure() -> EndReason {
        let code = socket.pendingError()
        return code == 0 ? .peerClosed : .failed(code)
    }

    func wish(_ wished: Readiness) {
        let wanted = wished.union(socket.alsoAwaited)
        guard wanted != interest, state != .ending, state != .ended else { return }
        interest = wanted
        loop.setInterest(wanted, number: number, ticket: ticket)
    }
}
