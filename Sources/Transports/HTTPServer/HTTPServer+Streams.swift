public import ChatNet
import Synchronization

// What becomes of its streams: their TLS handshakes, of which there are only so many at a time, and their end.
extension HTTPServer: StreamOwner {
    /// On the loop that accepts.
    func handshakeBegins() {
        counters.countHandshake()
        guard door.withLock({ $0.handshakes.begin() }) else { return }
        counters.countHandshakesFull()
        log(.handshakesFull)
        forSecureListeners { $0.pause() }
    }

    private func forSecureListeners(_ body: (Listener) -> Void) {
        for (listener, point) in zip(listeners.withLock { $0 }, points) where point.tls != nil { body(listener) }
    }

    /// Called by its streams: a full house shortens the time, whenever that is noticed.
    public func handshakeDeadline(of stream: ByteStream, began: Int64) -> Int64? {
        let now = stream.loop.now
        let last = began + limits.handshakeTimeout.nanoseconds
        let lastWhenCrowded = began + min(limits.handshakeTimeoutWhenCrowded, limits.handshakeTimeout).nanoseconds
        if now < lastWhenCrowded { return lastWhenCrowded }
        let isCrowded = door.withLock { $0.handshakes.isCrowded }
        guard !isCrowded, now < last else { return nil }
        // Asked again before the end: the house may fill.
        return min(last, now + limits.handshakeTimeoutWhenCrowded.nanoseconds / 4)
    }

    /// Called by its streams.
    public func handshakeOver(_ stream: ByteStream, failure: TLSFailure?) {
        counters.countHandshake(over: failure)
        if door.withLock({ $0.handshakes.end() }) { loops.loops[0].post { self.forSecureListeners { $0.resume() } } }
        guard let failure else { return }
        log(.handshakeFailed(failure, peer: stream.peerAddress))
        guard failure == .plainHTTP else { return }
        let response = errorBody(400, nil, "this port speaks TLS: the address begins with https")
        counters.countAnswer(400)
        stream.send(serialize(response, to: nil, keepAlive: false, on: stream))
    }

    /// Called by its streams.
    public func ended(_ stream: ByteStream) {
        counters.countDeparture()
        door.withLock { $0.book.leave(from: stream.peerAddress) }
        openLatchIfQuiet()
    }
}
