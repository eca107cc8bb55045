import ChatHTTP1
import Testing

/// Each input holds a second request that some pair of readers did not agree about. Here none of them gets past the first.
@Suite("Request smuggling, by name")
struct SmugglingTests {
    static let smuggled = "GET /admin HTTP/1.1\r\nHost: a\r\n\r\n"

    static let inputs = [
        Case(
            "CL.TE: Content-Length beside Transfer-Encoding",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case(
            "TE.CL: the same in the other order",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nZ\r\n0\r\n\r\n"),
        Case("TE.TE: a second, unknown coding", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n")),
        Case(
            "TE.TE: identity beside chunked (GHSA-mgc4-wqv7-4pxm)",
            with("Transfer-Encoding: identity, chunked, identity\r\n")),
        Case("TE with a vertical tab", with("Transfer-Encoding: \u{B}chunked\r\n")),
        Case("TE with a blank before the colon", with("Transfer-Encoding : chunked\r\n")),
        Case("TE on a folded line", with("Transfer-Encoding:\r\n chunked\r\n")),
        Case("TE behind a bare LF", with("X: y\nTransfer-Encoding: chunked\r\n")),
        Case("TE behind a bare CR", with("X: y\rTransfer-Encoding: chunked\r\n")),
        Case("TE behind a NUL", with("X: y\0\r\nTransfer-Encoding: chunked\r\n")),
        Case("TE with quotes", with("Transfer-Encoding: \"chunked\"\r\n")),
        Case("CL twice, different", with("Content-Length: 0\r\nContent-Length: 36\r\n")),
        Case("CL as a list", with("Content-Length: 0, 36\r\n")),
        Case("CL with a sign", with("Content-Length: +36\r\n")),
        Case("CL with a blank before the colon (CVE-2021-22959)", with("Content-Length : 36\r\n")),
        Case("CL in hexadecimal", with("Content-Length: 0x24\r\n")),
        Case("CL with a letter behind", with("Content-Length: 36a\r\n")),
        Case("a first line without a name", with(": x\r\nContent-Length: 36\r\n")),
        Case("h11 CVE-2025-43859: two bytes after a chunk", chunked("5\r\nhelloXX0\r\n\r\n")),
        Case("Netty GHSA-fghv-69vj-qj49: LF in an extension", chunked("5;\nhello\r\n0\r\n\r\n")),
        Case("Jetty CVE-2026-2332: an open quote in an extension", chunked("1;a=\"\r\nX\r\n0\r\n\r\n")),
        Case("chunk ended by bare LFs", chunked("5\nhello\n0\n\n")),
        Case("chunk size with a blank", chunked("5 \r\nhello\r\n0\r\n\r\n")),
        Case("chunk size of 2^64 + 5", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n")),
        Case("chunk size with 0x", chunked("0x5\r\nhello\r\n0\r\n\r\n")),
        Case("trailers closed by a bare LF", chunked("0\r\n\n")),
        Case("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        Case("a host with a path", "GET / HTTP/1.1\r\nHost: a/admin?\r\n\r\n"),
        Case("a second request line in the target", "GET /\u{A0}HTTP/1.1\r\n"),
        Case("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ]

    static func with(_ lines: String) -> String { "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n" }

    @Test(arguments: inputs)
    func refused(_ input: Case) {
        let events = read(input.text + Self.smuggled)
        guard case .violation = events.last else {
            Issue.record("not refused: \(events)")
            return
        }
        for case .head(let head) in events { #expect(head.path == "/") }
        #expect(!events.contains(.end))
    }
}
