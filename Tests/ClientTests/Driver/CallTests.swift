import ChatHTTP1
import ChatNet
import ChatWebSocketProtocol
import Testing

@testable import ChatClient

@Suite("A request, and a WebSocket", .timeLimit(.minutes(15)))
struct CallTests {
    private let dialling: DialLoop

    init() throws { dialling = try DialLoop() }

    @Test("an answer that comes slowly is waited for, as long as it comes")
    func slow() async throws {
        let server = try SlowServer(on: dialling.loop, announced: 4, sent: 4, pause: 400)
        let answer = try await dialling.ask([server.port], patience: 1000)
        #expect(answer.body.count == 4)
    }

    @Test("one that stops in the middle is not, and one that never ends is given up")
    func stopped() async throws {
        for (sent, patience) in [(2, 300), (1_000_000, 30)] as [(Int, Int64)] {
            let server = try SlowServer(on: dialling.loop, announced: 1_000_000, sent: sent, pause: 10)
            await #expect(throws: ClientFailure.unreachable("no answer came")) {
                try await dialling.ask([server.port], patience: patience)
            }
        }
    }

    @Test("a WebSocket whose reader had no room while it was dialled, and then had, is read")
    func paused() async throws {
        try await TestHost.serve { host in
            let token = try host.token("ann")
            let (texts, door) = AsyncStream<[UInt8]>.makeStream()
            let (server, loop) = (host.server, dialling.loop)
            loop.post {
                let handshake = ClientHandshake(nonce: Array(0..<16), subprotocol: "chat.v2")
                let fields =
                    handshake.fields.map { HTTPField(name: $0.name, value: $0.value) } + [HTTPRequest.bearer(token)]
                let request = RequestWriter.serialize(
                    method: "GET", target: "/api/chat/ws", host: server.authority, fields: fields, upgrade: "websocket")
                let second: Int64 = 1_000_000_000
                let patience = Liveness.Patience(untilPing: 30 * second, forPong: 5 * second, forClose: second)
                let call = SocketCall(handshake, patience: patience, now: loop.now) { news in
                    switch news {
                    case .opened: break
                    case .text(let text): door.yield(text)
                    case .notUpgraded, .unreachable, .closed: door.finish()
                    }
                }
                _ = Dial.start(
                    to: server, trusting: nil, on: loop, saying: request ?? [], deadline: loop.now + 5 * second,
                    for: call)
                call.pause()
                call.resume()
            }
            var said = texts.makeAsyncIterator()
            let greeting = try #require(await said.next())
            guard case .hello = try ServerFrame(greeting) else { return #expect(Bool(false)) }
        }
    }
}
