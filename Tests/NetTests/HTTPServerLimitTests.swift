import ChatHTTPServer
import ScriptTesting
import Testing

/// What a peer may not do, and how long it may take.
struct HTTPServerLimitTests {
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
        try await withServer(someRoutes, log: log) { _, port in
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
        try await withServer(someRoutes) { _, port in
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
        limits.headTimeout = .seconds(1)
        try await withServer(someRoutes, limits: limits) { _, port in
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
        try await withServer(someRoutes, limits: limits) { _, port in
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
        limits.headTimeout = .seconds(1)
        try await withServer(someRoutes, limits: limits) { _, port in
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
        try await withServer(someRoutes, limits: limits) { server, port in
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
}
