import ChatNet
import Synchronization

/// A way to a host on which the host's answers can be lost.
final class Relay: Sendable {
    let port: UInt16
    private let loop: EventLoop
    private let isMute = Mutex(false)

    init(to host: UInt16) async throws {
        loop = try EventLoop()
        let listener = try Listener(ListenAddress("127.0.0.1:0"))
        port = listener.address.port
        try loop.start()
        let addresses = try await withCheckedContinuation { continuation in
            PeerAddress.find(host: "127.0.0.1", port: host) { continuation.resume(returning: $0) }
        }.get()
        loop.post { [self, loop] in
            try? listener.start(on: loop) { [self, loop] descriptor, peer in
                loop.adopt(descriptor, peer: peer) { [self] near in
                    let client = End { true }
                    let host = End { [self] in isMute.withLock { !$0 } }
                    host.other = near
                    try? near.loop.connect(to: addresses[0]) { far in
                        client.other = far
                        return host
                    }
                    return client
                }
            }
        }
    }

    func end() async {
        loop.stop()
        await loop.ended()
    }

    /// From now on nothing of what the host says arrives; or again it does.
    func mute(_ isMute: Bool) { self.isMute.withLock { $0 = isMute } }

    /// One side of a connection. Lives on the relay's loop, which `@unchecked Sendable` stands on.
    private final class End: StreamHandler, @unchecked Sendable {
        /// Where its words go.
        var other: ByteStream?
        private let isHeard: () -> Bool

        init(isHeard: @escaping () -> Bool) { self.isHeard = isHeard }

        func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
            // Not connected yet: they are offered again.
            guard let other else {
                stream.loop.schedule(after: 1_000_000) { stream.resumeReading() }
                return 0
            }
            if isHeard() { other.send(unsafe bytes.withUnsafeBytes { unsafe Array($0) }) }
            return bytes.byteCount
        }

        func ended(_ stream: ByteStream, reason: EndReason) {
            other?.close()
            other = nil
        }
    }
}
