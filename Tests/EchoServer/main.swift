import CLinux
import ChatHTTP1
import ChatHTTPServer
import ChatNet
import ChatWebSocketProtocol

// echo-server [ADDRESS]     sends back every WebSocket message it gets; 127.0.0.1:0 unless an address is given
//
// The loops, the HTTP server and the WebSocket core are those of chatd, and nothing of chat is in it: for protocol suites that
// know echo servers only (Tests/Autobahn). Its first line says where it listens; it serves until it is killed.

let server = try HTTPServer(
    points: [ListenPoint(CommandLine.arguments.dropFirst().first ?? "127.0.0.1:0")],
    routes: [Route("GET", "/", .upgrade { request, _ in admit(request) })])
say("echo-server: listening on \(try server.bind()[0])\n")
try await server.run()

/// At once, also to a pipe.
func say(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
}

func admit(_ request: HTTPRequest) -> UpgradeDecision {
    switch Handshake.judge(
        method: request.head.method, minorVersion: request.head.minorVersion, values: { request.head.all($0) })
    {
    case .refuse(let refusal):
        return .refuse(
            HTTPResponse(
                status: refusal.status, fields: refusal.fields.map { HTTPField(name: $0.name, value: $0.value) },
                body: Array(refusal.detail.utf8)))
    case .accept(let key, _):
        let accept = Handshake.acceptValue(digest: Digest.sha1(Handshake.acceptInput(key: key)))
        return .accept(fields: [HTTPField(name: "Sec-WebSocket-Accept", value: accept)]) { stream, _ in
            EchoConnection(on: stream)
        }
    }
}
