import ChatHTTP1
import Testing

@Suite("Connections (RFC 9112 section 9)")
struct ConnectionTests {
    @Test(
        "Section 9.3: who wants the connection kept",
        arguments: [
            ("HTTP/1.1", "", true), ("HTTP/1.1", "Connection: close\r\n", false),
            ("HTTP/1.1", "connection: CLOSE\r\n", false),
            ("HTTP/1.1", "Connection: keep-alive\r\n", true), ("HTTP/1.1", "Connection: keep-alive, close\r\n", false),
            ("HTTP/1.1", "Connection: x\r\nConnection: y ,close\r\n", false),
            ("HTTP/1.1", "Connection: closed\r\n", true),
            ("HTTP/1.0", "", false), ("HTTP/1.0", "Connection: Keep-Alive\r\n", true),
            ("HTTP/1.0", "Connection: keep-alive, close\r\n", false),
        ])
    func keepAlive(_ version: String, _ lines: String, _ expected: Bool) throws {
        #expect(try head(of: "GET / \(version)\r\nHost: a\r\n\(lines)\r\n").keepAlive == expected)
    }

    @Test("Section 9.3.2: pipelined requests come one after the other")
    func pipelined() {
        let first = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
        let second = "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n"
        let third = "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n"
        let events = read(first + second + third + "\r\n" + third)
        let paths = events.compactMap { event -> String? in
            guard case .head(let head) = event else { return nil }
            return head.path
        }
        #expect(paths == ["/1", "/2", "/3", "/3"])
        #expect(events.filter { $0 == .end }.count == 4)
        #expect(events.contains(.body(Array("abc".utf8))))
    }

