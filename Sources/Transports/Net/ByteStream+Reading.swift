import CLinux

// What comes in: into the loop's buffer and from there to the handler, again and again what it leaves.
extension ByteStream {
    /// Bytes received that the handler has not consumed. Inside `received` it does not count what is being handed in.
    public var unconsumedBytes: Int { leftover.count }

    /// Whether the input ended without TLS's farewell: see ``EndReason/truncated``. Never so on a plain stream, which has none.
    public var isInputTruncated: Bool { isInputOver && socket.tls?.isTruncated == true }

    /// Calls `received` no more until `resumeReading()`. What a handler has left unconsumed is kept.
    public func pauseReading() {
        loop.assertConfined()
        // Epoll is told only when something arrives meanwhile: mostly nothing does.
        isPaused = true
    }

    /// Goes on reading, and offers what was left unconsumed again, in this round or the next. The latter also when reading was not
    /// paused: for a handler that can now do more with what it has seen.
    public func resumeReading() {
        loop.assertConfined()
        guard state == .open else { return }
        if isPaused, !isInputOver { wish(interest.union(.read)) }
        isPaused = false
        offerAgain()
    }

    func offerAgain() {
        isOffering = true
        loop.redeliver(self)
    }

    /// The socket has something.
    func read() {
        guard state == .open, !isPaused else {
            if state == .closing { discard() } else { wish(interest.subtracting(.read)) }
            return
        }
        // What is left is offered before more is read, and epoll will tell again: a peer that sends faster than its handler takes
        // shall wait, not overflow.
        if !isOffering || leftover.isEmpty { receive() }
    }

    private func receive() {
        let kept = restore()
        let limit = kept &+ min(ReadBuffer.size &- kept, Int(max(1, readLimit)))
        let count = socket.read(into: loop.readBuffer, kept..<limit)
        if isSecure, socket.holdsInput { loop.redeliver(self) }
        if count > 0 {
            deliver(kept &+ count)
        } else if count == 0 {
            inputOver()
            receiver?.inputEnded(self)
        } else if count != -Int(EAGAIN) {
            end(.failed(Int32(-count)))
        } else {
            wish(interest)
        }
    }

    /// It is the stream's turn to offer what was left, or to read what epoll does not tell of.
    func redeliver() {
        let isOffered = isOffering
        isOffering = false
        guard state == .open, !isPaused else { return }
        if !leftover.isEmpty, isOffered || !socket.holdsInput {
            deliver(restore())
            // In its own turn, so that what was left can shrink before.
            if socket.holdsInput { loop.redeliver(self) }
        } else if socket.holdsInput {
            receive()
        }
    }

    private func deliver(_ count: Int) {
        var start = 0
        while start < count, state == .open, !isPaused, let current = receiver {
            let fresh = unsafe UnsafeMutableRawBufferPointer(rebasing: loop.readBuffer.bytes[start..<count])
            var bytes = unsafe fresh.mutableBytes
            start &+= min(max(0, current.received(&bytes, on: self)), count &- start)
            // The same handler has seen all there is; a new one begins with the rest.
            if receiver === current { break }
        }
        guard state == .open, start < count else { return forget() }
        guard isPaused || count &- start <= Self.maximumLeftover else { return end(.overflow) }
        leftover = loop.readBuffer.copy(start..<count)
    }

    /// Copies what is left to the front of the loop's buffer; how much it is. It stays what it is until there is something else.
    private func restore() -> Int {
        if !leftover.isEmpty { loop.readBuffer.restore(leftover) }
        return leftover.count
    }

    private func forget() {
        if !leftover.isEmpty { leftover = [] }
    }

    /// While closing: read and forget, so that the peer is not reset before it has read our last words.
    private func discard() {
        let count = socket.discard(into: loop.readBuffer)
        if count == 0 {
            inputOver()
            if flushed { end(.closed) }
        } else if count < 0, count != -Int(EAGAIN) {
            end(flushed ? .closed : .failed(Int32(-count)))
        }
    }

    private func inputOver() {
        isInputOver = true
        wish(interest.subtracting(.read))
    }
}
