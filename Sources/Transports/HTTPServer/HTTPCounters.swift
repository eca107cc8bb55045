import Synchronization

/// What a server has done since it was made; read by whoever serves metrics, from any thread.
public final class HTTPCounters: Sendable {
    private let accepted = Atomic<Int>(0)
    private let overLimit = Atomic<Int>(0)
    private let overAddressLimit = Atomic<Int>(0)
    private let open = Atomic<Int>(0)
    private let upgraded = Atomic<Int>(0)
    private let informational = Atomic<Int>(0)
    private let success = Atomic<Int>(0)
    private let redirection = Atomic<Int>(0)
    private let clientError = Atomic<Int>(0)
    private let serverError = Atomic<Int>(0)

    /// The counters at one moment.
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
        /// Connections turned away because of a limit.
        public var refused: Int { overLimit + overAddressLimit }
        /// Answers by the first digit of their status, 1 to 5 at 0 to 4.
        public var answersByClass: [Int]
    }

    public var snapshot: Snapshot {
        Snapshot(
            accepted: accepted.load(ordering: .relaxed), overLimit: overLimit.load(ordering: .relaxed),
            overAddressLimit: overAddressLimit.load(ordering: .relaxed),
            open: open.load(ordering: .relaxed), upgraded: upgraded.load(ordering: .relaxed),
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
