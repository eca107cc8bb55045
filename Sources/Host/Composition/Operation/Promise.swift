import ChatKernel

/// What clients may count on, end to end: what a transport promises, on what the store does.
struct Promise: Sendable {
    let transport: String
    let resume: Bool
    let durability: Durability

    init(transport: String, _ guarantees: TransportGuarantees, on store: StoreGuarantees) {
        self.transport = transport
        resume = store.resume(over: guarantees)
        durability = store.durability
    }

    var sentence: String {
        let acknowledged =
            switch durability {
            case .memory: "acknowledged messages are gone when the host stops"
            case .written: "acknowledged messages survive a crash of the host, not a loss of power"
            case .synced: "acknowledged messages survive a loss of power"
            }
        return acknowledged
            + (resume
                ? "; a client that comes back misses nothing" : "; a client that comes back may have missed something")
    }

    /// What the config demands and this does not keep.
    static func unkept(_ require: RequireSection, by promises: [Promise]) -> [ConfigProblem] {
        var problems: [ConfigProblem] = []
        if require.resume == true {
            for promise in promises where !promise.resume {
                problems.append(
                    ConfigProblem(
                        path: "require.resume", text: "“\(promise.transport)” on this store cannot promise it"))
            }
        }
        // The store's, so the same for every transport.
        if let wanted = require.durability, let promise = promises.first, promise.durability < wanted {
            problems.append(
                ConfigProblem(
                    path: "require.durability",
                    text: "the store is only “\(promise.durability.rawValue)”, and “\(wanted.rawValue)” is asked"))
        }
        return problems
    }
}
