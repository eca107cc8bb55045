import ChatHTTP1
import Testing

@Suite("Content and its length (RFC 9112 section 6)")
struct FramingTests {
    static func post(_ fieldLines: String, _ content: String = "hello") -> String {
        "POST / HTTP/1.1\r\nHost: a\r\n\(fieldLines)\r\n\(content)"
    }

    @Test func contentOfADeclaredLength() throws {
        #expect(try content(of: Self.post("Content-Length: 5\r\n")) == "hello")
        #expect(try content(of: Self.post("Content-Length: 0\r\n", "")) == "")
        #expect(try content(of: Self.post("Content-Length: 005\r\n")) == "hello")
        #expect(try content(of: Self.post("cOnTeNt-lEnGtH:5 \r\n")) == "hello")
    }

    @Test func theHeadTellsTheLength() throws {
        #expect(try head(of: Self.post("Content-Length: 5\r\n")).contentLength == 5)
        #expect(try head(of: Self.post("", "")).contentLength == nil)
        let chunkedHead = try head(of: chunked("0\r\n\r\n"))
        #expect(chunkedHead.contentLength == nil)
        #expect(chunkedHead.isChunked)
        #expect(chunkedHead.hasBody)
    }

    @Test("A GET may have content; it is read, not taken for the next request")
    func contentOfAGet() throws {
        #expect(try content(of: get("Content-Length: 5\r\n") + "GET /") == "GET /")
    }

    @Test func contentCutShortIsNoEnd() {
        let events = read(Self.post("Content-Length: 6\r\n"))
        #expect(events.count == 2)
        #expect(events.last == .body(Array("hello".utf8)))
    }

    @Test(
        "Section 6.2: what is not a number of bytes",
        arguments: [
            "", "+5", "-5", "5 5", "5,5", "5, 5", "0x5", "5.0", "1e1", "five", "5;", "\"5\"", "\u{661}", "5\t5", "-0",
            "_5", "5_0",
        ])
    func badLengths(_ value: String) { #expect(refusal(Self.post("Content-Length: \(value)\r\n")) == 400) }

    @Test(
        "Section 6.2: numbers too large to count to are too large to accept",
        arguments: [
            "9223372036854775807", "9223372036854775808", "18446744073709551616", "18446744073709551621",
            "99999999999999999999999999999999999999999999999999999999999999",
        ])
    func hugeLengths(_ value: String) { #expect(refusal(Self.post("Content-Length: \(value)\r\n")) == 413) }

    @Test("Section 6.3: one Content-Length, even when two agree")
    func repeatedLengths() {
        #expect(refusal(Self.post("Content-Length: 5\r\nContent-Length: 5\r\n")) == 400)
        #expect(refusal(Self.post("Content-Length: 5\r\ncontent-length: 6\r\n")) == 400)
        #expect(refusal(Self.post("Content-Length: 5\r\nContent-Length:\r\n")) == 400)
    }

    @Test("Section 6.1: chunked, in any case", arguments: ["chunked", "Chunked", "CHUNKED", " chunked\t"])
    func chunkedCoding(_ value: String) throws {
        #expect(try content(of: Self.post("Transfer-Encoding:\(value)\r\n", "5\r\nhello\r\n0\r\n\r\n")) == "hello")
    }

    @Test("Section 6.1: a coding we do not know", arguments: ["gzip, chunked", "identity,chunked", "x, y, chunked"])
    func unknownCodings(_ value: String) { #expect(refusal(Self.post("Transfer-Encoding: \(value)\r\n")) == 501) }

    @Test(
        "Section 6.3: chunked must be there, last, once and bare",
        arguments: [
            "gzip", "identity", "chunked, gzip", "chunked, chunked", "chunked;q=1", "chunked, ", ", chunked",
            "chunked,,", "",
            "xchunked", "chunkedx", "chunk ed", "\"chunked\"", "chunked chunked", "chunked/1",
            "identity, chunked, chunked",
            "chunke\u{212A}", "\u{A0}chunked",
        ])
    func badCodings(_ value: String) { #expect(refusal(Self.post("Transfer-Encoding: \(value)\r\n")) == 400) }

    @Test("Section 6.1: two Transfer-Encoding fields are one list")
    func repeatedCodings() {
        let chunked = "Transfer-Encoding: chunked\r\n"
        #expect(refusal(Self.post(chunked + chunked)) == 400)
        #expect(refusal(Self.post(chunked + "Transfer-Encoding: identity\r\n")) == 400)
        #expect(refusal(Self.post("Transfer-Encoding: gzip\r\n" + chunked)) == 501)
    }

    @Test("Section 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing")
    func codingInHTTP10() {
        #expect(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400)
    }
}
