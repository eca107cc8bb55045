import ChatHost
import Testing

@Suite("Pages of other origins", .serialized)
struct OriginTests {
    private static let app = "https://app.example.org"
    private static let text = config(http: #""allowedOrigins": ["\#(app)"]"#)

    @Test("may not connect, unless they are on the list")
    func sockets() async throws {
        try await withHost(Self.text) { host in
            let ann = try host.person("ann")
            let path = "/api/chat/ws/\(try host.room(ann))?token=\(ann.token)"
            for (origin, status) in [
                ("https://evil.example", 403), ("null", 403), (Self.app, 101), ("http://chat.test", 101),
                ("https://chat.test", 101), ("https://app.example.org.evil.example", 403),
            ] {
                let answer = try WebSocketClient(port: host.port, path: path, fields: ["Origin": origin]).answer()
                #expect(answer.status == status, "\(origin)")
                if status == 403 { #expect(try answer.code == "forbidden") }
            }
        }
    }

    @Test(
        "on the list may read every answer, refusals too",
        arguments: [
            ("GET", "/api/auth/me", 200), ("GET", "/api/chat/info", 200), ("GET", "/api/chat/conversations/none", 404),
            ("GET", "/nothing", 404), ("PUT", "/api/auth/me", 405), ("POST", "/api/chat/conversations", 400),
        ])
    func answers(method: String, path: String, status: Int) async throws {
        try await withHost(Self.text) { host in
            let ann = try host.person("ann")
            let body = method == "POST" ? "{" : nil
            let read = try ann.call(method, path, body, fields: ["Origin": Self.app])
            #expect(read.status == status)
            #expect(read["access-control-allow-origin"] == Self.app)
            #expect(read["vary"] == "Origin")
            let strange = try ann.call(method, path, body, fields: ["Origin": "https://evil.example"])
            #expect(strange.status == status)
            #expect(strange["access-control-allow-origin"] == nil)
            #expect(strange["vary"] == "Origin")
        }
    }

    @Test(
        "are told beforehand what they may ask",
        arguments: [
            ("/api/chat/conversations", "GET, HEAD, OPTIONS, POST"),
            ("/api/chat/messages/1", "DELETE, GET, HEAD, OPTIONS, PATCH"),
            ("/api/chat/messages/1/reactions/+", "DELETE, OPTIONS, PUT"),
        ])
    func preflight(path: String, methods: String) async throws {
        let asked = try await withHost(Self.text) { host in
            try host.call(
                "OPTIONS", path, fields: ["Origin": Self.app, "Access-Control-Request-Method": "PATCH"])
        }
        #expect(asked.status == 204)
        #expect(asked["access-control-allow-methods"] == methods)
        #expect(asked["access-control-allow-headers"]?.contains("Authorization") == true)
        #expect(asked["access-control-max-age"] == "600")
    }
}
