import CLinux
import ChatNet
import TLSTesting
import Testing

/// The client's end of TLS: whom it believes.
struct TLSPeerTests {
    /// Says a line when TLS stands, and keeps what is answered; or why it does not stand.
    private final class Caller: StreamHandler, StreamOwner, @unchecked Sendable {
        let done: @Sendable (String) -> Void
        private var heard = ""

        init(_ done: @escaping @Sendable (String) -> Void) { self.done = done }

        func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
            heard += text(array(bytes))
            if heard.hasSuffix("\n") { stream.close() }
            return bytes.byteCount
        }

        func ended(_ stream: ByteStream, reason: EndReason) { done(heard) }

        func handshakeDeadline(of stream: ByteStream, began: Int64) -> Int64? { began + 5_000_000_000 }
        func handshakeOver(_ stream: ByteStream, failure: TLSFailure?) { if let failure { done("\(failure)") } }
        func ended(_ stream: ByteStream) {}
    }

    /// An echo with this certificate, or a page without one; and what it has read.
    private func echo(_ certificate: TestCertificate?) throws -> (TestServer, CertificateFiles?, Recorder<String>) {
        let files = try certificate.map { try CertificateFiles($0) }
        let read = Recorder<String>()
        let server = try TestServer(tls: try files?.context()) { _, server in
            let script = Script(server)
            script.onReceived = { bytes, stream in
                read.note(text(array(bytes)))
                stream.send(certificate == nil ? Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8) : array(bytes))
                return bytes.byteCount
            }
            return script
        }
        return (server, files, read)
    }

    private func call(
        _ port: UInt16, as host: String, trusting authorities: TLSTrust.Authorities, on loop: EventLoop
    ) async throws -> String {
        let found = await withCheckedContinuation { continuation in
            PeerAddress.find(host: "127.0.0.1", port: port) { continuation.resume(returning: $0) }
        }
        let address = try #require(try found.get().first)
        let peer = TLSPeer(host, trusting: try TLSTrust(authorities))
        return await withCheckedContinuation { continuation in
            loop.post {
                let caller = Caller { continuation.resume(returning: $0) }
                do throws(SystemError) {
                    try loop.connect(to: address, owner: caller, expecting: peer) { stream in
                        stream.send(Array("hello\n".utf8))
                        return caller
                    }
                } catch {
                    continuation.resume(returning: error.description)
                }
            }
        }
    }

    @Test(
        "a server whose certificate is for its name, or for its address, is spoken to",
        arguments: ["localhost", "127.0.0.1"])
    func believed(host: String) async throws {
        let (server, files, _) = try echo(TestCertificate())
        let path = try #require(files?.certificatePath)
        #expect(try await call(server.port, as: host, trusting: .file(path), on: server.loop) == "hello\n")
        await server.stop()
    }

    @Test("one that is not to be believed is told nothing, and why is said")
    func notBelieved() async throws {
        for (certificate, host, isKnown, reason) in [
            (TestCertificate(), "chat.example", true, "it is not for chat.example"),
            (TestCertificate(), "127.0.0.2", true, "it is not for 127.0.0.2"),
            // A common name is no name.
            (TestCertificate("localhost", others: "DNS:elsewhere"), "localhost", true, "it is not for localhost"),
            (TestCertificate("l", others: "DNS:l*.example"), "la.example", true, "it is not for la.example"),
            (TestCertificate(), "localhost", false, "it comes from no authority that is trusted here"),
            (TestCertificate(days: -1), "localhost", true, "it has expired"),
        ] {
            let (server, files, read) = try echo(certificate)
            let path = try #require(files?.certificatePath)
            let authorities = isKnown ? TLSTrust.Authorities.file(path) : .system
            #expect(try await call(server.port, as: host, trusting: authorities, on: server.loop) == reason)
            await server.stop()
            #expect(read.all == [])
        }
    }

    @Test("one that speaks no TLS, and one that is not there, are told apart")
    func noServer() async throws {
        let (server, _, _) = try echo(nil)
        #expect(
            try await call(server.port, as: "localhost", trusting: .system, on: server.loop) == "it speaks no TLS")
        let gone = try Listener(ListenAddress("127.0.0.1:0"))
        gone.stop()
        #expect(
            try await call(gone.address.port, as: "localhost", trusting: .system, on: server.loop)
                == "Connection refused")
        await server.stop()
    }

    @Test("a file that holds no authority is said to")
    func files() throws {
        let folder = try CertificateFiles()
        let missing = #expect(throws: TLSTrust.Problem.self) { try TLSTrust(.file("/nowhere/ca.pem")) }
        #expect(missing?.description.hasPrefix("the file /nowhere/ca.pem cannot be read: ") == true)
        let key = #expect(throws: TLSTrust.Problem.self) { try TLSTrust(.file(folder.privateKeyPath)) }
        #expect(key?.description.contains("has no PEM certificate") == true)
    }
}
