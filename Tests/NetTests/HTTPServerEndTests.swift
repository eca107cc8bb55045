import CLinux
import ChatHTTP1
import ChatHTTPServer
import ChatNet
import ScriptTesting
import Testing

/// How connections end, and the server.
struct HTTPServerEndTests {
    // MARK: Closing

    @Test func theAnswerToConnectionCloseIsTheLast() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                try client.send("GET /later HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\nGET /now HTTP/1.1\r\n")
                let answer = try client.answer()
                #expect(answer.field("connection") == "close")
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test func aClientThatEndsItsSendingSideGetsAllItsAnswers() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                try client.send("GET /later HTTP/1.1\r\nHost: test\r\n\r\nGET /now HTTP/1.1\r\nHost: test\r\n\r\n")
                client.halfClose()
                #expect(try client.answer().body == "later")
                #expect(try client.answer().body == "now")
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test(arguments: [("/now", 1500), ("/now", 6000), ("/big", 40)])
    func allThatWasPipelinedBeforeTheEndIsAnswered(path: String, count: Int) async throws {
        let route = Route("GET", "/big", .immediate { _ in ok(String(repeating: "x", count: 100_000)) })
        try await withServer([route] + someRoutes) { _, port in
            try await onThread { () throws in
                let client = try TestClient(port: port, receiveBuffer: 4096)
                try client.send(String(repeating: "GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n", count: count))
                client.halfClose()
                for _ in 0..<count { #expect(try client.answer().status == 200) }
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test func theAnswerOfAHandlerWhoseClientLeftIsDropped() async throws {
        let gate = AsyncStream.makeStream(of: Void.self)
        let begun = AsyncStream.makeStream(of: Void.self)
        let over = AsyncStream.makeStream(of: Void.self)
        let log = Recorder<String>()
        let route = Route(
            "GET", "/slow",
            .respond { _ in
                begun.continuation.yield()
                for await _ in gate.stream { break }
                defer { over.continuation.yield() }
                return ok("too late")
            })
        try await withServer([route] + someRoutes, log: log) { server, port in
            let client = try await onThread {
                let client = try TestClient(port: port)
                try client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n")
                return client
            }
            for await _ in begun.stream { break }
            client.reset()
            // In the place of the one that left; by its second answer the server has seen that one go.
            let other = try await onThread {
                let other = try TestClient(port: port)
                for _ in 0..<2 { #expect(try other.get("/now").body == "now") }
                return other
            }
            gate.continuation.yield()
            for await _ in over.stream { break }
            try await onThread { () throws in
                for _ in 0..<20 { #expect(try other.get("/later").body == "later") }
            }
        }
        #expect(log.all.filter { $0.contains("/slow") } == [], "what was answered to nobody")
    }

    @Test func aPeerThatPipelinesButDoesNotReadIsServedAtItsOwnPace() async throws {
        let big = String(repeating: "x", count: 100_000)
        let made = Recorder<Void>()
        let route = Route(
            "GET", "/big",
            .immediate { _ in
                made.note(())
                return ok(big)
            })
        try await withServer([route] + someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port, receiveBuffer: 64 << 10)
                try client.send(String(repeating: "GET /big HTTP/1.1\r\nHost: test\r\n\r\n", count: 120))
                // Each is a turn of the loop that both are on.
                let other = try TestClient(port: port)
                for _ in 0..<100 { #expect(try other.get("/now").body == "now") }
                #expect(made.all.count < 60, "the system takes up to 4 MB of them")
                for _ in 0..<120 { #expect(try client.answer().body == big) }
                #expect(made.all.count == 120)
            }
        }
    }

    @Test func theLastAnswerIsForASlowReaderTooAsLongAsItReadsOn() async throws {
        let (size, parts) = (32 << 20, 4)
        // Made before it is asked for: what takes long on the loop is taken from the peer's time.
        let answer = HTTPResponse(status: 200, body: [UInt8](repeating: 1, count: size))
        let big = Route("GET", "/big", .immediate { _ in answer })
        // By the clock of the loop that counts the limit: whatever holds it up holds up both.
        let pause = Route(
            "GET", "/pause",
            .exchange { _, exchange in
                exchange.wait(until: exchange.loop.now + 1_500_000_000, Waiter { _ in exchange.respond(ok("go on")) })
            })
        var limits = HTTPServerLimits()
        limits.progressTimeout = .seconds(5)
        try await withServer([big, pause], limits: limits) { _, port in
            try await onThread {
                let other = try TestClient(port: port)
                let client = try TestClient(port: port, receiveBuffer: 64 << 10)
                try client.send("GET /big HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
                #expect(try client.answer(toHead: true).status == 200)
                // Together its pauses are longer than the limit, and each is far from it.
                for _ in 0..<parts {
                    #expect(try other.get("/pause").body == "go on")
                    #expect(try client.read(size / parts).count == size / parts)
                }
                #expect(try client.readToEnd() == [])
            }
        }
    }

    // MARK: Stopping

    @Test func onCancellationTheRequestUnderWayIsAnsweredAndIdleConnectionsEnd() async throws {
        let begun = AsyncStream.makeStream(of: Void.self)
        let log = Recorder<String>()
        let route = Route(
            "GET", "/parked",
            .exchange { _, exchange in
                exchange.wait(
                    until: .max,
                    Waiter { reason in
                        #expect(reason == .draining)
                        exchange.respond(ok("so be it"))
                    })
                begun.continuation.yield()
            })
        var limits = HTTPServerLimits()
        limits.lingerTimeout = .milliseconds(50)
        let (parked, idle) = try await withServer([route] + someRoutes, limits: limits, log: log) { _, port in
            let parked = try await onThread {
                let client = try TestClient(port: port)
                try client.send("GET /parked HTTP/1.1\r\nHost: test\r\n\r\n")
                return client
            }
            let idle = try await onThread {
                let client = try TestClient(port: port)
                #expect(try client.get("/now").status == 200)
                return client
            }
            for await _ in begun.stream { break }
            return (parked, idle)
        }
        // The server is gone by now; what it said waits in our sockets.
        try await onThread {
            let answer = try parked.answer()
            #expect(answer.body == "so be it")
            #expect(answer.field("connection") == "close")
            #expect(try parked.readToEnd() == [])
            #expect(try idle.readToEnd() == [])
        }
        #expect(log.all.contains("draining"))
    }

    @Test func drainingLetsHandlersFinishWithoutCancellingThem() async throws {
        let begun = AsyncStream.makeStream(of: Void.self)
        let gate = AsyncStream.makeStream(of: Void.self)
        let route = Route(
            "GET", "/slow",
            .respond { _ in
                begun.continuation.yield()
                for await _ in gate.stream { break }
                return ok(Task.isCancelled ? "cancelled" : "finished")
            })
        let server = try HTTPServer(points: [ListenPoint("127.0.0.1:0")], routes: [route])
        let port = try server.bind()[0].port
        async let run: Void = server.run()
        async let answer = onThread { try TestClient(port: port).get("/slow") }
        for await _ in begun.stream { break }
        server.drain()
        gate.continuation.yield()
        #expect(try await answer.body == "finished")
        try await run
        #expect(throws: Trouble.self) { try TestClient(port: port) }
    }

    @Test func whatDoesNotLeaveIsClosedAtTheDrainDeadline() async throws {
        var limits = HTTPServerLimits()
        limits.drainTimeout = .milliseconds(50)
        let ends = Recorder<EndReason>()
        let route = Route(
            "GET", "/ws", .upgrade { _, _ in .accept(attach: { _, _ in Stubborn(ends) }) })
        let client = try await withServer([route], limits: limits) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                try client.upgrade("/ws")
                return client
            }
        }
        #expect(ends.all == [.closed])
        client.close()
    }
}
