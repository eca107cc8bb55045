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
    var state = State.fresh
    private var readingPaused = false
    private var inputOver = false
    private var flushed = false
    private var interest: Readiness = []
    private var ticket: UInt64 = 0
    private var leftover: [UInt8] = []
    /// What is left unconsumed is about to be offered again; nothing is read until it has been.
    private var isOffering = false
    private var queue: Backlog?
    var receiver: (any StreamHandler)?

    /// Who else wants to know what becomes of it, whatever handler it has by then. For those who count.
    public private(set) var owner: (any StreamOwner)?

    /// Bytes taken from the socket at a time, at most. A protocol that pauses reading while it works should lower it: what has
    /// been read and not consumed is kept.
    public var readLimit = Int32(ByteStream.maximumRead)

    /// Bytes taken from the socket at a time unless `readLimit` says less.
    public static let maximumRead = ReadBuffer.size

    /// Exists only while something is queued, so that an idle stream does not carry it.
    private final class Backlog {
        var queue = SendQueue()
        var since: Int64
        init(since: Int64) { self.since = since }
    }

    init(_ descriptor: consuming Descriptor, peer: String, loop: EventLoop, owner: (any StreamOwner)?) {
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
        get { loop.deadline(of: socket.number) }
        set {
            loop.assertConfined()
            guard state == .open else { return }
            loop.setDeadline(of: socket.number, to: newValue)
        }
    }

    /// Whether bytes may be sent.
    public var isOpen: Bool { state == .open }

    /// Bytes received that the handler has not consumed. Inside `received` it does not count what is being handed in.
    public var unconsumedBytes: Int { leftover.count }

    /// Whether the peer has ended its sending side.
    public var isInputOver: Bool { inputOver }

    /// Whether the input ended without TLS's farewell: see ``EndReason/truncated``. Never so on a plain stream, which has none.
    public var isInputTruncated: Bool { inputOver && socket.tls?.isTruncated == true }

    /// Whether there is TLS on it.
    public var isSecure: Bool { socket.tls != nil }

    // MARK: Sending

    /// Bytes that wait for the peer to read.
    public var queuedBytes: Int { queue?.queue.bytes ?? 0 }

    /// Since when the peer has taken nothing although something waits (monotonic nanoseconds), or nil.
    public var stalledSince: Int64? { queue?.since }

    /// Sends now what the socket takes and keeps a reference to the rest. On a stream that is no longer open it does nothing.
    /// A failure ends the stream, in this round but not inside this call.
    public func send(_ bytes: [UInt8]) {
        loop.assertConfined()
        guard state == .open else { return }
        if let queue {
            queue.queue.append(bytes)
            return
        }
        guard !bytes.isEmpty else { return }
        let sent = socket.write(bytes)
        if sent < bytes.count { keep(CollectionOfOne(bytes), sent: sent) }
    }

    /// Sends several buffers in order with one system call (64 buffers each), under the same rules as `send(_:)`.
    public func sendGather(_ chunks: [[UInt8]]) {
        loop.assertConfined()
        guard state == .open else { return }
        if let queue {
            for chunk in chunks { queue.queue.append(chunk) }
            return
        }
        var head = 0
        while head < chunks.count {
            let end = min(head &+ PlainSocket.buffersPerCall, chunks.count)
            let size = chunks[head..<end].reduce(0) { $0 &+ $1.count }
            guard size > 0 else {
                head = end
                continue
            }
            let sent = socket.write(gathering: chunks[head..<end], offset: 0)
            if sent < size {
                keep(chunks[head...], sent: sent)
                return
            }
            head = end
        }
    }

    /// Queues what is left of `chunks` after `sent` bytes; a negative count is the `errno` of a failed call.
    private func keep(_ chunks: some Collection<[UInt8]>, sent: Int) {
        var skip = sent
        if sent < 0 {
            guard sent == -Int(EAGAIN) else { return end(.failed(Int32(-sent))) }
            skip = 0
        }
        let backlog = Backlog(since: loop.now)
        for chunk in chunks {
            let part = min(skip, chunk.count)
            skip &-= part
            backlog.queue.append(chunk, from: part)
        }
        queue = backlog
        wish(interest.union(.write))
    }

    private func flush() {
        guard let backlog = queue else {
            wish(interest.subtracting(.write))
            if state == .closing, !flushed { endOutput() }
            return
        }
        // One call a round: a fast reader of a long queue gets its turn again, as do the others.
        let sent = socket.write(gathering: backlog.queue.chunks[backlog.queue.head...], offset: backlog.queue.offset)
        guard sent >= 0 else {
            if sent != -Int(EAGAIN) { end(.failed(Int32(-sent))) }
            return
        }
        backlog.queue.advance(sent)
        backlog.since = loop.now
        if backlog.queue.isEmpty {
            queue = nil
            wish(interest.subtracting(.write))
            if state == .closing { endOutput() }
        }
        if state == .open, queuedBytes <= Self.lowWater { receiver?.drained(self) }
    }

    // MARK: Reading

    /// Calls `received` no more until `resumeReading()`. What a handler has left unconsumed is kept.
    public func pauseReading() {
        loop.assertConfined()
        // Epoll is told only when something arrives meanwhile: mostly nothing does.
        readingPaused = true
    }

    /// Goes on reading, and offers what was left unconsumed again, in this round or the next. The latter also when reading was not
    /// paused: for a handler that can now do more with what it has seen.
    public func resumeReading() {
        loop.assertConfined()
        guard state == .open else { return }
        if readingPaused, !inputOver { wish(interest.union(.read)) }
        readingPaused = false
        offerAgain()
    }

    private func offerAgain() {
        isOffering = true
        loop.redeliver(self)
    }

    private func read() {
        guard state == .open, !readingPaused else {
            if state == .closing { discard() } else { wish(interest.subtracting(.read)) }
            return
        }
        // A peer that sends faster than its handler takes shall wait, not overflow. Epoll will tell again.
        guard !isOffering || leftover.isEmpty else { return }
        receive()
    }

    private func receive() {
        let kept = restoreLeftover()
        let limit = kept &+ min(ReadBuffer.size &- kept, Int(max(1, readLimit)))
        let count = socket.read(into: loop.readBuffer, kept..<limit)
        if socket.holdsInput { loop.redeliver(self) }
        if count > 0 {
            deliver(kept &+ count)
        } else if count == 0 {
            inputOver = true
            wish(interest.subtracting(.read))
            receiver?.inputEnded(self)
        } else if count != -Int(EAGAIN) {
            end(.failed(Int32(-count)))
        } else {
            wish(interest)
        }
    }

    func redeliver() {
        let isOffered = isOffering
        isOffering = false
        guard state == .open, !readingPaused else { return }
        if !leftover.isEmpty, isOffered || !socket.holdsInput {
            deliver(restoreLeftover())
            // In its own turn, so that what was left can shrink before.
            if socket.holdsInput { loop.redeliver(self) }
        } else if socket.holdsInput {
            receive()
        }
    }

    /// Copies the leftover to the front of the shared buffer. It stays what it is until `deliver` replaces it.
    private func restoreLeftover() -> Int {
        if !leftover.isEmpty { loop.readBuffer.restore(leftover) }
        return leftover.count
    }

    private func deliver(_ count: Int) {
        var start = 0
        while start < count, state == .open, !readingPaused, let current = receiver {
            let fresh = unsafe UnsafeMutableRawBufferPointer(rebasing: loop.readBuffer.bytes[start..<count])
            var bytes = unsafe fresh.mutableBytes
            start &+= min(max(0, current.received(&bytes, on: self)), count &- start)
            // The same handler has seen all there is; a new one begins with the rest.
            if receiver === current { break }
        }
        guard state == .open, start < count else {
            if !leftover.isEmpty { leftover = [] }
            return
        }
        guard readingPaused || count &- start <= Self.maximumLeftover else { return end(.overflow) }
        leftover = loop.readBuffer.copy(start..<count)
    }

    /// While closing: read and forget, so that the peer is not reset before it has read our last words.
    private func discard() {
        let count = socket.discard(into: loop.readBuffer)
        if count == 0 {
            inputOver = true
            wish(interest.subtracting(.read))
            if flushed { end(.closed) }
        } else if count < 0, count != -Int(EAGAIN) {
            end(flushed ? .closed : .failed(Int32(-count)))
        }
    }

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
    public func closeAfterFlush(deadline: Int64) {
        loop.assertConfined()
        guard state == .open else { return }
        state = .closing
        leftover = []
        loop.setDeadline(of: socket.number, to: deadline)
        if !inputOver { wish(interest.union(.read)) }
        if queue == nil { endOutput() }
    }

    private func endOutput() {
        switch socket.endOutput() {
        case .wait: return wish(interest.union(.write))
        case .done: flushed = true
        case .gone: return end(.closed)
        }
        if inputOver { end(.closed) }
    }

    func finish(_ reason: EndReason) {
        guard state == .ending else { return }
        state = .ended
        loop.setDeadline(of: socket.number, to: nil)
        loop.unwatch(ticket)
        // Whoever closes at once closes in order all the same, when nothing is left unsaid.
        if queue == nil, !flushed { _ = socket.tls?.sayGoodbye() }
        socket.close()
        queue = nil
        leftover = []
        if socket.tls?.greeting != nil { owner?.handshakeOver(self, failure: .abandoned) }
        let last = receiver
        receiver = nil
        last?.ended(self, reason: reason)
        owner?.ended(self)
        owner = nil
    }

    // MARK: Called by the loop

    func open(_ tls: TLSContext?, _ attach: @escaping (ByteStream) -> any StreamHandler) {
        if let tls {
            greet(with: tls, attach)
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
            ticket = try loop.watch(socket.number, for: interest, self)
            return true
        } catch {
            end(.failed(error.code))
            return false
        }
    }

    func ready(_ readiness: Readiness) {
        guard state != .greeting else { return shakeHands() }
        let readiness = socket.unblocked(by: readiness)
        if readiness.contains(.write), state == .open || state == .closing { flush() }
        if readiness.contains(.read), state == .open || state == .closing { read() }
        // With something left to read, reading finds out by itself.
        if !readiness.isDisjoint(with: .over), !readiness.contains(.read) || readingPaused {
            end(state == .closing && flushed ? .closed : failure())
        }
    }

    func deadlineReached() {
        switch state {
        case .open: receiver?.deadlineReached(self, now: loop.now)
        case .greeting: askForTime()
        case .closing: end(.closed)
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
        loop.setInterest(wanted, number: socket.number, ticket: ticket)
    }
}