    @Test("Fields that are repeated are read as they were, whatever the request line says")
    func repeated() {
        let fields = "Host: a\r\nX: \(String(repeating: "x", count: 100))\r\n\r\n"
        let other = "Host: b\r\nX: \(String(repeating: "x", count: 100))\r\n\r\n"
        let lines = [
            "GET /1", "GET /1", "HEAD /1", "GET /1?q=1", "GET /1?q=2", "GET http://c/1", "GET /1", "OPTIONS *",
            "GET /2",
        ]
        let requests = lines.flatMap { line in
            [(1, fields), (1, fields), (0, fields), (0, fields), (1, other), (1, fields)].map { minor, fields in
                "\(line) HTTP/1.\(minor)\r\n\(fields)"
            }
        }
        // Read whole, nearly all are repetitions; read byte by byte, none is.
        let heads = read(requests.joined()).filter { $0 != .end }
        #expect(heads.count == requests.count)
        for (head, request) in zip(heads, requests) { #expect(read(request).first == head) }
    }

    @Test("A head is said to be repeated only right behind another with the same fields")
    func isRepeated() {
        let (one, other) = (get("X: 1\r\n"), get("X: 2\r\n"))
        let large = get("X: \(String(repeating: "x", count: 3000))\r\n")
        let content = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
        let all = [one, one, other, one, one, large, one, large, large, content, one, content, content, one, one]
        let heads = read(all.joined()).compactMap { if case .head(let head) = $0 { head } else { nil } }
        #expect(heads.indices.filter { heads[$0].isRepeated } == [1, 4, 14])
    }

    @Test("Connections that share the line read last read as each does by itself", arguments: [1, 7, 4096])
    func sharedLine(_ pieceSize: Int) {
        let long = String(repeating: "x", count: 2000)
        let lines = [
            "GET /events?cursor=1 HTTP/1.1", "GET /events?cursor=1 HTTP/1.0", "GET /events?cursor=12 HTTP/1.1",
            "GET /events?cursor=1 HTTP/2.0", "GET http://a/events HTTP/1.1", "OPTIONS * HTTP/1.1",
            "GET /?\(long) HTTP/1.1",
            "\r\nGET /events?cursor=1 HTTP/1.1", "GET /events?cursor=1 HTTP/1.1\r\nHost: b",
        ]
        let requests = lines.flatMap { line in ["Host: a", "Host: c"].map { "\(line)\r\n\($0)\r\n\r\n" } }
        let shared = LastLine()
        for request in requests {
            for next in requests {
                let alone = ByteFeeder(Array((request + next).utf8), pieceSize: pieceSize)
                // The first leaves its line for the second, which begins with another or the same.
                _ = ByteFeeder(Array(request.utf8), pieceSize: pieceSize, lastLine: shared)
                let together = ByteFeeder(Array((request + next).utf8), pieceSize: pieceSize, lastLine: shared)
                #expect(together.events == alone.events)
                #expect(together.brokenPromise == nil)
            }
        }
    }

    @Test("Nothing of one request stays for the next")
    func nothingStays() throws {
        let events = read(chunked("5;a\r\nhello\r\n0\r\nT: 1\r\n\r\n") + "GET /?q HTTP/1.0\r\n\r\n" + get())
        guard case .head(let second) = events[3], case .head(let third) = events[5] else {
            throw Unexpected(events: events)
        }
        #expect(second.fields.isEmpty)
        #expect(!second.isChunked)
        #expect(second.host == nil)
        #expect(third.query == nil)
        #expect(third.minorVersion == 1)
    }

    @Test("Limits are counted for each request anew")
    func limitsAreForEachRequest() {
        var limits = HTTPLimits()
        limits.bodyBytes = 5
        limits.fieldBlockBytes = 64
        limits.requestLineBytes = 32
        limits.chunkExtensionBytes = 8
        limits.trailerBytes = 16
        let request = chunked("5;ext\r\nhello\r\n0\r\nT: 1\r\n\r\n")
        #expect(read(request + request + request, limits: limits).last == .end)
    }

    @Test("After a violation nothing else comes, not even a good request")
    func violationIsTheEnd() {
        let events = read(get() + "bad\r\n\r\n" + get())
        #expect(events.count == 3)
        #expect(refusal(get() + "bad\r\n\r\n" + get()) == 400)
    }

    @Test("The phase tells which deadline applies")
    func phases() {
        func phase(_ text: String) -> RequestMachine.Phase { ByteFeeder(Array(text.utf8), pieceSize: 1).phase }
        func isBetween(_ text: String) -> Bool { ByteFeeder(Array(text.utf8), pieceSize: 1).isBetweenRequests }
        #expect(phase("") == .idle)
        #expect(phase("\r\n") == .idle)
        #expect(phase("G") == .head)
        #expect(phase("GET / HTTP/1.1\r\n") == .head)
        #expect(phase("GET / HTTP/1.1\r\nHost: a\r\n\r") == .head)
        #expect(phase(get("Content-Length: 1\r\n")) == .body)
        #expect(phase(chunked("0\r\n")) == .body)
        #expect(phase(get()) == .idle)
        #expect(isBetween("") && isBetween(get()) && isBetween(get() + "\r\n"))
        #expect(!isBetween("G") && !isBetween(chunked("")) && !isBetween("GET / HTTP/1.1\r\n") && !isBetween(" "))
    }

    @Test("Section 9.9 and RFC 9110 section 7.8: an upgrade leaves the new protocol's bytes alone")
    func upgrade() throws {
        let request = get("Connection: keep-alive, Upgrade\r\nUpgrade: h2c, WebSocket\r\n")
        let head = try head(of: request)
        #expect(head.isUpgrade(to: "websocket"))
        #expect(!head.isUpgrade(to: "web"))
        var machine = RequestMachine()
        let bytes = Array((request + "\u{1}\u{2}").utf8)
        let (consumed, _) = unsafe machine.next(bytes.span.bytes)
        #expect(consumed == request.utf8.count)
        let rest = Array(bytes[consumed...])
        guard case (0, .end) = unsafe machine.next(rest.span.bytes) else {
            Issue.record("no end")
            return
        }
        #expect(rest == [1, 2])
    }

    @Test(
        "What is no upgrade",
        arguments: [
            "Upgrade: websocket\r\n", "Connection: upgrade\r\n", "Connection: upgraded\r\nUpgrade: websocket\r\n",
        ])
    func noUpgrade(_ lines: String) throws { #expect(try !head(of: get(lines)).isUpgrade(to: "websocket")) }

    @Test("HTTP/1.0 cannot upgrade")
    func noUpgradeInHTTP10() throws {
        let text = "GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        #expect(try !head(of: text).isUpgrade(to: "websocket"))
    }

    @Test(
        "RFC 9110 section 10.1.1: who waits for 100",
        arguments: [
            ("HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 1\r\n", true),
            ("HTTP/1.1", "expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n", true),
            ("HTTP/1.1", "Expect: 100-continue\r\n", false),
            ("HTTP/1.1", "Expect: 100-continue\r\nContent-Length: 0\r\n", false),
            ("HTTP/1.1", "Expect: 200-maybe\r\nContent-Length: 1\r\n", false),
            ("HTTP/1.0", "Expect: 100-continue\r\nContent-Length: 1\r\n", false),
        ])
    func expectation(_ version: String, _ lines: String, _ expected: Bool) throws {
        #expect(try head(of: "PUT / \(version)\r\nHost: a\r\n\(lines)\r\n").expectsContinue == expected)
    }
}
