import ChatHTTP1
import ChatHTTPServer
import ChatNet
import ScriptTesting

/// Runs a server for as long as the script takes, then cancels it and waits until it is gone.
func withServer<Value: Sendable>(
    _ routes: [Route], limits: HTTPServerLimits = HTTPServerLimits(), loops: Int = 1, origins: OriginPolicy? = nil,
    tls: TLSContext? = nil, log: Recorder<String> = Recorder(),
    _ script: @escaping @Sendable (HTTPServer, UInt16) async throws -> Value
) async throws -> Value {
    let server = try HTTPServer(
        points: [ListenPoint("127.0.0.1:0", tls: tls)], loops: EventLoopGroup(count: loops), limits: limits,
        origins: origins, routes: routes,
        errorBody: { status, code, detail in
            HTTPResponse(status: status, body: Array("\(status) \(code ?? "-") \(detail)".utf8))
        },
        log: { event in
            switch event {
            case .answered(let method, let path, let status, _, _): log.note("\(method) \(path) \(status)")
            case .violation(let status, _, _): log.note("violation \(status)")
            case .refused: log.note("refused")
            case .draining: log.note("draining")
            case .handshakeFailed(let failure, _): log.note("handshake \(failure)")
            case .handshakesFull: log.note("handshakes full")
            case .listening, .acceptTrouble: break
            }
        })
    let port = try server.bind()[0].port
    return try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask {
            try await server.run()
            return nil
        }
        group.addTask { try await script(server, port) }
        var value: Value?
        for try await result in group {
            if let result {
                value = result
                group.cancelAll()
            }
        }
        guard let value else { throw Trouble("the server ended before the script") }
        return value
    }
}

/// An answer as the client read it.
struct Answer: Sendable {
    var status: Int
    var head: String
    var body: String

    func field(_ name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == name.lowercased() {
                return String(parts[1].drop { $0 == " " })
            }
        }
        return nil
    }
}

extension TestClient {
    /// Reads one answer by its `Content-Length`.
    func answer(toHead: Bool = false) throws -> Answer {
        let head = try read(through: "\r\n\r\n")
        guard let status = Int(head.split(separator: " ")[1]) else { throw Trouble(head) }
        var answer = Answer(status: status, head: head, body: "")
        if !toHead, let length = answer.field("content-length").flatMap({ Int($0) }) {
            answer.body = text(try read(length))
        }
        return answer
    }

    func get(_ path: String) throws -> Answer {
        try send("GET \(path) HTTP/1.1\r\nHost: test\r\n\r\n")
        return try answer()
    }
}

func ok(_ body: String) -> HTTPResponse { HTTPResponse(status: 200, body: Array(body.utf8)) }

extension Route {
    /// Answers with its own path from a task.
    static func echoPath(_ method: String = "GET", _ pattern: String) -> Route {
        Route(method, pattern, .respond { request in ok("\(method) \(request.head.path)") })
    }
}

/// For who does not care what is served.
let someRoutes: [Route] = [
    Route("GET", "/now", .immediate { _ in ok("now") }),
    Route("GET", "/later", .respond { _ in ok("later") }),
    Route("POST", "/echo", .respond { request in HTTPResponse(status: 201, body: request.body) }),
    Route(
        "GET", "/users/{id}/rooms/{room}",
        .immediate { request in
            let query = request.query()?.first("q") ?? "-"
            return ok("\(request.parameters["id"] ?? "-") \(request.parameters["room"] ?? "-") \(query)")
        }),
]

/// Does not leave when asked to.
final class Stubborn: StreamHandler {
    let ends: Recorder<EndReason>
    init(_ ends: Recorder<EndReason>) { self.ends = ends }
    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int { bytes.byteCount }
    func drain(_ stream: ByteStream, deadline: Int64) {}
    func ended(_ stream: ByteStream, reason: EndReason) { ends.note(reason) }
}

extension TestClient {
    func upgrade(_ path: String, behind: String = "") throws {
        try send("GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\(behind)")
        let answer = try answer()
        guard answer.status == 101 else { throw Trouble(answer.head) }
    }
}
