import CLinux
import ChatNet
import Testing

@Suite("Connecting")
struct ConnectTests {
    /// What has come of a connection to an address, from the client's side.
    private final class Caller: StreamHandler, @unchecked Sendable {
        let done: @Sendable (String) -> Void
        private var heard = ""

        init(_ done: @escaping @Sendable (String) -> Void) { self.done = done }

        func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
            heard += String(decoding: array(bytes), as: UTF8.self)
            if heard.hasSuffix("\n") { stream.close() }
            return bytes.byteCount
        }

        func ended(_ stream: ByteStream, reason: EndReason) {
            if case .failed(let code) = reason { heard += "errno \(code)" }
            done(heard)
        }
    }

    private func addresses(_ host: String, _ port: UInt16) async throws -> [PeerAddress] {
        try await withCheckedContinuation { continuation in
            PeerAddress.find(host: host, port: port) { continuation.resume(returning: $0) }
        }.get()
    }

    /// Says a line before the connection can stand; what is answered, or why not.
    private func call(_ host: String, _ port: UInt16, on loop: EventLoop) async throws -> String {
        let address = try #require(try await addresses(host, port).first)
        return await withCheckedContinuation { continuation in
            loop.post {
                do throws(SystemError) {
                    try loop.connect(to: address) { stream in
                        stream.send(Array("hello\n".utf8))
                        return Caller { continuation.resume(returning: $0) }
                    }
                } catch {
                    continuation.resume(returning: error.description)
                }
            }
        }
    }

    @Test("what is said before the connection stands arrives, and is answered", arguments: ["127.0.0.1", "localhost"])
    func answered(host: String) async throws {
        let server = try TestServer { _, server in Script.echo(server) }
        #expect(try await call("127.0.0.1", server.port, on: server.loop) == "hello\n")
        #expect(try await addresses(host, server.port).isEmpty == false)
        await server.stop()
    }

    @Test("where nobody listens it ends with the system's reason")
    func refused() async throws {
        // A port that was free a moment ago, on a loop of its own.
        let gone = try Listener(ListenAddress("127.0.0.1:0"))
        let port = gone.address.port
        gone.stop()
        let loop = try EventLoop()
        try loop.start()
        #expect(try await call("127.0.0.1", port, on: loop) == "errno \(ECONNREFUSED)")
        loop.stop()
        await loop.ended()
    }

    @Test("a name that nobody has is said, and numeric addresses are not looked up")
    func names() async throws {
        let error = await #expect(throws: LookupError.self) { try await addresses("no such name", 80) }
        #expect(error?.host == "no such name")
        #expect(try await addresses("::1", 80).count == 1)
    }
}
