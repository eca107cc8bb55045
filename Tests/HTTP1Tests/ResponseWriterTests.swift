import ChatHTTP1
import Testing

@Suite("Answers (RFC 9112 sections 4, 6 and 9)")
struct ResponseWriterTests {
    static let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    func written(_ response: HTTPResponse, to head: RequestHead?, keepAlive: Bool = true) -> String {
        String(
            decoding: ResponseWriter.serialize(response, to: head, keepAlive: keepAlive, date: Self.date), as: UTF8.self
        )
    }

    func request(_ method: String = "GET", minorVersion: Int = 1, keepAlive: Bool = true) -> RequestHead {
        RequestHead(method: method, path: "/", minorVersion: minorVersion, keepAlive: keepAlive)
    }

    @Test func aWholeAnswer() {
        let response = HTTPResponse(
            status: 200, fields: [HTTPField(name: "Content-Type", value: "text/plain")], body: Array("hello".utf8))
        #expect(
            written(response, to: request())
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: \(Self.date)\r\nContent-Length: 5\r\n\r\nhello"
        )
    }

    @Test("An empty answer tells its length, or the peer would wait")
    func emptyAnswer() {
        #expect(written(HTTPResponse(status: 404), to: request()).hasSuffix("Content-Length: 0\r\n\r\n"))
    }

    @Test("RFC 9110 section 9.3.2: HEAD gets the length and not the body")
    func answerToHEAD() {
        let text = written(HTTPResponse(status: 200, body: [65, 66]), to: request("HEAD"))
        #expect(text.hasSuffix("Content-Length: 2\r\n\r\n"))
    }

    @Test("RFC 9110 section 8.6: no length and no body with 204 and 304", arguments: [204, 304])
    func answersWithoutContent(_ status: Int) {
        let text = written(HTTPResponse(status: status, body: [65]), to: request())
        #expect(!text.contains("Content-Length"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test("Section 9.6: close is said when the connection will close")
    func close() {
        let response = HTTPResponse(status: 200)
        #expect(!written(response, to: request()).contains("Connection"))
        #expect(written(response, to: request(), keepAlive: false).contains("\r\nConnection: close\r\n"))
        #expect(written(response, to: request(keepAlive: false)).contains("\r\nConnection: close\r\n"))
        #expect(written(response, to: nil).contains("\r\nConnection: close\r\n"))
        #expect(!ResponseWriter.stays(open: true, after: nil))
        #expect(!ResponseWriter.stays(open: true, after: request(keepAlive: false)))
        #expect(!ResponseWriter.stays(open: false, after: request()))
        #expect(ResponseWriter.stays(open: true, after: request()))
    }

    @Test("Section 9.3: an HTTP/1.0 peer is told that the connection stays")
    func keepAliveInHTTP10() {
        let text = written(HTTPResponse(status: 200), to: request(minorVersion: 0))
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(text.contains("\r\nConnection: keep-alive\r\n"))
    }

    @Test(
        "Response splitting (GHSA-7fj7-39wj-c64f): a field that is not valid makes the answer an empty 500",
        arguments: [
            ("X", "a\r\nSet-Cookie: b"), ("X", "a\nb"), ("X", "a\rb"), ("X", "a\0"), ("X", "\u{7F}"), ("X\r\nY", "a"),
            ("X Y", "a"), ("X:", "a"), ("", "a"), ("X\n", "a"), ("\u{E9}", "a"),
        ])
    func splitting(_ name: String, _ value: String) {
        let response = HTTPResponse(status: 200, fields: [HTTPField(name: name, value: value)], body: [65])
        #expect(
            written(response, to: request())
                == "HTTP/1.1 500 Internal Server Error\r\nDate: \(Self.date)\r\nContent-Length: 0\r\n\r\n")
        #expect(ResponseWriter.switchingProtocols(to: "websocket", fields: response.fields) == nil)
    }

    @Test("A status that is no final answer makes it a 500", arguments: [-1, 0, 99, 100, 101, 199, 600, 1000])
    func badStatus(_ status: Int) {
        #expect(written(HTTPResponse(status: status), to: request()).hasPrefix("HTTP/1.1 500 "))
    }

    @Test("A status without a phrase keeps the space before it (section 4)")
    func unknownStatus() { #expect(written(HTTPResponse(status: 299), to: request()).hasPrefix("HTTP/1.1 299 \r\n")) }

    @Test("Framing is said once, by the writer")
    func framingIsTheWriters() {
        let names = ["content-length", "Transfer-Encoding", "CONNECTION", "Date"]
        let fields = names.map { HTTPField(name: $0, value: "7") }
        let text = written(HTTPResponse(status: 200, fields: fields, body: [65]), to: request())
        #expect(text == "HTTP/1.1 200 OK\r\nDate: \(Self.date)\r\nContent-Length: 1\r\n\r\nA")
    }

    @Test func interimAnswer() {
        #expect(ResponseWriter.interim100 == Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
    }

    @Test func switchingProtocols() {
        let bytes = ResponseWriter.switchingProtocols(
            to: "websocket", fields: [HTTPField(name: "Sec-WebSocket-Accept", value: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")])
        let expected =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        #expect(bytes == Array(expected.utf8))
    }

    @Test("101 has no content, so no field may say otherwise")
    func switchingProtocolsKeepsFramingOut() {
        let length = HTTPField(name: "Content-Length", value: "0")
        #expect(ResponseWriter.switchingProtocols(to: "websocket", fields: [length]) == nil)
    }
}
