import ChatNet
import Synchronization

@testable import ChatClient

/// A loop on which a test dials, gone with it.
final class DialLoop: Sendable {
    let loop: EventLoop

    init() throws {
        loop = try EventLoop()
        try loop.start()
    }

    deinit { loop.stop() }

    /// Asks a server that has an address for each of these ports whether it is alive.
    ///
    /// - Parameter patience: for an answer to begin, and within it, in milliseconds.
    @discardableResult
    func ask(
        _ ports: [UInt16], patience: Int64, trusting trust: TLSTrust? = nil
    ) async throws -> HTTPAnswer {
        let server = try ServerAddress("\(trust == nil ? "http" : "https")://127.0.0.1")
        let request = HTTPRequest("GET", "/healthz", token: nil).bytes(to: server) ?? []
        let nanoseconds = patience * 1_000_000
        let answer = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<HTTPAnswer, ClientFailure>, Never>) in
            loop.post { [loop] in
                _ = Dial.start(
                    to: server, trusting: trust, on: loop, saying: request, deadline: loop.now + nanoseconds,
                    for: HTTPCall(patience: nanoseconds) { continuation.resume(returning: $0) },
                    lookUp: Self.addresses(ports))
            }
        }
        return try answer.get()
    }

    private static func addresses(_ ports: [UInt16]) -> Dial.LookUp {
        { host, _, answer in
            let found = Mutex<[PeerAddress]>([])
            for port in ports {
                // A numeric host is answered at once.
                PeerAddress.find(host: host, port: port) { result in
                    if case .success(let addresses) = result { found.withLock { $0 += addresses } }
                }
            }
            answer(.success(found.withLock { $0 }))
        }
    }
}
