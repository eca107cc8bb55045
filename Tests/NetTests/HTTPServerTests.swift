import ChatHTTPServer
import ChatNet
import ScriptTesting
import Testing

struct HTTPServerTests {
    // MARK: Requests in their order

    @Test func aConnectionIsKeptAndAnswersOneRequestAfterAnother() async throws {
        try await withServer(someRoutes) { server, port in
            try await onThread {
                let client = try TestClient(port: port)
                for _ in 0..<3 {
                    #expect(try client.get("/now").body == "now")
                    #expect(try client.get("/later").body == "later")
                }
            }
            #expect(server.counters.snapshot.accepted == 1)
            #expect(server.counters.snapshot.answersByClass == [0, 6, 0, 0, 0])
        }
    }

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                let paths = (0..<200).map { $0 % 3 == 0 ? "/later" : "/users/\($0)/rooms/a" }
                try client.send(paths.map { "GET \($0) HTTP/1.1\r\nHost: test\r\n\r\n" }.joined())
                for (number, path) in paths.enumerated() {
                    #expect(try client.answer().body == (path == "/later" ? "later" : "\(number) a -"))
                }
            }
        }
    }

    @Test func aRequestMayComeByteByByte() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                for byte in Array(
                    "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8)
                {
                    try client.send([byte])
                }
                let answer = try client.answer()
                #expect(answer.status == 201)
                #expect(answer.body == "abc")
            }
        }
    }

    @Test func headIsAnsweredLikeGetWithoutTheBody() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                try client.send("HEAD /later HTTP/1.1\r\nHost: test\r\n\r\n")
                #expect(try client.answer(toHead: true).field("content-length") == "5")
                // Had there been a body, it would stand before this answer.
                #expect(try client.get("/now").body == "now")
            }
        }
    }

    @Test func everyAnswerHasADateAndTheFixedFields() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                for path in ["/now", "/later", "/nowhere"] {
                    let answer = try client.get(path)
                    #expect(answer.field("x-content-type-options") == "nosniff")
                    #expect(answer.field("date")?.hasSuffix("GMT") == true)
                }
            }
        }
    }

    // MARK: Routing

    @Test func parametersAndQueryAreDecoded() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                #expect(try client.get("/users/a%20b/rooms/%C3%BC?q=1%2B1").body == "a b ü 1+1")
            }
        }
    }

    @Test(arguments: [
        "/users/../users/1/rooms/2", "/users/%2E%2E/rooms/2", "/users//rooms/2", "/users/a%2Fb/rooms/2", "/now/",
        "/users/a%00b/rooms/2", "/users/%FF/rooms/2", "/NOW", "/\(String(repeating: "a/", count: 100))a",
    ])
    func pathsThatCouldMeanTwoThingsMeanNothing(path: String) async throws {
        try await withServer(someRoutes) { _, port in
            let answer = try await onThread { try TestClient(port: port).get(path) }
            #expect(answer.status == 404)
        }
    }

    @Test func literalsWinOverParametersAndSharedPlacesAreRefused() async throws {
        let routes: [Route] = [
            Route("GET", "/a/{x}", .immediate { _ in ok("parameter") }),
            Route("GET", "/a/b", .immediate { _ in ok("literal") }),
            Route("GET", "/a/{y}/c", .immediate { request in ok(request.parameters["y"] ?? "-") }),
            Route("GET", "/", .immediate { _ in ok("root") }),
        ]
        try await withServer(routes) { _, port in
            try await onThread { () throws in
                let client = try TestClient(port: port)
                #expect(try client.get("/a/b").body == "literal")
                #expect(try client.get("/a/c").body == "parameter")
                #expect(try client.get("/a/b/c").body == "b")
                #expect(try client.get("/").body == "root")
            }
        }
        for pattern in ["/a/{z}", "no-slash", "/a//b", "/a/x{y}"] {
            #expect(throws: RouteConflict.self) {
                try HTTPServer(
                    points: [ListenPoint("127.0.0.1:0")],
                    routes: routes + [Route("GET", pattern, .immediate { _ in ok("") })])
            }
        }
    }

    @Test func anHTTP10ClientGetsItsConnectionClosedUnlessItAsks() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread { () throws in
                let plain = try TestClient(port: port)
                try plain.send("GET /now HTTP/1.0\r\n\r\n")
                #expect(try plain.answer().body == "now")
                #expect(try plain.readToEnd() == [])
                let keeping = try TestClient(port: port)
                for _ in 0..<2 {
                    try keeping.send("GET /now HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                    #expect(try keeping.answer().field("connection") == "keep-alive")
                }
            }
        }
    }

    @Test func whatIsNotThereIs404AndAWrongMethodSaysWhatIsAllowed() async throws {
        try await withServer(someRoutes) { _, port in
            try await onThread {
                let client = try TestClient(port: port)
                #expect(try client.get("/nowhere").body == "404 - there is nothing here")
                try client.send("DELETE /now HTTP/1.1\r\nHost: test\r\n\r\n")
                let wrong = try client.answer()
                #expect(wrong.status == 405)
                #expect(wrong.field("allow") == "GET, HEAD, OPTIONS")
                try client.send("OPTIONS /echo HTTP/1.1\r\nHost: test\r\n\r\n")
                let options = try client.answer()
                #expect(options.status == 204)
                #expect(options.field("allow") == "OPTIONS, POST")
                #expect(try client.get("/now").status == 200)
            }
        }
    }

    // MARK: Binding

    @Test func aTakenPortIsAnErrorOfBind() throws {
        let first = try HTTPServer(points: [ListenPoint("127.0.0.1:0")], routes: [])
        let address = try first.bind()[0]
        let second = try HTTPServer(points: [ListenPoint(address.description)], routes: [])
        #expect(throws: ListenError.self) { try second.bind() }
    }
}
