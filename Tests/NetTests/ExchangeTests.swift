import ChatHTTP1
import ChatHTTPServer
import ChatNet
import ScriptTesting
import Synchronization
import Testing

/// What outlives the moment of a request: parked exchanges and upgrades.
struct ExchangeTests {
    /// Keeps exchanges for a test to answer.
    private final class Shelf: Sendable {
        private let kept = Mutex<[Exchange]>([])
        func put(_ exchange: Exchange) { kept.withLock { $0.append(exchange) } }
        func take() -> Exchange? { kept.withLock { $0.popLast() } }
    }

    @Test func anExchangeIsAnsweredOnceAndFromAnywhere() async throws {
        let shelf = Shelf()
        let parked = AsyncStream.makeStream(of: Void.self)
        let route = Route(
            "GET", "/poll",
            .exchange { _, exchange in
                shelf.put(exchange)
                parked.continuation.yield()
            })
        try await withServer([route]) { _, port in
            async let answers = onThread {
                let client = try TestClient(port: port)
                return [try client.get("/poll").body, try client.get("/poll").body]
            }
            for _ in 0..<2 {
                for await _ in parked.stream { break }
                let exchange = try #require(shelf.take())
                #expect(exchange.respond(ok("first")))
                #expect(exchange.respond(ok("second")) == false)
            }
            #expect(try await answers == ["first", "first"])
        }
    }

    @Test func anExchangeThatIsLetGoIsAnsweredWithAnError() async throws {
        try await withServer([Route("GET", "/poll", .exchange { _, _ in })]) { _, port in
            let answer = try await onThread { try TestClient(port: port).get("/poll") }
            #expect(answer.body == "500 internal nobody answered")
        }
    }

