import CLinux

/// A connected socket on its loop: bytes in to a handler, bytes out in order.
///
/// Confinement, which is what `@unchecked Sendable` stands on: a reference may be kept and passed on anywhere, but only
/// the loop's thread may use it (`loop` and `peerAddress` never change and may be read by all).
///
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

    private enum State: UInt8 {
        case fresh
        case open
        case closing
        case ending
        case ended
    }

    private var descriptor: Descriptor
    private var state = State.fresh
    private var readingPaused = false
    private var inputOver = false
    private var flushed = false
    private var interest: Readiness = []
    private var ticket: UInt64 = 0
    private var leftover: [UInt8] = []
    private var queue: Backlog?
    private var receiver: (any StreamHandler)?

    /// Who else wants to know when it has ended, whatever handler it has by then. For those who count.
    public var owner: (any StreamOwner)?

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

    init(_ descriptor: consuming Descriptor, peer: String, loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
        peerAddress = peer
    }

    // MARK: Handler, deadline, state

    /// Who receives the bytes. May be exchanged at any time; bytes left unconsumed go to the new one.
    public var handler: (any StreamHandler)? {
        get { receiver }
        set {
            loop.assertConfined()
            guard state == .open else { return }
            receiver = newValue
            loop.redeliver(self)
        }
    }

    /// When to call `deadlineReached`, in monotonic nanoseconds; nil for never. Never early, up to 70 ms late. To move it
    /// later costs one store, so it may be done for each frame.
    public var deadline: Int64? {
        get { loop.deadline(of: descriptor.number) }
        set {
            loop.assertConfined()
            guard state == .open else { return }
            loop.setDeadline(of: descriptor.number, to: newValue)
        }
    }

    /// Whether bytes may be sent.
    public var isOpen: Bool { state == .open }

    /// Bytes received that the handler has not consumed. Inside `received` it does not count what is being handed in.
    public var unconsumedBytes: Int { leftover.count }

    /// Whether the peer has ended its sending side.
    public var isInputOver: Bool { inputOver }

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
        let sent = unsafe bytes.withUnsafeBytes { bytes in
            unsafe writePlain(bytes)
        }
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
            let end = min(head &+ Self.buffersPerCall, chunks.count)
            let size = chunks[head..<end].reduce(0) { $0 &+ $1.count }
            guard size > 0 else {
                head = end
                continue
            }
            let sent = writeGathered(chunks[head..<end], offset: 0)
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
            return
        }
        // One call a round: a fast reader of a long queue gets its turn again, as do the others.
        let sent = writeGathered(backlog.queue.chunks[backlog.queue.head...], offset: backlog.queue.offset)
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
        loop.redeliver(self)
    }

    private func read() {
        guard state == .open, !readingPaused else {
            if state == .closing { discard() } else { wish(interest.subtracting(.read)) }
            return
        }
        let kept = restoreLeftover()
        let limit = kept &+ min(ReadBuffer.size &- kept, Int(max(1, readLimit)))
        let count = readPlain(kept..<limit)
        if count > 0 {
            deliver(kept &+ count)
        } else if count == 0 {
            inputOver = true
            wish(interest.subtracting(.read))
            receiver?.inputEnded(self)
        } else if count != -Int(EAGAIN) {
            end(.failed(Int32(-count)))
        }
    }

    func redeliver() {
        guard state == .open, !readingPaused, !leftover.isEmpty else { return }
        deliver(restoreLeftover())
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
        let count = readPlain(0..<ReadBuffer.size)
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
        guard state == .open || state == .closing || state == .fresh else { return }
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
        loop.setDeadline(of: descriptor.number, to: deadline)
        if !inputOver { wish(interest.union(.read)) }
        if queue == nil { endOutput() }
    }

    private func endOutput() {
        flushed = true
        if inputOver {
            end(.closed)
        } else if shutdown(descriptor.number, Int32(SHUT_WR)) != 0 {
            end(.closed)
        }
    }

    func finish(_ reason: EndReason) {
        guard state == .ending else { return }
        state = .ended
        loop.setDeadline(of: descriptor.number, to: nil)
        loop.unwatch(ticket)
        descriptor.close()
        queue = nil
        leftover = []
        let last = receiver
        receiver = nil
        last?.ended(self, reason: reason)
        owner?.ended(self)
        owner = nil
    }

    // MARK: Called by the loop

    func open(_ attach: (ByteStream) -> any StreamHandler) {
        interest = .read
        do {
            ticket = try loop.watch(descriptor.number, for: interest, self)
            state = .open
            receiver = attach(self)
        } catch {
            receiver = attach(self)
            end(.failed(error.code))
        }
    }

    func ready(_ readiness: Readiness) {
        if readiness.contains(.write), state == .open || state == .closing { flush() }
        if readiness.contains(.read), state == .open || state == .closing { read() }
        // With something left to read, reading finds out by itself.
        if !readiness.isDisjoint(with: .over), !readiness.contains(.read) || readingPaused {
            end(state == .closing && flushed ? .closed : socketFailure())
        }
    }

    func deadlineReached() {
        switch state {
        case .open: receiver?.deadlineReached(self, now: loop.now)
        case .closing: end(.closed)
        case .fresh, .ending, .ended: break
        }
    }

    func loopStopped() {
        end(.loopStopped)
    }

    private func wish(_ wanted: Readiness) {
        guard wanted != interest, state == .open || state == .closing else { return }
        interest = wanted
        loop.setInterest(wanted, number: descriptor.number, ticket: ticket)
    }

    // MARK: The plain socket. What follows is the seam for TLS: nothing else touches bytes and the descriptor together.

    private static let buffersPerCall = 64

    /// Count read, 0 at the end of input, or a negative `errno`.
    private func readPlain(_ range: Range<Int>) -> Int {
        let buffer = unsafe UnsafeMutableRawBufferPointer(rebasing: loop.readBuffer.bytes[range])
        while true {
            let count = unsafe recv(descriptor.number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count >= 0 { return count }
            if chat_errno() != EINTR { return -Int(chat_errno()) }
        }
    }

    /// Count sent, or a negative `errno`.
    private func writePlain(_ bytes: UnsafeRawBufferPointer) -> Int {
        while true {
            let count = unsafe CLinux.send(descriptor.number, bytes.baseAddress, bytes.count, Self.sendFlags)
            if count >= 0 { return count }
            if chat_errno() != EINTR { return -Int(chat_errno()) }
        }
    }

    private func writePlain(_ vectors: UnsafeMutableBufferPointer<iovec>, count: Int) -> Int {
        var message = unsafe msghdr()
        unsafe message.msg_iov = vectors.baseAddress
        unsafe message.msg_iovlen = count
        while true {
            let sent = unsafe sendmsg(descriptor.number, &message, Self.sendFlags)
            if sent >= 0 { return sent }
            if chat_errno() != EINTR { return -Int(chat_errno()) }
        }
    }

    private static var sendFlags: Int32 { Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT) }

    /// Sends up to 64 buffers, the first from `offset`, with one call.
    private func writeGathered(_ chunks: ArraySlice<[UInt8]>, offset: Int) -> Int {
        unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.buffersPerCall) { vectors in
            unsafe gather(chunks, at: chunks.startIndex, offset: offset, into: vectors, count: 0)
        }
    }

    /// Each level pins one buffer, so all of them are pinned when the call is made.
    private func gather(
        _ chunks: ArraySlice<[UInt8]>, at index: Int, offset: Int, into vectors: UnsafeMutableBufferPointer<iovec>,
        count: Int
    ) -> Int {
        guard index < chunks.endIndex, count < Self.buffersPerCall else {
            return unsafe writePlain(vectors, count: count)
        }
        return unsafe chunks[index].withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress, bytes.count > offset else {
                return unsafe gather(chunks, at: index &+ 1, offset: 0, into: vectors, count: count)
            }
            unsafe vectors[count] = iovec(
                iov_base: UnsafeMutableRawPointer(mutating: start + offset), iov_len: bytes.count &- offset)
            return unsafe gather(chunks, at: index &+ 1, offset: 0, into: vectors, count: count &+ 1)
        }
    }

    private func socketFailure() -> EndReason {
        var code: Int32 = 0
        var size = socklen_t(4)
        unsafe getsockopt(descriptor.number, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0 ? .peerClosed : .failed(code)
    }
}
