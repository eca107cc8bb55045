import ChatHTTP1
import Testing

@Suite("Chunks (RFC 9112 section 7.1)")
struct ChunkedTests {
    @Test(
        "Section 7.1: sizes in any case of digit",
        arguments: [
            ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"), ("1\r\nh\r\n4\r\nello\r\n0\r\n\r\n", "hello"),
            ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"), ("A\r\n0123456789\r\n000\r\n\r\n", "0123456789"),
            ("0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"), ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ])
    func sizes(_ chunks: String, _ expected: String) throws { #expect(try content(of: chunked(chunks)) == expected) }

    @Test(
        "Section 7.1: what is no size",
        arguments: [
            "\r\n", "+5\r\nhello", "-5\r\nhello", "0x5\r\nhello", " 5\r\nhello", "5 \r\nhello", "5\thello", "g\r\n",
            "5g\r\n",
            "_5\r\n", "\n", "5\nhello", "5\rhello", "5\r\rhello", ";a\r\n", "00000000000000005\r\nhello", "\0",
        ])
    func badSizes(_ chunks: String) { #expect(refusal(chunked(chunks)) == 400) }

    @Test(
        "Section 7.1: sizes that overflow are too large",
        arguments: [
            "7fffffffffffffff", "8000000000000000", "ffffffffffffffff", "FFFFFFFFFFFFFFFB", "fffffffffffffffff",
            "10000000000000005",
        ])
    func hugeSizes(_ size: String) { #expect(refusal(chunked("\(size)\r\nhello\r\n0\r\n\r\n")) == 413) }

    @Test(
        "CVE-2025-43859: the two bytes after a chunk are CR and LF",
        arguments: [
            "5\r\nhelloXX0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\rX", "5\r\nhello\n\r0",
        ])
    func afterChunk(_ chunks: String) { #expect(refusal(chunked(chunks)) == 400) }

    @Test(
        "Section 7.1.1: extensions are read by their grammar and ignored",
        arguments: [";a", ";a=b", ";a;b;c", ";a=\"b\"", ";a=\"\"", ";a=\"x;\\\"y\\\\\";b", ";a=\"\t \u{E9}\"", ";!#=~"])
    func extensions(_ text: String) throws {
        #expect(try content(of: chunked("5\(text)\r\nhello\r\n0\(text)\r\n\r\n")) == "hello")
    }

    @Test(
        "Section 7.1.1: extensions outside the grammar",
        arguments: [
            Case("empty", ";"), Case("blank before (bad white space)", " ;a"), Case("blank after", "; a"),
            Case("blank around equals", ";a = b"), Case("no value", ";a="), Case("no name", ";=b"),
            Case("two values", ";a=b=c"),
            Case("LF in a value (GHSA-fghv-69vj-qj49)", ";a=b\nc"), Case("bare LF at the end", ";a\n"),
            Case("open quote (CVE-2026-2332)", ";a=\"b\r\nc\""), Case("LF in quotes", ";a=\"\n\""),
            Case("CR in quotes", ";a=\"\r\""), Case("LF after a backslash", ";a=\"\\\n\""),
            Case("text after quotes", ";a=\"b\"c"),
            Case("a NUL", ";a=\0"), Case("a comma", ";a,b"), Case("a letter beyond ASCII", ";\u{E9}"),
        ])
    func badExtensions(_ input: Case) {
        #expect(refusal(chunked("5\(input.text)\r\nhello\r\n0\r\n\r\n")) == 400)
    }

    @Test(
        "Section 7.1.2: trailers are checked and forgotten",
        arguments: [
            "A: 1\r\n", "A: 1\r\nB:\r\n", "Content-Length: 7\r\n", "Transfer-Encoding: gzip\r\n",
            "Host: b\r\nHost: c\r\n",
        ])
    func trailers(_ lines: String) throws {
        let events = read(chunked("5\r\nhello\r\n0\r\n\(lines)\r\n"))
        guard case .head(let head) = events.first else { throw Unexpected(events: events) }
        #expect(head.fields.count == 2)
        #expect(events.dropFirst() == [.body(Array("hello".utf8)), .end])
    }

    @Test(
        "Section 7.1.2: trailers obey the rules of fields",
        arguments: [
            "A\r\n", "A : 1\r\n", ": 1\r\n", " A: 1\r\n", "A: 1\nB: 2\r\n", "A: \u{0}\r\n", "A: 1\r\n B\r\n", "\n",
            "\rX",
        ])
    func badTrailers(_ lines: String) { #expect(refusal(chunked("0\r\n\(lines)\r\n")) == 400) }

    @Test(
        "A chunk cut short, or a missing last chunk, is no end",
        arguments: [
            "5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\n\r", "6\r\nhello",
        ])
    func unfinished(_ chunks: String) {
        #expect(read(chunked(chunks)).last == .body(Array("hello".utf8)))
    }
}
