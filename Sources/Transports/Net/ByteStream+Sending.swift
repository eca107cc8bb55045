import CLinux

// What goes out: at once as far as the socket takes it, the rest from a backlog.
extension ByteStream {
    /// Bytes that wait for the peer to read.
    public var queuedBytes: Int { backlog?.bytes ?? 0 }

    /// Since when the peer has taken nothing although something waits (monotonic nanoseconds), or nil.
    public var stalledSince: Int64? { backlog?.since }

    /// Sends now what the socket takes and keeps a reference to the rest. On a stream that is no longer open it does nothing.
    /// A failure ends the stream, in this round but not inside this call.
    public func send(_ bytes: [UInt8]) {
        loop.assertConfined()
        guard state == .open else { return }
        if let backlog { return backlog.append(bytes) }
        guard !bytes.isEmpty else { return }
        let sent = socket.write(bytes)
        if sent < bytes.count { keep(CollectionOfOne(bytes), sent: sent) }
    }

    /// Sends several buffers in order with one system call (64 buffers each), under the same rules as `send(_:)`.
    public func sendGather(_ chunks: [[UInt8]]) {
        loop.assertConfined()
        guard state == .open else { return }
        if let backlog {
            for chunk in chunks { backlog.append(chunk) }
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
        guard sent >= 0 || sent == -Int(EAGAIN) else { return end(.failed(Int32(-sent))) }
        backlog = Backlog(chunks, sent: max(0, sent), now: loop.now)
        wish(interest.union(.write))
    }

    /// The socket takes more.
    func flush() {
        guard let backlog else {
            wish(interest.subtracting(.write))
            if state == .closing, !flushed { endOutput() }
            return
        }
        // One call a round: a fast reader of a long queue gets its turn again, as do the others.
        let sent = backlog.send(on: socket, now: loop.now)
        guard sent >= 0 else {
            if sent != -Int(EAGAIN) { end(.failed(Int32(-sent))) }
            return
        }
        if backlog.isEmpty {
            self.backlog = nil
            wish(interest.subtracting(.write))
            if state == .closing { endOutput() }
        }
        if state == .open, queuedBytes <= Self.lowWater { receiver?.drained(self) }
    }
}
