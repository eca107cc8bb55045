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
        let route = Route(
            "GET", "/slow",
            .respond { _ in
                begun.continuation.yield()
                for await _ in gate.stream { break }
                return ok("too late")
            })
        try await withServer([route] + someRoutes) { server, port in
            let client = try await onThread {
                let client = try TestClient(port: port)
                try client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n")
                return client
            }
            for await _ in begun.stream { break }
            client.reset()
            gate.continuation.yield()
            let other = try await onThread { try TestClient(port: port).get("/now") }
            #expect(other.status == 200)
        }
    }

    @Test func aPeerThatPipelinesButDoesNotReadIsServedAtItsOwnPace() async throws {
        let big = String(repeating: "x", count: 100_000)
        let route = Route("GET", "/big", .immediate { _ in ok(big) })
        try await withServer([route]) { _, port in
            try await onThread {
                let client = try TestClient(port: port, receiveBuffer: 4096)
                try client.send(String(repeating: "GET /big HTTP/1.1\r\nHost: test\r\n\r\n", count: 60))
                for _ in 0..<60 { #expect(try client.answer().body == big) }
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
