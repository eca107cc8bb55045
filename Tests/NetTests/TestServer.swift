import ChatNet
import Synchronization

/// A listener on a free port of 127.0.0.1, one loop, and whatever handler a test brings.
final class TestServer: Sendable {
    let loop: EventLoop
    let port: UInt16
    let ends = Recorder<EndReason>()

    init(
        tls: TLSContext? = nil, _ handler: @escaping @Sendable (ByteStream, TestServer) -> any StreamHandler
    ) throws {
        loop = try EventLoop()
        let listener = try Listener(ListenAddress("127.0.0.1:0"))
        port = listener.address.port
        let loop = self.loop
        try loop.start()
        loop.post { [self] in
            try? listener.start(on: loop) { descriptor, peer in
                loop.adopt(descriptor, peer: peer, tls: tls) { stream in handler(stream, self) }
            }
        }
    }

    /// Runs on the loop and waits for the answer.
    func ask<Answer: Sendable>(_ body: @escaping @Sendable (EventLoop) -> Answer) async -> Answer {
        await withCheckedContinuation { continuation in
            loop.post { [loop] in continuation.resume(returning: body(loop)) }
        }
    }

    func stop() async {
        loop.stop()
        await loop.ended()
    }
}

/// Handlers in tests are closures over this.
final class Script: StreamHandler, @unchecked Sendable {
    let server: TestServer
    var onReceived: (inout MutableRawSpan, ByteStream) -> Int = { bytes, _ in bytes.byteCount }
    var onInputEnded: (ByteStream) -> Void = { $0.end(.peerClosed) }
    var onDrained: (ByteStream) -> Void = { _ in }
    var onDeadline: (ByteStream) -> Void = { $0.close() }
    var onEnded: (ByteStream, EndReason) -> Void = { _, _ in }

    init(_ server: TestServer) { self.server = server }

    /// Sends everything back.
    static func echo(_ server: TestServer) -> Script {
        let script = Script(server)
        script.onReceived = { bytes, stream in
            stream.send(array(bytes))
            return bytes.byteCount
        }
        return script
    }

    /// Takes one byte a turn and sends it back: pauses, and goes on from a timer.
    static func byteByByte(_ server: TestServer, noting handed: Recorder<String>) -> Script {
        let script = Script(server)
        script.onReceived = { bytes, stream in
            handed.note(text(array(bytes)))
            stream.send([bytes.byte(at: 0)])
            stream.pauseReading()
            stream.loop.schedule(after: 1_000_000) { stream.resumeReading() }
            return 1
        }
        return script
    }

    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int { onReceived(&bytes, stream) }
    func inputEnded(_ stream: ByteStream) { onInputEnded(stream) }
    func drained(_ stream: ByteStream) { onDrained(stream) }
    func deadlineReached(_ stream: ByteStream, now: Int64) { onDeadline(stream) }
    func ended(_ stream: ByteStream, reason: EndReason) {
        server.ends.note(reason)
        onEnded(stream, reason)
    }
}

/// The bytes of a span, in an array.
func array(_ bytes: borrowing MutableRawSpan) -> [UInt8] {
    unsafe bytes.withUnsafeBytes { unsafe Array($0) }
}

extension MutableRawSpan {
    func byte(at place: Int) -> UInt8 { unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self) }
}

/// What happened, in its order, as seen by any thread.
final class Recorder<Event: Sendable>: Sendable {
    private let events = Mutex<[Event]>([])
    func note(_ event: Event) { events.withLock { $0.append(event) } }
    var all: [Event] { events.withLock { $0 } }
}
