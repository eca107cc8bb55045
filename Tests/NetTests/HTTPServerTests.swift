import ChatHTTP1
import ChatHTTPServer
import ChatNet
import ScriptTesting
import Testing

struct HTTPServerTests {
    private let routes: [Route] = [
        Route("GET", "/now", .immediate { _ in ok("now") }),
        Route("GET", "/later", .respond { _ in ok("later") }),
        Route("POST", "/echo", .respond { request in HTTPResponse(status: 201, body: request.body) }),
        Route(
            "GET", "/users/{id}/rooms/{room}",
            .immediate { request in
                let query = request.query()?.first("q") ?? "-"
                return ok("\(request.parameters["id"] ?? "-") \(request.parameters["room"] ?? "-") \(query)")
            }),
    ]

    // MARK: Requests in their order

    @Test func aConnectionIsKeptAndAnswersOneRequestAfterAnother() async throws {
        try await withServer(routes) { server, port in
            try await onThread {
                let client = try TestClient(port: port)
                for _ in 0..<3 {
                    #expect(try client.get("/now").body == "now")
                    #expect(try client.get("/later").body == "later")
                }
            }
            #expect(server.counters.snapshot.accepted == 1)
            #expect(server.counters.snapshot.answersByClass == [0, 6, 0, 0, 0])
        }
    }

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
        try await withServer(routes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                let paths = (0..<200).map { $0 % 3 == 0 ? "/later" : "/users/\($0)/rooms/a" }
                try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
                for (number, path) in paths.enumerated() {
                    #expect(try client.answer().body == (path == "/later" ? "later" : "\(number) a -"))
                }
            }
        }
    }

    @Test func aRequestMayComeByteByByte() async throws {
        try await withServer(routes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                for byte in Array(
                    "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8)
                {
                    try client.send([byte])
                }
                let answer = try client.answer()
                #expect(answer.status == 201)
                #expect(answer.body == "abc")
            }
        }
    }

    @Test func headIsAnsweredLikeGetWithoutTheBody() async throws {
        try await withServer(routes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                try client.send("HEAD /later HTTP/1.1\r\nHost: test\r\n\r\n")
                #expect(try client.answer(toHead: true).field("content-length") == "5")
                // Had there been a body, it would stand before this answer.
                #expect(try client.get("/now").body == "now")
            }
        }
    }

    @Test func everyAnswerHasADateAndTheFixedFields() async throws {
        try await withServer(routes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                for path in ["/now", "/later", "/nowhere"] {
                    let answer = try client.get(path)
                    #expect(answer.field("x-content-type-options") == "nosniff")
                    #expect(answer.field("date")?.hasSuffix("GMT") == true)
                }
            }
        }
    }

    // MARK: Routing

    @Test func parametersAndQueryAreDecoded() async throws {
        try await withServer(routes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                #expect(try client.get("/users/a%20b/rooms/%C3%BC?q=1%2B1").body == "a b ü 1+1")
            }
        }
    }

    @Test(arguments: [
        "/users/../users/1/rooms/2", "/users/%2E%2E/rooms/2", "/users//rooms/2", "/users/a%2Fb/rooms/2", "/now/",
        "/users/a%00b/rooms/2", "/users/%FF/rooms/2", "/NOW", "/\(String(repeating: "a/", count: 100))a",
    ])
    func pathsThatCouldMeanTwoThingsMeanNothing(path: String) async throws {
        try await withServer(routes) { _, port in
            let answer = try await onThread { try TestClient(port: port).get(path) }
            #expect(answer.status == 404)
        }
    }

    @Test func literalsWinOverParametersAndSharedPlacesAreRefused() async throws {
        let routes: [Route] = [
            Route("GET", "/a/{x}", .immediate { _ in ok("parameter") }),
            Route("GET", "/a/b", .immediate { _ in ok("literal") }),
            Route("GET", "/a/{y}/c", .immediate { request in ok(request.parameters["y"] ?? "-") }),
            Route("GET", "/", .immediate { _ in ok("root") }),
        ]
        try await withServer(routes) { _, port in
            try await onThread { () throws in
                let client = try TestClient(port: port)
                #expect(try client.get("/a/b").body == "literal")
                #expect(try client.get("/a/c").body == "parameter")
                #expect(try client.get("/a/b/c").body == "b")
                #expect(try client.get("/").body == "root")
            }
        }
        for pattern in ["/a/{z}", "no-slash", "/a//b", "/a/x{y}"] {
            #expect(throws: RouteConflict.self) {
                try HTTPServer(
                    points: [ListenPoint("127.0.0.1:0")],
                    routes: routes + [Route("GET", pattern, .immediate { _ in ok("") })])
            }
        }
    }

    @Test func anHTTP10ClientGetsItsConnectionClosedUnlessItAsks() async throws {
        try await withServer(routes) { _, port in
            try await onThread { () throws in
                let plain = try TestClient(port: port)
                try plain.send("GET /now HTTP/1.0\r\n\r\n")
                #expect(try plain.answer().body == "now")
                #expect(try plain.readToEnd() == [])
                let keeping = try TestClient(port: port)
                for _ in 0..<2 {
                    try keeping.send("GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    #expect(try keeping.answer().field("connection") == "keep-alive")
                }
            }
        }
    }

    @Test func whatIsNotThereIs404AndAWrongMethodSaysWhatIsAllowed() async throws {
        try await withServer(routes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                #expect(try client.get("/nowhere").body == "404 - there is nothing here")
                try client.send("DELETE /now HTTP/1.1\r\nHost: test\r\n\r\n")
                let wrong = try client.answer()
                #expect(wrong.status == 405)
                #expect(wrong.field("allow") == "GET, HEAD, OPTIONS")
                try client.send("OPTIONS /echo HTTP/1.1\r\nHost: test\r\n\r\n")
                let options = try client.answer()
                #expect(options.status == 204)
                #expect(options.field("allow") == "OPTIONS, POST")
                #expect(try client.get("/now").status == 200)
            }
        }
    }

    // MARK: Violations and limits

    @Test(arguments: [
        ("GET /now HTTP/1.1\r\n\r\n", 400),
        ("NONSENSE\r\n\r\n", 400),
        ("GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nHost: test\r\n\r\n", 414),
        ("GET /now HTTP/1.1\r\nHost: test\r\nX: \(String(repeating: "a", count: 70_000))\r\n\r\n", 431),
        ("GET /now HTTP/1.1\r\nHost: test\r\n\(String(repeating: "X: y\r\n", count: 101))\r\n", 431),
        ("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 1048577\r\n\r\n", 413),
        ("POST /echo HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", 413),
    ])
    func aViolationIsAnsweredAndTheConnectionEnds(request: String, status: Int) async throws {
        let log = Recorder<String>()
        try await withServer(routes, log: log) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                try client.send(request)
                let answer = try client.answer()
                #expect(answer.status == status)
                #expect(answer.field("connection") == "close")
                #expect(try client.readToEnd() == [])
            }
        }
        #expect(log.all.contains("violation \(status)"))
    }

    @Test func contentIsReadOnlyAfterItWasInvited() async throws {
        try await withServer(routes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                let head = " HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
                try client.send("POST /echo" + head)
                #expect(try client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 100"))
                try client.send("hello")
                #expect(try client.answer().body == "hello")
                // No invitation where nobody would read it.
                try client.send("POST /nowhere" + head)
                let refused = try client.answer()
                #expect(refused.status == 404)
                #expect(refused.field("connection") == "close")
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test func aHeadThatTakesTooLongIs408() async throws {
        var limits = HTTPServerLimits()
        limits.headTimeout = .milliseconds(50)
        try await withServer(routes, limits: limits) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                try client.send("GET /now HTTP/1.1\r\nHost: te")
                let answer = try client.answer()
                #expect(answer.status == 408)
                #expect(answer.field("connection") == "close")
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test func contentThatStopsComingIs408() async throws {
        var limits = HTTPServerLimits()
        limits.progressTimeout = .milliseconds(50)
        try await withServer(routes, limits: limits) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                try client.send("POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhello")
                #expect(try client.answer().status == 408)
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test func anIdleConnectionIsClosedWithoutAWord() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(50)
        limits.headTimeout = .milliseconds(200)
        try await withServer(routes, limits: limits) { _, port in
            try await onThread {
                let used = try TestClient(port: port)
                let silent = try TestClient(port: port)
                #expect(try used.get("/now").status == 200)
                #expect(try used.readToEnd() == [])
                #expect(try silent.readToEnd() == [])
            }
        }
    }

    @Test(arguments: [true, false])
    func oneConnectionTooManyIsToldWhenToComeBack(ofItsAddress: Bool) async throws {
        var limits = HTTPServerLimits()
        if ofItsAddress { limits.connectionsPerAddress = 2 } else { limits.connections = 2 }
        try await withServer(routes, limits: limits) { server, port in
            try await onThread {
                let first = try TestClient(port: port)
                let second = try TestClient(port: port)
                #expect(try first.get("/now").status == 200)
                #expect(try second.get("/now").status == 200)
                let third = try TestClient(port: port)
                let refusal = try third.answer()
                #expect(refusal.status == (ofItsAddress ? 429 : 503))
                #expect(refusal.field("retry-after") == "5")
                #expect(
                    refusal.body
                        == (ofItsAddress
                            ? "429 rate_limited too many connections from your address"
                            : "503 overloaded too many connections"))
                #expect(try third.readToEnd() == [])
                // When one leaves there is room again.
                first.halfClose()
                #expect(try first.readToEnd() == [])
                #expect(try TestClient(port: port).get("/now").status == 200)
            }
            #expect(server.counters.snapshot.overAddressLimit == (ofItsAddress ? 1 : 0))
            #expect(server.counters.snapshot.overLimit == (ofItsAddress ? 0 : 1))
        }
    }

    // MARK: Closing

    @Test func theAnswerToConnectionCloseIsTheLast() async throws {
        try await withServer(routes) { _, port in
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
        try await withServer(routes) { _, port in
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
        try await withServer([route] + routes) { _, port in
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
        try await withServer([route] + routes) { server, port in
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
        let (parked, idle) = try await withServer([route] + routes, limits: limits, log: log) { _, port in
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

    @Test func aTakenPortIsAnErrorOfBind() throws {
        let first = try HTTPServer(points: [ListenPoint("127.0.0.1:0")], routes: [])
        let address = try first.bind()[0]
        let second = try HTTPServer(points: [ListenPoint(address.description)], routes: [])
        #expect(throws: ListenError.self) { try second.bind() }
    }
}

/// Does not leave when asked to.
final class Stubborn: StreamHandler {
    let ends: Recorder<EndReason>
    init(_ ends: Recorder<EndReason>) { self.ends = ends }
    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int { bytes.byteCount }
    func drain(_ stream: ByteStream, deadline: Int64) {}
    func ended(_ stream: ByteStream, reason: EndReason) { ends.note(reason) }
}

extension TestClient {
    func upgrade(_ path: String, behind: String = "") throws {
        try send("GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\(behind)")
        let answer = try answer()
        guard answer.status == 101 else { throw Trouble(answer.head) }
    }
}
