import ChatNet
import ScriptTesting
import Testing

struct ByteStreamTests {
    @Test func bytesGoInAndOut() async throws {
        let server = try TestServer { _, server in Script.echo(server) }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("hello")
            return text(try client.read(5))
        }
        #expect(answer == "hello")
        await server.stop()
        #expect(server.ends.all.count == 1)
    }

    @Test func theHandlerMayChangeBytesInPlaceAndGetsBackWhatItLeft() async throws {
        // Consumes lines only, in upper case.
        let server = try TestServer { _, server in
            let script = Script(server)
            script.onReceived = { bytes, stream in
                var line = 0
                for place in 0..<bytes.byteCount {
                    let byte = bytes.byte(at: place)
                    if byte >= 97, byte <= 122 { bytes.storeBytes(of: byte - 32, toByteOffset: place, as: UInt8.self) }
                    if byte == 10 { line = place + 1 }
                }
                stream.send(Array(array(bytes).prefix(line)))
                return line
            }
            return script
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            var answer = ""
            for piece in ["on", "e\ntw", "o\n"] {
                try client.send(piece)
                if piece.contains("\n") { answer += try client.read(through: "\n") }
            }
            return answer
        }
        #expect(answer == "ONE\nTWO\n")
        await server.stop()
    }

    @Test func aSlowReaderGetsEveryByteInOrderAndTheQueueIsSeen() async throws {
        let queued = Recorder<Int>()
        let chunks = (0..<600).map { number in [UInt8](repeating: UInt8(number % 251), count: 10_007) }
        let server = try TestServer { stream, server in
            let script = Script(server)
            for chunk in chunks.prefix(300) { stream.send(chunk) }
            stream.sendGather(Array(chunks.dropFirst(300)))
            queued.note(stream.queuedBytes)
            #expect(stream.stalledSince != nil)
            script.onDrained = { stream in queued.note(stream.queuedBytes) }
            return script
        }
        let received = try await onThread { [port = server.port] in
            try TestClient(port: port, receiveBuffer: 4096).read(600 * 10_007)
        }
        #expect(received == chunks.flatMap { $0 })
        await server.stop()
        let seen = queued.all
        #expect(try #require(seen.first) > 1 << 20)
        #expect(seen.dropFirst().allSatisfy { $0 <= ByteStream.lowWater })
        #expect(seen.last == 0)
    }

    @Test func manyBuffersWithEmptyOnesAmongThemArriveAsOne() async throws {
        let chunks = (0..<500).map { number in [UInt8](repeating: UInt8(number % 256), count: number % 3) }
        let server = try TestServer { stream, server in
            stream.sendGather(chunks)
            stream.send([])
            stream.closeAfterFlush(deadline: stream.loop.now + 5_000_000_000)
            return Script(server)
        }
        let received = try await onThread { [port = server.port] in
            try TestClient(port: port).readToEnd()
        }
        #expect(received == chunks.flatMap { $0 })
        await server.stop()
    }

    @Test func pausedReadingKeepsWhatWasLeftAndOffersItAgain() async throws {
        let handed = Recorder<String>()
        let server = try TestServer { _, server in Script.byteByByte(server, noting: handed) }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("abc")
            return text(try client.read(3))
        }
        #expect(answer == "abc")
        #expect(handed.all == ["abc", "bc", "c"])
        await server.stop()
    }

    @Test func aNewHandlerTakesOverWhatTheOldOneLeft() async throws {
        let server = try TestServer { _, server in
            let old = Script(server)
            old.onReceived = { _, stream in
                let new = Script(server)
                new.onReceived = { bytes, stream in
                    stream.send(Array("new:".utf8) + array(bytes))
                    return bytes.byteCount
                }
                stream.handler = new
                return 4
            }
            return old
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("old:rest")
            return text(try client.read(8))
        }
        #expect(answer == "new:rest")
        await server.stop()
    }

    @Test func aTakenPortIsAnErrorWithTheAddressInIt() throws {
        let first = try Listener(ListenAddress("127.0.0.1:0"))
        let error = #expect(throws: ListenError.self) { try Listener(first.address) }
        #expect(error?.address == first.address.description)
        #expect(error?.detail == "Address already in use")
    }

    @Test func peersAreKnownByTheirNumericAddress() async throws {
        let server = try TestServer { stream, server in
            stream.send(Array(stream.peerAddress.utf8))
            stream.closeAfterFlush(deadline: stream.loop.now + 5_000_000_000)
            return Script(server)
        }
        let answer = try await onThread { [port = server.port] in try TestClient(port: port).readToEnd() }
        #expect(text(answer) == "127.0.0.1")
        await server.stop()
    }
}
