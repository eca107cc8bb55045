import ChatHTTP1
import Testing

@Suite("Request line (RFC 9112 sections 2 and 3)")
struct RequestLineTests {
    @Test func aSmallGetIsReadWhole() throws {
        let head = try head(of: "GET /hello?name=a%20b HTTP/1.1\r\nHost: chat.example:8000\r\nAccept: */*\r\n\r\n")
        #expect(head.method == "GET")
        #expect(head.path == "/hello")
        #expect(head.query == "name=a%20b")
        #expect(head.host == "chat.example:8000")
        #expect(head.minorVersion == 1)
        #expect(head.fields.map(\.name) == ["Host", "Accept"])
        #expect(!head.hasBody)
    }

    @Test func aRequestWithoutContentIsAHeadAndAnEnd() {
        let events = read(get())
        #expect(events.count == 2)
        #expect(events.last == .end)
    }

    @Test("Section 2.2: one empty line before a request is passed over")
    func oneEmptyLineBefore() throws {
        #expect(try head(of: "\r\n" + get()).method == "GET")
    }

    @Test(
        "Section 2.2: more than that is no request",
        arguments: [
            Case("two empty lines", "\r\n\r\nGET / HTTP/1.1\r\n"),
            Case("a bare LF", "\nGET / HTTP/1.1\r\n"),
            Case("a bare CR", "\rGET / HTTP/1.1\r\n"),
            Case("a blank", " GET / HTTP/1.1\r\n"),
            Case("a TLS hello", "\u{16}\u{3}\u{1}\u{2}"),
            Case("a byte order mark", "\u{FEFF}GET / HTTP/1.1\r\n"),
            Case("a NUL", "\0GET / HTTP/1.1\r\n"),
        ])
    func noBeginning(_ input: Case) { #expect(refusal(input.text) == 400) }

    @Test(
        "Section 3.1: a method is a token, and case matters",
        arguments: ["GET", "get", "M-SEARCH", "!#$%&'*+-.^_`|~09azAZ"])
    func methods(_ method: String) throws {
        #expect(try head(of: "\(method) / HTTP/1.1\r\nHost: a\r\n\r\n").method == method)
    }

    @Test(
        "Section 3: exactly three parts, one space between them",
        arguments: [
            Case("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n"),
            Case("no version (HTTP/0.9)", "GET /\r\n\r\n"),
            Case("two spaces before the target", "GET  / HTTP/1.1\r\n"),
            Case("two spaces before the version", "GET /  HTTP/1.1\r\n"),
            Case("a tab", "GET\t/ HTTP/1.1\r\n"),
            Case("a space after the version", "GET / HTTP/1.1 \r\n"),
            Case("a space in the target", "GET /a b HTTP/1.1\r\n"),
            Case("a method that is no token", "G@T / HTTP/1.1\r\n"),
            Case("a bare LF", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
            Case("a bare CR", "GET / HTTP/1.1\rHost: a\r\n\r\n"),
            Case("a CR in the target", "GET /\r HTTP/1.1\r\n"),
            Case("a NUL in the target", "GET /\0 HTTP/1.1\r\n"),
            Case("a DEL in the method", "GE\u{7F} / HTTP/1.1\r\n"),
        ])
    func malformedLines(_ input: Case) { #expect(refusal(input.text) == 400) }

    @Test(
        "Section 2.3: malformed versions",
        arguments: [
            "HTTP/1", "HTTP/1.", "HTTP/11", "http/1.1", "HTTP/1.1x", "HTTP/a.b", "HTTP 1.1", "HTTP/1,1", "XTTP/1.1",
            "HTTP/1.10", "HTTP/+1.1",
        ])
    func malformedVersions(_ version: String) {
        #expect(refusal("GET / \(version)\r\nHost: a\r\n\r\n") == 400)
    }

    @Test("RFC 9110 section 15.6.6: other major versions", arguments: ["HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"])
    func otherMajorVersions(_ version: String) {
        #expect(refusal("GET / \(version)\r\nHost: a\r\n\r\n") == 505)
    }

    @Test("The preface of HTTP/2 is understood well enough to refuse it")
    func http2Preface() { #expect(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == 505) }

    @Test("RFC 9110 section 2.5: a higher minor version is answered as 1.1")
    func higherMinorVersion() throws {
        #expect(try head(of: "GET / HTTP/1.7\r\nHost: a\r\n\r\n").minorVersion == 1)
    }
}
