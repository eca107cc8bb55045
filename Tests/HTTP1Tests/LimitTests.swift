import ChatHTTP1
import Testing

@Suite("Limits: at the limit it passes, one more is refused")
struct LimitTests {
    @Test("Request line of 8 KiB: 414", arguments: [(8192, nil), (8193, 414)] as [(Int, Int?)])
    func requestLine(_ bytes: Int, _ expected: Int?) {
        let target = "/" + String(repeating: "a", count: bytes - "GET / HTTP/1.1\r\n".utf8.count)
        #expect(refusal("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == expected)
    }

    @Test("A request line without an end is refused at the limit, not held")
    func endlessRequestLine() {
        #expect(refusal(String(repeating: "A", count: 8192)) == nil)
        #expect(refusal(String(repeating: "A", count: 8193)) == 414)
    }

    @Test("The empty line before a request does not count")
    func emptyLineIsFree() {
        let target = "/" + String(repeating: "a", count: 8192 - "GET / HTTP/1.1\r\n".utf8.count)
        #expect(refusal("\r\nGET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
    }

    @Test("Field block of 64 KiB in one line: 431", arguments: [(65536, nil), (65537, 431)] as [(Int, Int?)])
    func oneLongField(_ bytes: Int, _ expected: Int?) {
        let value = String(repeating: "v", count: bytes - "Host: a\r\nA: \r\n\r\n".utf8.count)
        #expect(refusal(get("A: \(value)\r\n")) == expected)
    }

    @Test("Field block of 64 KiB in many lines: 431", arguments: [(65536, nil), (65537, 431)] as [(Int, Int?)])
    func manyFields(_ bytes: Int, _ expected: Int?) {
        let line = "A: \(String(repeating: "v", count: 995))\r\n"  // 1000 bytes
        let rest = bytes - "Host: a\r\n\r\n".utf8.count - 65 * 1000
        let last = "B: \(String(repeating: "v", count: rest - 5))\r\n"
        #expect(refusal(get(String(repeating: line, count: 65) + last)) == expected)
    }

    @Test("A field without an end is refused at the limit, not held")
    func endlessField() {
        let start = "GET / HTTP/1.1\r\n"
        #expect(refusal(start + String(repeating: "a", count: 65536)) == nil)
        #expect(refusal(start + String(repeating: "a", count: 65537)) == 431)
    }

    @Test("100 fields: 431", arguments: [(100, nil), (101, 431)] as [(Int, Int?)])
    func fieldCount(_ count: Int, _ expected: Int?) {
        let lines = (1..<count).map { "f\($0): 1\r\n" }.joined()
        #expect(refusal(get(lines)) == expected)
    }

    @Test(
        "Content of 1 MiB, by Content-Length: 413 before any of it is read",
        arguments: [(1_048_576, nil), (1_048_577, 413)] as [(Int, Int?)])
    func contentLength(_ length: Int, _ expected: Int?) {
        let events = read(get("Content-Length: \(length)\r\n"))
        guard let expected else {
            #expect(events.count == 1)
            return
        }
        #expect(events == [.violation(PeerViolation(status: expected, detail: "the content is too long"))])
    }

    @Test func contentOfExactlyTheLimitIsReadWhole() throws {
        let megabyte = String(repeating: "x", count: 1_048_576)
        #expect(try content(of: get("Content-Length: 1048576\r\n") + megabyte) == megabyte)
        #expect(try content(of: chunked("100000\r\n\(megabyte)\r\n0\r\n\r\n")) == megabyte)
    }

    @Test(
        "Content of 1 MiB, in one chunk: 413 before any of it is read",
        arguments: [("100000", nil), ("100001", 413), ("fffff0", 413)] as [(String, Int?)])
    func oneChunk(_ size: String, _ expected: Int?) { #expect(refusal(chunked("\(size)\r\n")) == expected) }

    @Test("Content in many chunks counts together: 413", arguments: [("4", nil), ("5", 413)] as [(String, Int?)])
    func manyChunks(_ last: String, _ expected: Int?) {
        var limits = HTTPLimits()
        limits.bodyBytes = 10
        #expect(refusal(chunked("6\r\nabcdef\r\n\(last)\r\nabcd"), limits: limits) == expected)
    }

    @Test("Chunk line of 256 bytes: 400", arguments: [(256, nil), (257, 400)] as [(Int, Int?)])
    func chunkLine(_ bytes: Int, _ expected: Int?) {
        let name = String(repeating: "e", count: bytes - "5;\r\n".utf8.count)
        #expect(refusal(chunked("5;\(name)\r\nhello\r\n0\r\n\r\n")) == expected)
    }

    @Test("Chunk extensions of 4 KiB in all: 400", arguments: [(4096, nil), (4097, 400)] as [(Int, Int?)])
    func chunkExtensions(_ bytes: Int, _ expected: Int?) {
        // What follows the semicolon counts, with its CR: 32 lines of 128, and in the last one a byte more.
        let line = "1;\(String(repeating: "e", count: 127))\r\nx\r\n"
        let last = "1;\(String(repeating: "e", count: 127 + bytes - 4096))\r\nx\r\n"
        #expect(refusal(chunked(String(repeating: line, count: 31) + last + "0\r\n\r\n")) == expected)
    }

    @Test("Trailers of 4 KiB: 431", arguments: [(4096, nil), (4097, 431)] as [(Int, Int?)])
    func trailers(_ bytes: Int, _ expected: Int?) {
        let value = String(repeating: "v", count: bytes - "A: 1\r\nT: \r\n\r\n".utf8.count)
        #expect(refusal(chunked("0\r\nA: 1\r\nT: \(value)\r\n\r\n")) == expected)
    }

    @Test("100 trailers: 431", arguments: [(100, nil), (101, 431)] as [(Int, Int?)])
    func trailerCount(_ count: Int, _ expected: Int?) {
        #expect(refusal(chunked("0\r\n\(String(repeating: "a:\r\n", count: count))\r\n")) == expected)
    }

    @Test("Limits that are all zero refuse everything and trap nothing")
    func zeroLimits() {
        var limits = HTTPLimits()
        limits.requestLineBytes = 0
        #expect(refusal(get(), limits: limits) == 414)
        limits.requestLineBytes = 100
        limits.fieldBlockBytes = 0
        #expect(refusal(get(), limits: limits) == 431)
        limits.fieldBlockBytes = 100
        limits.fieldCount = 0
        #expect(refusal(get(), limits: limits) == 431)
        limits.fieldCount = 10
        limits.bodyBytes = 0
        #expect(refusal(get("Content-Length: 1\r\n"), limits: limits) == 413)
        #expect(refusal(chunked("1\r\n"), limits: limits) == 413)
        #expect(read(chunked("0\r\n\r\n"), limits: limits).last == .end)
        limits.trailerBytes = 0
        #expect(refusal(chunked("0\r\n\r\n"), limits: limits) == 431)
        limits.chunkLineBytes = 0
        #expect(refusal(chunked("0\r\n\r\n"), limits: limits) == 400)
    }
}
