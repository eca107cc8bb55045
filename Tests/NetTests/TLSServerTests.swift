import ChatHTTP1
import ChatHTTPServer
import ChatNet
import ScriptTesting
import TLSTesting
import Testing

/// The HTTP server over TLS, and what peers do to its handshakes.
struct TLSServerTests {
    private let files: CertificateFiles
    private let tls: TLSContext
    private let routes: [Route] = [
        Route("GET", "/now", .immediate { _ in ok("now") }),
        Route("POST", "/echo", .respond { request in HTTPResponse(status: 201, body: request.body) }),
    ]

    init() throws {
        files = try CertificateFiles()
        tls = try files.context()
    }

    // MARK: Requests

    @Test("requests go through, kept alive, pipelined and large", arguments: [0x0303, 0x0304] as [Int32])
    func requests(version: Int32) async throws {
        try await withServer(routes, tls: tls) { server, port in
            try await onThread {
                let client = try TestClient(port: port, tls: .only(version))
                for _ in 0..<3 { #expect(try client.get("/now").body == "now") }
                let body = String(repeating: "0123456789abcdef", count: 50_000)
                try client.send(
                    "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
                #expect(try client.answer().body == body)
                try client.send(String(repeating: "GET /now HTTP/1.1\r\nHost: test\r\n\r\n", count: 300))
                for _ in 0..<300 { #expect(try client.answer().body == "now") }
            }
            let counted = server.counters.snapshot
            #expect(counted.accepted == 1)
            #expect(counted.handshakesDone == 1)
            #expect(counted.handshakesOpen == 0)
        }
    }

    @Test func theFirstRequestMayComeWithTheLastWordOfTheHandshake() async throws {
        try await withServer(routes, tls: tls) { _, port in
            try await onThread {
                for _ in 0..<20 {
                    // The client's Finished waits until the request is written.
                    let client = try TestClient(port: port)
                    try client.secure(.standard, and: "GET /now HTTP/1.1\r\nHost: test\r\n\r\n")
                    #expect(try client.answer().body == "now")
                }
            }
        }
    }

    @Test func plainAndSecureListenersShareTheRoutesTheBookAndTheEnd() async throws {
        let server = try HTTPServer(
            points: [ListenPoint("127.0.0.1:0"), ListenPoint("127.0.0.1:0", tls: tls)],
            loops: EventLoopGroup(count: 2),
            secureFields: [HTTPField(name: "Strict-Transport-Security", value: "max-age=1")], routes: routes)
        let ports = try server.bind().map(\.port)
        async let run: Void = server.run()
        try await onThread {
            let plain = try TestClient(port: ports[0])
            let secure = try TestClient(port: ports[1], tls: .standard)
            let (first, second) = (try plain.get("/now"), try secure.get("/now"))
            #expect(first.body == "now" && second.body == "now")
            #expect(first.field("Strict-Transport-Security") == nil)
            #expect(second.field("Strict-Transport-Security") == "max-age=1")
            #expect(server.counters.snapshot.open == 2)
            server.drain()
            // Idle ones are closed, with a farewell where that is the custom.
            #expect(try plain.readToEnd().isEmpty)
            #expect(try secure.readToEnd().isEmpty)
        }
        try await run
        for port in ports { #expect(throws: Trouble.self) { try TestClient(port: port) } }
    }

    @Test func oneConnectionTooManyIsClosedWithoutAHandshake() async throws {
        var limits = HTTPServerLimits()
        limits.connections = 1
        try await withServer(routes, limits: limits, tls: tls) { server, port in
            try await onThread {
                let first = try TestClient(port: port, tls: .standard)
                #expect(try first.get("/now").body == "now")
                #expect(throws: (any Error).self) { try TestClient(port: port, tls: .standard) }
                #expect(try first.get("/now").body == "now")
            }
            #expect(server.counters.snapshot.refused == 1)
            #expect(server.counters.snapshot.handshakesDone == 1)
        }
    }

    // MARK: What is agreed to

    @Test func versionsAndProtocolsThatWillNotDoAreRefusedWithAnAlert() async throws {
        let strict = try files.context { $0.minimumVersion = .tls13 }
        func refusal(_ tls: TLSContext, _ options: TLSClient.Options) async throws -> String? {
            try await withServer(routes, tls: tls) { _, port in
                try await onThread {
                    do {
                        let client = try TestClient(port: port, tls: options)
                        return client.tls?.chosenProtocol ?? "nothing chosen"
                    } catch let trouble as TLSClient.Trouble {
                        return trouble.description
                    }
                }
            }
        }
        #expect(try await refusal(tls, .only(0x0302)) == "tlsv1 alert protocol version")
        #expect(try await refusal(strict, .only(0x0303)) == "tlsv1 alert protocol version")
        #expect(try await refusal(tls, .offering("h2")) == "tlsv1 alert no application protocol")
        #expect(try await refusal(tls, .offering("h2", "http/1.1")) == "http/1.1")
        #expect(try await refusal(tls, .standard) == "nothing chosen")
    }

    // MARK: Peers that do not shake hands

    @Test func plainHTTPIsToldWhereToGo() async throws {
        let log = Recorder<String>()
        try await withServer(routes, tls: tls, log: log) { server, port in
            try await onThread {
                let client = try TestClient(port: port)
                let answer = try client.get("/now")
                #expect(answer.status == 400)
                #expect(answer.body == "400 - this port speaks TLS: the address begins with https")
                #expect(answer.field("connection") == "close")
                #expect(try client.readToEnd().isEmpty)
                #expect(try TestClient(port: port, tls: .standard).get("/now").body == "now")
            }
            #expect(server.counters.snapshot.handshakesFailed == 1)
        }
        #expect(log.all.contains("handshake plain HTTP"))
    }

    @Test func garbageEndsAndHarmsNobody() async throws {
        try await withServer(routes, tls: tls) { server, port in
            try await onThread {
                let good = try TestClient(port: port, tls: .standard)
                var random = SystemRandomNumberGenerator()
                for number in 0..<200 {
                    let client = try TestClient(port: port)
                    var bytes = (0..<(1 + number * 7)).map { _ in UInt8.random(in: 0...255, using: &random) }
                    // Half of them begin as a handshake does.
                    if number % 2 == 0 { bytes.replaceSubrange(0..<1, with: [0x16, 3, 1, 0, 200, 1, 0, 0, 196]) }
                    try? client.send(bytes)
                    if number % 3 == 0 { client.reset() } else { client.halfClose() }
                    // In an alert, a reset or nothing; what counts is that it ends.
                    if number % 3 != 0 { try client.waitForEnd() }
                    if number % 50 == 0 { #expect(try good.get("/now").body == "now") }
                }
                #expect(try good.get("/now").body == "now")
            }
            #expect(server.counters.snapshot.handshakesDone == 1)
        }
    }

    @Test func aHandshakeMayComeByteByByte() async throws {
        try await withServer(routes, tls: tls) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                client.trickles = true
                try client.secure(.standard)
                #expect(try client.get("/now").body == "now")
            }
        }
    }

    @Test func whoStopsInTheMiddleIsClosedAtTheDeadline() async throws {
        var limits = HTTPServerLimits()
        limits.handshakeTimeout = .seconds(1)
        let log = Recorder<String>()
        try await withServer(routes, limits: limits, tls: tls, log: log) { server, port in
            try await onThread {
                let good = try TestClient(port: port, tls: .standard)
                let silent = try TestClient(port: port)
                let halfway = try TestClient(port: port)
                // The beginning of a ClientHello.
                try halfway.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3])
                #expect(try silent.readToEnd().isEmpty)
                #expect(try halfway.readToEnd().isEmpty)
                // The deadline was the handshake's, and is gone with it.
                #expect(try good.get("/now").body == "now")
            }
            let counted = server.counters.snapshot
            #expect(counted.handshakesLate == 2)
            #expect(counted.handshakesOpen == 0)
        }
        #expect(log.all.filter { $0 == "handshake late" }.count == 2)
    }

    @Test func withAllPlacesTakenTheNextWaitsInTheBacklogUntilTheSlowAreEnded() async throws {
        var limits = HTTPServerLimits()
        limits.handshakes = 2
        limits.handshakeTimeout = .seconds(60)
        limits.handshakeTimeoutWhenCrowded = .seconds(1)
        try await withServer(routes, limits: limits, tls: tls) { server, port in
            try await onThread {
                let slow = try (0..<2).map { _ in try TestClient(port: port) }
                // Connects at once, for the kernel does that; shakes hands when there is room.
                let next = try TestClient(port: port, tls: .standard)
                #expect(try next.get("/now").body == "now")
                // And on it goes. Of the slow ones as many are left as leave room for others.
                for _ in 0..<5 { #expect(try TestClient(port: port, tls: .standard).get("/now").body == "now") }
                for client in slow { client.close() }
            }
            let counted = server.counters.snapshot
            #expect(counted.handshakesFull >= 1)
            #expect((1...2).contains(counted.handshakesLate))
            #expect(counted.handshakesDone == 6)
        }
    }

    @Test func slowOnesHaveAllTheirTimeWhileThereIsRoom() async throws {
        var limits = HTTPServerLimits()
        limits.handshakes = 3
        limits.handshakeTimeoutWhenCrowded = .milliseconds(1)
        try await withServer(routes, limits: limits, tls: tls) { server, port in
            try await onThread {
                let slow = try TestClient(port: port)
                // Many of these in the time it would have had with a full house.
                for _ in 0..<50 { #expect(try TestClient(port: port, tls: .standard).get("/now").body == "now") }
                try slow.secure(.standard)
                #expect(try slow.get("/now").body == "now")
            }
            #expect(server.counters.snapshot.handshakesLate == 0)
        }
    }

    @Test func aDrainDoesNotWaitForHandshakes() async throws {
        let server = try HTTPServer(points: [ListenPoint("127.0.0.1:0", tls: tls)], routes: routes)
        let port = try server.bind()[0].port
        async let run: Void = server.run()
        let silent = try await onThread {
            let silent = try TestClient(port: port)
            #expect(try TestClient(port: port, tls: .standard).get("/now").body == "now")
            return silent
        }
        server.drain()
        #expect(try await onThread { try silent.readToEnd() }.isEmpty)
        try await run
        #expect(server.counters.snapshot.handshakesFailed == 1)
        #expect(server.counters.snapshot.open == 0)
    }

    // MARK: Certificates

    @Test func aReloadIsForNewConnectionsAndOldOnesGoOn() async throws {
        try await withServer(routes, tls: tls) { [files, tls] _, port in
            try await onThread {
                func name(_ client: TestClient) -> String? { client.tls?.serverName }
                let old = try TestClient(port: port, tls: .standard)
                #expect(name(old) == "localhost")
                try files.write(TestCertificate("renewed"))
                try tls.reload()
                let new = try TestClient(port: port, tls: .standard)
                #expect(name(new) == "renewed")
                // A key of another certificate: refused, and nothing changes.
                try CertificateFiles.write(TestCertificate().privateKey, to: files.privateKeyPath)
                #expect(throws: TLSProblems.self) { try tls.reload() }
                #expect(name(try TestClient(port: port, tls: .standard)) == "renewed")
                #expect(try old.get("/now").body == "now")
                #expect(try new.get("/now").body == "now")
            }
        }
    }
}
