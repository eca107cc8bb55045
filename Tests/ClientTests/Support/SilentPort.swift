import ChatNet
import ScriptTesting

/// An address where nobody answers, as behind a firewall that drops what comes: connections there neither stand nor fail.
final class SilentPort: Sendable {
    let port: UInt16
    private let listener: Listener
    private let crowd: LoopbackSocket

    /// The one connection that the system completes for whoever would listen here is taken.
    init() throws {
        listener = try Listener(ListenAddress("127.0.0.1:0"), backlog: 0)
        port = listener.address.port
        crowd = try LoopbackSocket(port: port, patience: 5)
    }
}
