import ChatNet
import Synchronization

/// What a server has done since it was made; read by whoever serves metrics, from any thread.
public final class HTTPCounters: Sendable {
    private let accepted = Atomic<Int>(0)
    private let overLimit = Atomic<Int>(0)
    private let overAddressLimit = Atomic<Int>(0)
    private let open = Atomic<Int>(0)
    private let upgraded = Atomic<Int>(0)
    private let handshakesDone = Atomic<Int>(0)
    private let handshakesFailed = Atomic<Int>(0)
    private let handshakesLate = Atomic<Int>(0)
    private let handshakesOpen = Atomic<Int>(0)
    private let handshakesFull = Atomic<Int>(0)
    private let informational = Atomic<Int>(0)
    private let success = Atomic<Int>(0)
    private let redirection = Atomic<Int>(0)
    private let clientError = Atomic<Int>(0)
    private let serverError = Atomic<Int>(0)

    /// What was counted, each counter read by itself: sums may be off by what is under way.
    public struct Snapshot: Sendable, Equatable {
        /// Connections accepted, refused ones included.
        public var accepted: Int
        /// Connections turned away because there were too many.
        public var overLimit: Int
        /// Connections turned away because there were too many from their address.
        public var overAddressLimit: Int
        /// Connections open now, refused ones not included.
        public var open: Int
        /// Upgrades granted.
        public var upgraded: Int
        /// TLS handshakes that succeeded.
        public var handshakesDone: Int
        /// Handshakes that came to nothing, late ones not included.
        public var handshakesFailed: Int
        /// Handshakes whose time was over.
        public var handshakesLate: Int
        /// Handshakes under way.
        public var handshakesOpen: Int
        /// How often accepting rested because of `HTTPServerLimits.handshakes`.
        public var handshakesFull: Int
        /// Connections turned away because of a limit.
        public var refused: Int { overLimit + overAddressLimit }
        /// Answers by the first digit of their status, 1 to 5 at 0 to 4.
        public var answersByClass: [Int]
    }

    /// The counters now, from any thread.
    public var snapshot: Snapshot {
        Snapshot(
            accepted: accepted.load(ordering: .relaxed), overLimit: overLimit.load(ordering: .relaxed),
            overAddressLimit: overAddressLimit.load(ordering: .relaxed),
            open: open.load(ordering: .relaxed), upgraded: upgraded.load(ordering: .relaxed),
            handshakesDone: handshakesDone.load(ordering: .relaxed),
            handshakesFailed: handshakesFailed.load(ordering: .relaxed),
            handshakesLate: handshakesLate.load(ordering: .relaxed),
            handshakesOpen: handshakesOpen.load(ordering: .relaxed),
            handshakesFull: handshakesFull.load(ordering: .relaxed),
            answersByClass: [
                informational.load(ordering: .relaxed), success.load(ordering: .relaxed),
                redirection.load(ordering: .relaxed), clientError.load(ordering: .relaxed),
                serverError.load(ordering: .relaxed),
            ])
    }

    func countArrival(_ verdict: ConnectionBook.Verdict) {
        accepted.wrappingAdd(1, ordering: .relaxed)
        switch verdict {
        case .welcome: open.wrappingAdd(1, ordering: .relaxed)
        case .refuse(.all), .drop(.all): overLimit.wrappingAdd(1, ordering: .relaxed)
        case .refuse(.address), .drop(.address): overAddressLimit.wrappingAdd(1, ordering: .relaxed)
        }
    }

    func countDeparture() { open.wrappingSubtract(1, ordering: .relaxed) }

    func countHandshake() { handshakesOpen.wrappingAdd(1, ordering: .relaxed) }

    func countHandshakesFull() { handshakesFull.wrappingAdd(1, ordering: .relaxed) }

    func countHandshake(over failure: TLSFailure?) {
        handshakesOpen.wrappingSubtract(1, ordering: .relaxed)
        switch failure {
        case nil: handshakesDone.wrappingAdd(1, ordering: .relaxed)
        case .late: handshakesLate.wrappingAdd(1, ordering: .relaxed)
        case .peerLeft, .plainHTTP, .refused, .untrusted, .failed, .abandoned:
            handshakesFailed.wrappingAdd(1, ordering: .relaxed)
        }
    }

    func countUpgrade() {
        upgraded.wrappingAdd(1, ordering: .relaxed)
        informational.wrappingAdd(1, ordering: .relaxed)
    }

    func countAnswer(_ status: Int) {
        switch status / 100 {
        case 2: success.wrappingAdd(1, ordering: .relaxed)
        case 3: redirection.wrappingAdd(1, ordering: .relaxed)
        case 4: clientError.wrappingAdd(1, ordering: .relaxed)
        default: serverError.wrappingAdd(1, ordering: .relaxed)
        }
    }
}