    @Test func aParkedExchangeHearsThatItsClientLeft() async throws {
        let shelf = Shelf()
        let parked = AsyncStream.makeStream(of: Void.self)
        let closed = AsyncStream.makeStream(of: Void.self)
        let route = Route(
            "GET", "/poll",
            .exchange { _, exchange in
                exchange.wait(until: .max, Waiter { if $0 == .peerLeft { closed.continuation.yield() } })
                shelf.put(exchange)
                parked.continuation.yield()
            })
        try await withServer([route]) { _, port in
            let client = try await onThread {
                let client = try TestClient(port: port)
                try client.send("GET /poll HTTP/1.1\r\nHost: test\r\n\r\n")
                return client
            }
            for await _ in parked.stream { break }
            client.halfClose()
            for await _ in closed.stream { break }
            // It only stopped sending: it can still read.
            #expect(shelf.take()?.respond(ok("still here")) == true)
            try await onThread { () throws in
                #expect(try client.answer().body == "still here")
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test func aParkedExchangeHearsThatItsTimeIsOverAndTheConnectionGoesOn() async throws {
        let route = Route(
            "GET", "/poll",
            .exchange { _, exchange in
                exchange.wait(
                    until: exchange.loop.now + 1_000_000,
                    Waiter { reason in
                        #expect(reason == .timeOut)
                        exchange.respond(ok("nothing"))
                    })
            })
        try await withServer([route]) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                for _ in 0..<2 { #expect(try client.get("/poll").body == "nothing") }
            }
        }
    }

    @Test func answersGivenAtOnceComeInTheOrderOfTheirRequests() async throws {
        let shared = SharedResponse(ok("to all"))
        let routes = [
            Route("GET", "/at-once", .exchange { $1.respond(ok($0.head.query ?? "")) }),
            Route("GET", "/shared", .exchange { $1.respond(shared) }),
        ]
        try await withServer(routes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                let paths = (0..<100).map { $0 % 3 == 0 ? "/shared" : "/at-once?\($0)" }
                try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
                for number in 0..<100 {
                    #expect(try client.answer().body == (number % 3 == 0 ? "to all" : "\(number)"))
                }
                try client.send("GET /shared HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
                #expect(try client.answer().field("connection") == "close")
                #expect(try client.readToEnd() == [])
            }
        }
    }

    @Test(arguments: [false, true])
    func whatAnAnswerHoldsIsLetGoOfWhenThePeerHasTakenItOrIsGone(leaves: Bool) async throws {
        let ends = AsyncStream.makeStream(of: Void.self)
        let held = Recorder<Bool>()
        let route = Route(
            "GET", "/large",
            .exchange { _, exchange in
                let body = [UInt8](repeating: 1, count: 24 << 20)
                exchange.respond(HTTPResponse(status: 200, body: body), holding: Hold(ends.continuation))
                held.note(true)
            })
        try await withServer([route] + someRoutes) { _, port in
            let client = try await onThread {
                let client = try TestClient(port: port, receiveBuffer: 4096)
                try client.send("GET /large HTTP/1.1\r\nHost: test\r\n\r\n")
                _ = try client.read(through: "\r\n\r\n")
                // By now it has all been given to the connection.
                #expect(try TestClient(port: port).get("/now").status == 200)
                #expect(held.all == [true])
                return client
            }
            #expect(Hold.alive.withLock { $0 } > 0)
            try await onThread { () throws in
                if leaves { client.reset() } else { _ = try client.read(24 << 20) }
            }
            for await _ in ends.stream { break }
        }
    }

    @Test func anUpgradedStreamGetsWhatCameBehindTheRequest() async throws {
        let route = Route(
            "GET", "/ws",
            .upgrade { _, _ in
                .accept(
                    fields: [HTTPField(name: "X-Greeting", value: "hello")],
                    attach: { stream, loop in
                        #expect(loop.isCurrent)
                        stream.send(Array("welcome ".utf8))
                        return Shouter()
                    })
            })
        try await withServer([route], loops: 2) { server, port in
            try await onThread {
                for _ in 0..<4 {
                    let client = try TestClient(port: port)
                    try client.upgrade("/ws", behind: "early ")
                    try client.send("late")
                    #expect(text(try client.read(18)) == "welcome EARLY LATE")
                }
            }
            #expect(server.counters.snapshot.upgraded == 4)
        }
        // All streams were counted out, or the server had not ended.
    }

    @Test func aRefusedUpgradeIsAnOrdinaryAnswer() async throws {
        let route = Route("GET", "/ws", .upgrade { _, _ in .refuse(HTTPResponse(status: 403)) })
        try await withServer([route]) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                #expect(try client.get("/ws").status == 403)
                #expect(try client.get("/ws").status == 403)
            }
        }
    }

    @Test func anUpgradeNobodyAskedForIs426() async throws {
        let route = Route("GET", "/ws", .upgrade { _, _ in .accept(attach: { _, _ in Shouter() }) })
        try await withServer([route]) { _, port in
            let answer = try await onThread { try TestClient(port: port).get("/ws") }
            #expect(answer.status == 426)
            #expect(answer.field("upgrade") == "websocket")
        }
    }
}

/// Says that nobody holds it any more.
private final class Hold: Sendable {
    static let alive = Mutex(0)
    private let end: AsyncStream<Void>.Continuation

    init(_ end: AsyncStream<Void>.Continuation) {
        self.end = end
        Self.alive.withLock { $0 += 1 }
    }

    deinit {
        Self.alive.withLock { $0 -= 1 }
        end.yield()
    }
}

/// Waits, and does something when it is over.
final class Waiter: ExchangeWaiter {
    private let body: @Sendable (WaitEnd) -> Void

    init(_ body: @escaping @Sendable (WaitEnd) -> Void) { self.body = body }

    func waitEnded(_ reason: WaitEnd) { body(reason) }
}

/// Sends everything back in upper case, changed in place.
private final class Shouter: StreamHandler {
    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int {
        for place in 0..<bytes.byteCount {
            let byte = bytes.byte(at: place)
            if byte >= 97, byte <= 122 { bytes.storeBytes(of: byte - 32, toByteOffset: place, as: UInt8.self) }
        }
        stream.send(array(bytes))
        return bytes.byteCount
    }
    func ended(_ stream: ByteStream, reason: EndReason) {}
}
