import ChatNet
import ScriptTesting
import Testing

/// How a stream ends, whoever begins.
struct ByteStreamEndTests {
    @Test func aPeerThatOnlyEndsItsSendingSideStillGetsAnAnswer() async throws {
        let server = try TestServer { _, server in
            let script = Script(server)
            script.onInputEnded = { stream in
                #expect(stream.isInputOver)
                stream.send(Array("goodbye".utf8))
                stream.closeAfterFlush(deadline: stream.loop.now + 5_000_000_000)
            }
            return script
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("hello")
            client.halfClose()
            return text(try client.readToEnd())
        }
        #expect(answer == "goodbye")
        await server.stop()
        #expect(server.ends.all == [.closed])
    }

    @Test func lastWordsReachAPeerThatIsStillSending() async throws {
        // Unread bytes at a close would make the kernel send a reset, which may overtake the last words.
        let server = try TestServer { stream, server in
            stream.pauseReading()
            stream.send(Array("enough".utf8))
            stream.closeAfterFlush(deadline: stream.loop.now + 5_000_000_000)
            return Script(server)
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            for _ in 0..<50 { try client.send([UInt8](repeating: 1, count: 20_000)) }
            return text(try client.readToEnd())
        }
        #expect(answer == "enough")
        await server.stop()
    }

    @Test func aHandlerThatLeavesTooMuchIsEnded() async throws {
        let server = try TestServer { _, server in
            let script = Script(server)
            script.onReceived = { _, _ in 0 }
            return script
        }
        try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            // The server may reset us in the middle of it.
            try? client.send([UInt8](repeating: 0, count: ByteStream.maximumLeftover + 1))
            _ = try? client.readToEnd()
        }
        await server.stop()
        #expect(server.ends.all == [.overflow])
    }

    @Test func aDeadlineEndsASilentPeerAndMovesWithEachByte() async throws {
        let server = try TestServer { stream, server in
            let script = Script(server)
            stream.deadline = stream.loop.now + 60_000_000_000
            script.onReceived = { bytes, stream in
                stream.deadline = stream.loop.now + 1_000_000
                return bytes.byteCount
            }
            script.onDeadline = { stream in
                #expect(stream.deadline == nil)
                stream.send(Array("late".utf8))
                stream.closeAfterFlush(deadline: stream.loop.now + 5_000_000_000)
            }
            return script
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("x")
            return text(try client.readToEnd())
        }
        #expect(answer == "late")
        await server.stop()
    }

    @Test func aClosingStreamWaitsForAnUnwillingPeerOnlyUntilItsDeadline() async throws {
        let ended = AsyncStream.makeStream(of: Void.self)
        let server = try TestServer { stream, server in
            stream.closeAfterFlush(deadline: stream.loop.now + 1_000_000)
            let script = Script(server)
            script.onEnded = { _, _ in ended.continuation.yield() }
            return script
        }
        let client = try await onThread { [port = server.port] in try TestClient(port: port) }
        var iterator = ended.stream.makeAsyncIterator()
        await iterator.next()
        #expect(server.ends.all == [.closed])
        client.close()
        await server.stop()
    }

    @Test func aClosingStreamWithAStallLimitOutlivesItsDeadlineForAPeerThatTakesWhatIsQueued() async throws {
        let isPast = AsyncStream.makeStream(of: Void.self)
        let server = try TestServer { stream, server in
            stream.send([UInt8](repeating: 1, count: 32 << 20))
            stream.closeAfterFlush(deadline: stream.loop.now + 1_000_000, stallLimit: 60_000_000_000)
            // Deadlines may be a little late.
            stream.loop.schedule(after: 300_000_000) { isPast.continuation.yield() }
            return Script(server)
        }
        let client = try await onThread { [port = server.port] in try TestClient(port: port, receiveBuffer: 4096) }
        for await _ in isPast.stream { break }
        let count = try await onThread { try client.readToEnd().count }
        #expect(count == 32 << 20)
        client.close()
        await server.stop()
    }

    @Test func aClosingStreamWithAStallLimitEndsForAPeerThatTakesNothing() async throws {
        let ended = AsyncStream.makeStream(of: Void.self)
        let server = try TestServer { stream, server in
            stream.send([UInt8](repeating: 1, count: 32 << 20))
            let now = stream.loop.now
            stream.closeAfterFlush(deadline: now + 1_000_000, stallLimit: 200_000_000)
            let script = Script(server)
            script.onEnded = { stream, _ in
                #expect(stream.loop.now >= now + 200_000_000)
                ended.continuation.yield()
            }
            return script
        }
        let client = try await onThread { [port = server.port] in try TestClient(port: port, receiveBuffer: 4096) }
        for await _ in ended.stream { break }
        #expect(server.ends.all == [.closed])
        client.close()
        await server.stop()
    }

    @Test func endedIsCalledOnceAndNeverInsideACallOfTheHandler() async throws {
        let order = Recorder<String>()
        let server = try TestServer { _, server in
            let script = Script(server)
            script.onReceived = { bytes, stream in
                order.note("in")
                stream.close()
                stream.close()
                stream.send([1])
                order.note("out")
                return bytes.byteCount
            }
            script.onEnded = { _, _ in order.note("ended") }
            return script
        }
        let rest = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("x")
            return try client.readToEnd()
        }
        #expect(rest == [])
        await server.stop()
        #expect(order.all == ["in", "out", "ended"])
    }

    @Test func aHandlerSetWhileTheStreamIsEndingIsStillTold() async throws {
        let told = Recorder<String>()
        let server = try TestServer { _, server in
            let old = Script(server)
            old.onEnded = { _, _ in told.note("old") }
            old.onReceived = { bytes, stream in
                stream.close()
                let new = Script(server)
                new.onEnded = { _, _ in told.note("new") }
                stream.handler = new
                return bytes.byteCount
            }
            return old
        }
        try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("x")
            #expect(try client.readToEnd() == [])
        }
        await server.stop()
        #expect(told.all == ["new"])
    }

    @Test func aResetPeerIsAFailureNotATrap() async throws {
        let ended = AsyncStream.makeStream(of: EndReason.self)
        let server = try TestServer { stream, server in
            let script = Script(server)
            // Paused on purpose: nothing is read, and yet it must be noticed.
            script.onReceived = { bytes, stream in
                stream.pauseReading()
                stream.send([1])
                return 0
            }
            script.onEnded = { _, reason in ended.continuation.yield(reason) }
            return script
        }
        try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("x")
            _ = try client.read(1)
            client.reset()
        }
        var iterator = ended.stream.makeAsyncIterator()
        let reason = await iterator.next()
        guard case .failed = reason else {
            Issue.record("ended as \(String(describing: reason))")
            return
        }
        await server.stop()
    }

    @Test func connectionsThatComeAndGoLeaveNothingBehind() async throws {
        let server = try TestServer { _, server in
            let script = Script(server)
            script.onReceived = { bytes, stream in
                stream.send(array(bytes))
                stream.close()
                return bytes.byteCount
            }
            return script
        }
        try await onThread { [port = server.port] in
            for number in 0..<300 {
                // Three at a time, so that numbers come back while others are in use.
                let clients = try (0..<3).map { _ in try TestClient(port: port) }
                for client in clients { try client.send([UInt8(number % 256)]) }
                for client in clients { #expect(try client.readToEnd() == [UInt8(number % 256)]) }
            }
        }
        // The listener is what remains.
        #expect(await server.ask { $0.watched } == 1)
        #expect(server.ends.all.count == 900)
        await server.stop()
    }
}
