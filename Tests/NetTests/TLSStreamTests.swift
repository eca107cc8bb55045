import CLinux
import ChatNet
import ScriptTesting
import TLSTesting
import Testing

/// A stream does the same with TLS on it as without.
struct TLSStreamTests {
    private let files: CertificateFiles
    private let tls: TLSContext

    init() throws {
        files = try CertificateFiles()
        tls = try files.context()
    }

    private func echo() throws -> TestServer {
        try TestServer(tls: tls) { _, server in Script.echo(server) }
    }

    @Test("bytes go in and out, in both versions", arguments: [("TLSv1.2", 0x0303), ("TLSv1.3", 0x0304)])
    func versions(name: String, number: Int32) async throws {
        let server = try echo()
        let (answer, version) = try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .only(number))
            try client.send("hello")
            return (text(try client.read(5)), client.tls?.version)
        }
        #expect(answer == "hello")
        #expect(version == name)
        await server.stop()
    }

    @Test func eightMegabytesComeBackAsTheyWere() async throws {
        let server = try echo()
        let sent = (0..<8 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 9) }
        let received = try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .standard)
            try client.send(sent)
            return try client.read(sent.count)
        }
        #expect(received == sent)
        await server.stop()
    }

    @Test func aSlowReaderGetsEveryByteInOrderAndTheQueueIsSeen() async throws {
        let queued = Recorder<Int>()
        // Small ones, which are joined, and some larger than a record.
        let chunks = (0..<900).map { number in
            [UInt8](repeating: UInt8(number % 251), count: number % 9 == 0 ? 40_009 : 3_001)
        }
        let all = chunks.flatMap { $0 }
        let server = try TestServer(tls: tls) { stream, server in
            let script = Script(server)
            for chunk in chunks.prefix(450) { stream.send(chunk) }
            stream.sendGather(Array(chunks.dropFirst(450)))
            queued.note(stream.queuedBytes)
            #expect(stream.stalledSince != nil)
            script.onDrained = { stream in queued.note(stream.queuedBytes) }
            return script
        }
        let received = try await onThread { [port = server.port] in
            try TestClient(port: port, receiveBuffer: 4096, tls: .standard).read(all.count)
        }
        #expect(received == all)
        await server.stop()
        let seen = queued.all
        #expect(try #require(seen.first) > 1 << 20)
        #expect(seen.dropFirst().allSatisfy { $0 <= ByteStream.lowWater })
        #expect(seen.last == 0)
    }

    @Test func manyBuffersWithEmptyOnesAmongThemArriveAsOneAndTheEndIsAFarewell() async throws {
        let chunks = (0..<500).map { number in [UInt8](repeating: UInt8(number % 256), count: number % 3) }
        let server = try TestServer(tls: tls) { stream, server in
            stream.sendGather(chunks)
            stream.send([])
            stream.closeAfterFlush(deadline: stream.loop.now + 5_000_000_000)
            return Script(server)
        }
        // Throws at an end without `close_notify`.
        let received = try await onThread { [port = server.port] in
            try TestClient(port: port, tls: .standard).readToEnd()
        }
        #expect(received == chunks.flatMap { $0 })
        await server.stop()
        #expect(server.ends.all == [.closed])
    }

    @Test func closingAtOnceIsAFarewellTooWhenNothingIsLeftToSay() async throws {
        let server = try TestServer(tls: tls) { _, server in
            let script = Script(server)
            script.onReceived = { bytes, stream in
                stream.close()
                return bytes.byteCount
            }
            return script
        }
        let rest = try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .standard)
            try client.send("x")
            return try client.readToEnd()
        }
        #expect(rest.isEmpty)
        await server.stop()
    }

    @Test func aThousandRecordsInOnePieceAreAllSeenThoughEpollTellsOnce() async throws {
        let server = try echo()
        let received = try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .standard)
            try client.together { for number in 0..<1000 { try client.send([UInt8(number % 256)]) } }
            return try client.read(1000)
        }
        #expect(received == (0..<1000).map { UInt8($0 % 256) })
        await server.stop()
    }

    @Test func pausedReadingHoldsBackWhatOpenSSLHasAlready() async throws {
        let handed = Recorder<String>()
        let server = try TestServer(tls: tls) { stream, server in
            stream.readLimit = 1
            return Script.byteByByte(server, noting: handed)
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .standard)
            try client.together { for piece in ["ab", "c", "d"] { try client.send(piece) } }
            return text(try client.read(4))
        }
        #expect(answer == "abcd")
        #expect(handed.all == ["a", "b", "c", "d"])
        await server.stop()
    }

    @Test func newKeysInTheMiddleChangeNothing() async throws {
        let server = try echo()
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .only(0x0304))
            var answer = ""
            for piece in ["one", "two", "six"] {
                try client.tls?.changeKeys()
                try client.send(piece)
                answer += text(try client.read(3))
            }
            return answer
        }
        #expect(answer == "onetwosix")
        await server.stop()
    }

    // MARK: Ends

    @Test func aPeerThatOnlyEndsItsSendingSideStillGetsAnAnswer() async throws {
        let server = try TestServer(tls: tls) { _, server in
            let script = Script(server)
            script.onInputEnded = { stream in
                #expect(stream.isInputOver)
                #expect(!stream.isInputTruncated)
                stream.send(Array("goodbye".utf8))
                stream.closeAfterFlush(deadline: stream.loop.now + 5_000_000_000)
            }
            return script
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .standard)
            // In one piece with the data, and epoll tells once.
            try client.together {
                try client.send("hello")
                try client.tls?.sayGoodbye()
            }
            return text(try client.readToEnd())
        }
        #expect(answer == "goodbye")
        await server.stop()
        #expect(server.ends.all == [.closed])
    }

    @Test func anEndWithoutAFarewellIsAnEndAndSaysSo() async throws {
        let server = try TestServer(tls: tls) { stream, server in
            let script = Script(server)
            script.onInputEnded = { stream in
                #expect(stream.isInputTruncated)
                stream.send(Array("still here".utf8))
                stream.end(.truncated)
            }
            return script
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .standard)
            client.halfClose()
            return text(try client.readToEnd())
        }
        #expect(answer == "still here")
        await server.stop()
        #expect(server.ends.all == [.truncated])
    }

    @Test func aHandlerThatDoesNotCareLearnsItFromTheReason() async throws {
        let ended = AsyncStream.makeStream(of: EndReason.self)
        let server = try TestServer(tls: tls) { stream, server in Indifferent(ended.continuation) }
        try await onThread { [port = server.port] in
            let cut = try TestClient(port: port, tls: .standard)
            cut.halfClose()
            #expect(try cut.readToEnd().isEmpty)
        }
        var iterator = ended.stream.makeAsyncIterator()
        #expect(await iterator.next() == .truncated)
        try await onThread { [port = server.port] in
            let polite = try TestClient(port: port, tls: .standard)
            try polite.tls?.sayGoodbye()
            #expect(try polite.readToEnd().isEmpty)
        }
        #expect(await iterator.next() == .peerClosed)
        await server.stop()
    }

    @Test func writingToAPeerThatHasLeftIsAFailureAndNotASignal() async throws {
        let ended = AsyncStream.makeStream(of: EndReason.self)
        let signalled = Recorder<Bool>()
        let server = try TestServer(tls: tls) { stream, server in
            let script = Script(server)
            // Writes for as long as it can, and never reads, so that only writing can find out.
            stream.pauseReading()
            func write() {
                guard stream.isOpen else { return }
                if stream.queuedBytes == 0 { stream.send([UInt8](repeating: 7, count: 1 << 16)) }
                stream.loop.schedule(after: 100_000, write)
            }
            write()
            script.onEnded = { _, reason in
                // The loop's thread holds signals back, so it would be waiting there.
                var waiting = sigset_t()
                unsafe sigpending(&waiting)
                signalled.note(unsafe sigismember(&waiting, SIGPIPE) == 1)
                ended.continuation.yield(reason)
            }
            return script
        }
        try await onThread { [port = server.port] in
            let client = try TestClient(port: port, tls: .standard)
            _ = try client.read(1)
            client.reset()
        }
        var iterator = ended.stream.makeAsyncIterator()
        guard case .failed = await iterator.next() else {
            Issue.record("not a failure")
            return
        }
        #expect(signalled.all == [false])
        await server.stop()
    }
}

/// Leaves all but the end to what is usual.
private final class Indifferent: StreamHandler, @unchecked Sendable {
    let ends: AsyncStream<EndReason>.Continuation
    init(_ ends: AsyncStream<EndReason>.Continuation) { self.ends = ends }
    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int { bytes.byteCount }
    func ended(_ stream: ByteStream, reason: EndReason) { ends.yield(reason) }
}
