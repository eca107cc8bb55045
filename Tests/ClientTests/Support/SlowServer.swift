import ChatNet

/// Answers whoever asks with the head of an answer at once, and its body a byte at a time.
final class SlowServer: Sendable {
    let port: UInt16

    /// - Parameters:
    ///   - announced: bytes of the body that the head promises.
    ///   - sent: those that come.
    ///   - pause: between two of them, in milliseconds.
    init(on loop: EventLoop, announced: Int, sent: Int, pause: Int64) throws {
        let listener = try Listener(ListenAddress("127.0.0.1:0"))
        port = listener.address.port
        loop.post {
            try? listener.start(on: loop) { descriptor, peer in
                loop.adopt(descriptor, peer: peer) { stream in
                    stream.send(Array("HTTP/1.1 200 OK\r\nContent-Length: \(announced)\r\n\r\n".utf8))
                    Self.drip(sent, on: stream, pause * 1_000_000)
                    return Mute()
                }
            }
        }
    }

    private static func drip(_ count: Int, on stream: ByteStream, _ pause: Int64) {
        guard count > 0, stream.isOpen else { return }
        stream.loop.schedule(after: pause) {
            stream.send([UInt8(ascii: "x")])
            drip(count - 1, on: stream, pause)
        }
    }

    /// Hears what is said, and says nothing to that.
    private final class Mute: StreamHandler {
        func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int { bytes.byteCount }
        func ended(_ stream: ByteStream, reason: EndReason) {}
    }
}
