import ChatHTTP1
import ChatHTTPServer
import ChatNet
import ScriptTesting
import Testing

/// Pages of other origins, by the Fetch standard ("CORS protocol") and RFC 6454.
@Suite struct OriginTests {
    private static let ours = "https://app.example.org"

    private static let routes: [Route] = [
        Route("GET", "/task", .respond { _ in HTTPResponse(status: 200) }),
        Route("GET", "/loop", .immediate { _ in HTTPResponse(status: 200) }),
        Route("GET", "/parked", .exchange { _, exchange in exchange.respond(HTTPResponse(status: 200)) }),
        Route("POST", "/loop", .immediate { _ in HTTPResponse(status: 201) }),
        Route("PATCH", "/loop/{id}", .immediate { _ in HTTPResponse(status: 200) }),
        Route("PUT", "/loop/{id}", .immediate { _ in HTTPResponse(status: 200) }),
        Route("DELETE", "/loop/{id}", .immediate { _ in HTTPResponse(status: 204) }),
        Route("GET", "/socket", .upgrade { _, _ in .refuse(HTTPResponse(status: 418)) }),
    ]

    private func ask(
        _ method: String, _ path: String, from origins: [String], more: String = "",
        policy: OriginPolicy? = OriginPolicy(allowed: [OriginTests.ours]), limits: HTTPServerLimits = HTTPServerLimits()
    ) async throws -> Answer {
        try await withServer(Self.routes, limits: limits, origins: policy) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                let fields = origins.map { "Origin: \($0)\r\n" }.joined()
                try client.send("\(method) \(path) HTTP/1.1\r\nHost: chat.test\r\n\(fields)\(more)\r\n")
                return try client.answer(toHead: method == "HEAD")
            }
        }
    }

    @Test(arguments: [
        ("GET", "/task", 200), ("GET", "/loop", 200), ("GET", "/parked", 200), ("HEAD", "/loop", 200),
        ("GET", "/nothing", 404), ("DELETE", "/loop", 405),
    ])
    func everyAnswerIsSharedWithAPageOnTheList(method: String, path: String, status: Int) async throws {
        let answer = try await ask(method, path, from: [Self.ours])
        #expect(answer.status == status)
        #expect(answer.field("access-control-allow-origin") == Self.ours)
        #expect(answer.field("access-control-expose-headers") == "Link, Retry-After")
        #expect(answer.field("vary") == "Origin")
        #expect(answer.field("access-control-allow-credentials") == nil)
    }

    @Test func soIsARefusalOfWhatIsTooLarge() async throws {
        let answer = try await ask("POST", "/loop", from: [Self.ours], more: "Content-Length: 99999999\r\n")
        #expect(answer.status == 413)
        #expect(answer.field("vary") == "Origin")
    }

    @Test(arguments: [["https://evil.example"], ["null"], ["*"], [ours, "https://evil.example"], [""], [ours + "/"]])
    func noOtherPageMayRead(origins: [String]) async throws {
        for path in ["/task", "/loop", "/parked", "/nothing"] {
            let answer = try await ask("GET", path, from: origins)
            #expect(answer.field("access-control-allow-origin") == nil)
            #expect(answer.field("vary") == "Origin")
        }
    }

    @Test(arguments: ["null", "*"])
    func noListMakesThemOrigins(origin: String) async throws {
        let policy = OriginPolicy(allowed: [origin])
        #expect(
            try await ask("GET", "/loop", from: [origin], policy: policy).field("access-control-allow-origin") == nil)
    }

    @Test func withoutAListNothingIsShared() async throws {
        let answer = try await ask("GET", "/loop", from: [Self.ours], policy: OriginPolicy(allowed: []))
        #expect(answer.field("access-control-allow-origin") == nil)
        #expect(answer.field("vary") == nil)
    }

    @Test(arguments: [("/loop", "GET, HEAD, OPTIONS, POST"), ("/loop/1", "DELETE, OPTIONS, PATCH, PUT")])
    func thePreflightNamesWhatMayBeAsked(path: String, methods: String) async throws {
        let question = "Access-Control-Request-Method: PATCH\r\nAccess-Control-Request-Headers: authorization\r\n"
        let answer = try await ask("OPTIONS", path, from: [Self.ours], more: question)
        #expect(answer.status == 204)
        #expect(answer.field("access-control-allow-origin") == Self.ours)
        #expect(answer.field("access-control-allow-methods") == methods)
        #expect(answer.field("access-control-allow-headers") == "Authorization, Content-Type, Idempotency-Key")
        #expect(answer.field("access-control-max-age") == "600")
        #expect(answer.field("vary") == "Origin")

        let strange = try await ask("OPTIONS", path, from: ["https://evil.example"], more: question)
        #expect(strange.status == 204)
        #expect(strange.field("access-control-allow-origin") == nil)
        #expect(strange.field("access-control-allow-methods") == nil)

        let plain = try await ask("OPTIONS", path, from: [Self.ours])
        #expect(plain.field("access-control-allow-methods") == nil)
        #expect(plain.field("allow") == methods)
    }

    @Test(arguments: [
        ("https://evil.example", 403), ("null", 403), (ours + ".evil.example", 403), ("http://app.example.org", 403),
        (ours, 418), ("https://APP.example.org", 418), ("http://chat.test", 418), ("https://chat.test", 418),
    ])
    func anUpgradeIsRefusedBeforeItsHandlerIsAsked(origin: String, status: Int) async throws {
        #expect(try await ask("GET", "/socket", from: [origin]).status == status)
        if origin != Self.ours, origin != "https://APP.example.org" {
            let unlisted = try await ask("GET", "/socket", from: [origin], policy: OriginPolicy(allowed: []))
            #expect(unlisted.status == status)
        }
    }

    @Test func otherProgramsNeedNoPermission() async throws {
        #expect(try await ask("GET", "/socket", from: []).status == 418)
        #expect(try await ask("GET", "/loop", from: []).field("access-control-allow-origin") == nil)
    }
}
