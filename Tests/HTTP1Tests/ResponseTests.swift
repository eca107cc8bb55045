import ChatHTTP1
import Testing

/// What a client saw of an answer.
private struct Seen: Equatable {
    var head: ResponseHead?
    var body: [UInt8] = []
    var isWhole = false
    var violation: String?
    var rest: [UInt8] = []

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// Reads an answer in pieces of some size, and then perhaps its end.
private func read(_ input: [UInt8], pieces: Int, closed: Bool, limits: HTTPLimits) -> Seen {
    var machine = ResponseMachine(limits: limits)
    var seen = Seen()
    var buffer: [UInt8] = []
    func take(_ step: ResponseMachine.Step) -> Bool {
        switch step {
        case .needBytes: return false
        case .head(let head): seen.head = head
        case .body(let range): seen.body += buffer[range]
        case .end:
            seen.isWhole = true
            return false
        case .violation(let violation):
            seen.violation = violation.detail
            return false
        }
        return true
    }
    for start in stride(from: 0, to: input.count, by: pieces) {
        buffer += input[start..<min(start + pieces, input.count)]
        while true {
            let (consumed, step) = unsafe machine.next(buffer.span.bytes)
            let goesOn = take(step)
            buffer.removeFirst(consumed)
            if !goesOn { break }
        }
    }
    seen.rest = buffer
    if closed { _ = take(machine.inputEnded()) }
    // How much had been read before it was refused depends on the pieces.
    if seen.violation != nil { seen = Seen(violation: seen.violation) }
    return seen
}

private func answer(_ text: String, closed: Bool = false, limits: HTTPLimits = HTTPLimits()) -> Seen {
    let whole = read(Array(text.utf8), pieces: max(1, text.utf8.count), closed: closed, limits: limits)
    for pieces in [1, 2, 3, 7] {
        #expect(
            read(Array(text.utf8), pieces: pieces, closed: closed, limits: limits) == whole, "in pieces of \(pieces)")
    }
    return whole
}

@Suite("Answers, as a client reads them (RFC 9112 sections 4 and 6)")
struct ResponseTests {
    @Test("an answer with Content-Length")
    func length() {
        let seen = answer("HTTP/1.1 201 Created\r\nContent-Length: 2\r\nX-Name:  a b \r\n\r\n{}")
        #expect(seen.head?.status == 201 && seen.head?.first("x-name") == "a b")
        #expect(seen.text == "{}" && seen.isWhole)
    }

    @Test("an answer in chunks, with extensions and trailers")
    func chunks() {
        let seen = answer(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nT: 1\r\n\r\n")
        #expect(seen.text == "abcde" && seen.isWhole)
    }

    @Test("an answer that ends with its connection, and others that are cut off by that")
    func untilClose() {
        let text = "HTTP/1.0 200 OK\r\n\r\nall of it"
        #expect(answer(text).isWhole == false)
        #expect(answer(text, closed: true).text == "all of it")
        #expect(answer(text, closed: true).isWhole)
        for cut in [
            "", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nA: b\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ] {
            #expect(answer(cut, closed: true).violation == "the answer was cut off", "\(cut)")
        }
    }

    @Test("interim answers are passed over, and what follows a 101 is another protocol's")
    func interim() {
        let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
        let seen = answer(early + "HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n")
        #expect(seen.head?.status == 204 && seen.isWhole && seen.body.isEmpty)
        #expect(seen.head?.fields.count == 1)
        let upgraded = answer("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nxyz")
        #expect(upgraded.head?.status == 101 && upgraded.isWhole && upgraded.rest == Array("xyz".utf8))
        #expect(answer(String(repeating: "HTTP/1.1 100 C\r\n\r\n", count: 9)).violation != nil)
    }

    @Test("a reason may be empty or missing, or hold anything that is no control byte")
    func reasons() {
        for line in ["HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.1 200 è vero", "HTTP/1.1 200 a  b\tc"]
        {
            #expect(answer(line + "\r\nContent-Length: 0\r\n\r\n").isWhole, "\(line)")
        }
    }

    @Test(
        "what is no answer is refused",
        arguments: [
            "HTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
            "HTTP/1.1 099 OK\r\n\r\n", "HTTP/1.1 200 OK\n\r\n", "HTTP/1.1 200 O\rK\r\n\r\n",
            "HTTP/1.1 200 O\0K\r\n\r\n",
            "HTTP/1.1 200\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n", "<html>",
            "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        ])
    func refused(text: String) {
        #expect(answer(text).violation != nil)
    }

    @Test("limits: a status line, fields, and a content however it ends")
    func limits() {
        var limits = HTTPLimits()
        limits.requestLineBytes = 20
        limits.fieldCount = 2
        limits.bodyBytes = 5
        #expect(answer("HTTP/1.1 200 " + String(repeating: "a", count: 30), limits: limits).violation != nil)
        #expect(answer("HTTP/1.1 200 OK\r\nA: b\r\nC: d\r\nE: f\r\n\r\n", limits: limits).violation != nil)
        #expect(answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", limits: limits).violation != nil)
        #expect(answer("HTTP/1.1 200 OK\r\n\r\n123456", limits: limits).violation != nil)
        #expect(answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n", limits: limits).violation != nil)
        #expect(answer("HTTP/1.1 200 OK\r\n\r\n12345", closed: true, limits: limits).text == "12345")
    }

    @Test("requests are written as they are read, and nothing can be smuggled into one")
    func requests() throws {
        let bytes = try #require(
            RequestWriter.serialize(
                method: "POST", target: "/a?b=c", host: "h:1", fields: [HTTPField(name: "X", value: "y")],
                body: Array("{}".utf8)))
        let head = try head(of: String(decoding: bytes, as: UTF8.self))
        #expect(head.method == "POST" && head.path == "/a" && head.query == "b=c" && head.host == "h:1")
        #expect(head.first("x") == "y" && head.contentLength == 2 && !head.keepAlive)
        let upgrade = try #require(
            RequestWriter.serialize(method: "GET", target: "/", host: "h", upgrade: "websocket"))
        #expect(try HTTP1Tests.head(of: String(decoding: upgrade, as: UTF8.self)).isUpgrade(to: "websocket"))
        for (target, host, value) in [
            ("/a b", "h", "v"), ("/\r\nX: y", "h", "v"), ("", "h", "v"), ("/", "h\r\nX: y", "v"),
            ("/", "h", "v\r\nX: y"),
        ] {
            #expect(
                RequestWriter.serialize(
                    method: "GET", target: target, host: host, fields: [HTTPField(name: "X", value: value)]) == nil)
        }
    }
}
