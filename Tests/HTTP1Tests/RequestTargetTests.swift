import ChatHTTP1
import Testing

@Suite("Request target and Host (RFC 9112 section 3.2)")
struct RequestTargetTests {
    static func request(_ target: String, method: String = "GET", host: String = "a") -> String {
        "\(method) \(target) HTTP/1.1\r\nHost: \(host)\r\n\r\n"
    }

    @Test(
        "Section 3.2.1: origin-form",
        arguments: [
            ("/", "/", nil), ("/a/b", "/a/b", nil), ("/?", "/", ""), ("/a?b?c", "/a", "b?c"), ("//a", "//a", nil),
            ("/a/../b", "/a/../b", nil), ("/%C3%A9", "/%C3%A9", nil), ("/a?x=/&y=:@", "/a", "x=/&y=:@"),
            ("/-._~!$&'()*+,;=:@", "/-._~!$&'()*+,;=:@", nil),
        ] as [(String, String, String?)])
    func originForm(_ target: String, _ path: String, _ query: String?) throws {
        let head = try head(of: Self.request(target))
        #expect(head.path == path)
        #expect(head.query == query)
    }

    @Test(
        "RFC 3986: characters no URI may have, and broken escapes",
        arguments: [
            "/a#b", "/a\"b", "/<a>", "/a\\b", "/a^b", "/a`b", "/{a}", "/a|b", "/[a]", "/a?[b]", "/\u{E9}", "/%", "/%4",
            "/%4g",
            "/%g4", "/a?%", "/a?b=%1", "/a?b=%zz", "/\u{7F}", "/a?\u{1}",
        ])
    func badCharacters(_ target: String) { #expect(refusal(Self.request(target)) == 400) }

    @Test("Section 3.2.2: the host of an absolute-form target replaces the Host field")
    func absoluteForm() throws {
        let head = try head(of: Self.request("http://chat.example:80/a?b", host: "other.example"))
        #expect(head.path == "/a")
        #expect(head.query == "b")
        #expect(head.host == "chat.example:80")
        #expect(head.first("host") == "chat.example:80")
    }

    @Test(
        "Section 3.2.2: shapes of absolute-form",
        arguments: [
            ("http://h", "GET", "/", nil), ("http://h/", "GET", "/", nil), ("https://h?q", "GET", "/", "q"),
            ("HTTP://h/x", "GET", "/x", nil), ("http://[::1]:80/x", "GET", "/x", nil),
            ("http://h", "OPTIONS", "*", nil), ("http://h/", "OPTIONS", "/", nil),
        ] as [(String, String, String, String?)])
    func absoluteForms(_ target: String, _ method: String, _ path: String, _ query: String?) throws {
        let head = try head(of: Self.request(target, method: method))
        #expect(head.path == path)
        #expect(head.query == query)
    }

    @Test(
        "Targets in no form we accept",
        arguments: [
            "http://", "http:///a", "http:/a", "http:a", "ftp://a/", "a/b", "example.com:443", "?q", "*x",
            "http://u@h/",
            "http://u:p@h/", "http://h:x/", "http://h:65536/", "http://[::1/", "http://[zz]/", "http://h%2/",
            "http://[::1]x/",
        ])
    func otherTargets(_ target: String) { #expect(refusal(Self.request(target)) == 400) }

    @Test("Section 3.2.3: authority-form is for tunnels, and we are none")
    func authorityForm() {
        #expect(refusal(Self.request("example.com:443", method: "CONNECT")) == 400)
    }

    @Test("Section 3.2.4: asterisk-form is for OPTIONS alone")
    func asteriskForm() throws {
        let head = try head(of: Self.request("*", method: "OPTIONS"))
        #expect(head.path == "*")
        #expect(head.query == nil)
        #expect(refusal(Self.request("*")) == 400)
        #expect(refusal(Self.request("*", method: "options")) == 400)
    }

    @Test(
        "Section 3.2: hosts a URI may have",
        arguments: [
            "a", "chat.example", "127.0.0.1:8000", "[::1]", "[::ffff:1.2.3.4]:443", "a:", "a:0", "a:65535", "x_y",
            "a%41",
        ])
    func hosts(_ host: String) throws { #expect(try head(of: Self.request("/", host: host)).host == host) }

    @Test(
        "Section 3.2: hosts a URI may not have",
        arguments: [
            "", ":80", "a b", "a/b", "u@a", "a:b", "a:80:90", "a:-1", "a:65536", "a:99999999999999999999", "[",
            "[]", "[a]", "[:",
            "[::1", "[::g]", "[::1]a", "::1", "a%4", "a\\b", "\u{E9}", "a#b", "a?b",
        ])
    func badHosts(_ host: String) { #expect(refusal(Self.request("/", host: host)) == 400) }

    @Test("Section 3.2: exactly one Host in HTTP/1.1")
    func oneHost() {
        #expect(refusal("GET / HTTP/1.1\r\n\r\n") == 400)
        #expect(refusal("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n") == 400)
        #expect(refusal("GET http://a/ HTTP/1.1\r\n\r\n") == 400)
        #expect(refusal("GET http://a/ HTTP/1.1\r\nHost: \r\n\r\n") == 400)
    }

    @Test("HTTP/1.0 may do without Host, but not with two")
    func hostInHTTP10() throws {
        #expect(try head(of: "GET / HTTP/1.0\r\n\r\n").host == nil)
        #expect(try head(of: "GET http://a/ HTTP/1.0\r\n\r\n").host == "a")
        #expect(refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n") == 400)
    }
}
