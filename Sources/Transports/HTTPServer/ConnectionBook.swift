/// Who is connected, and who may (pure).
struct ConnectionBook {
    enum Verdict: Equatable, Sendable {
        case welcome
        /// To be told why, then closed.
        case refuse(Limit)
        /// To be closed without a word.
        case drop(Limit)
    }

    /// What there are too many connections of.
    enum Limit: Equatable, Sendable {
        case all
        case address
    }

    private let limit: Int
    private let limitPerAddress: Int
    private let refusalLimit: Int
    private var perAddress: [String: Int] = [:]
    private(set) var open = 0
    private(set) var refusals = 0

    init(limit: Int, perAddress: Int, refusals: Int) {
        self.limit = limit == 0 ? .max : limit
        limitPerAddress = perAddress == 0 ? .max : perAddress
        refusalLimit = refusals
    }

    var isEmpty: Bool { open == 0 && refusals == 0 }

    /// Counts a connection in, as a member or as one being refused.
    /// - Parameter canBeTold: whether words would cost no more than a descriptor.
    mutating func arrive(from address: String, canBeTold: Bool = true) -> Verdict {
        let fromThere = perAddress[address, default: 0]
        if open < limit, fromThere < limitPerAddress {
            open += 1
            perAddress[address] = fromThere + 1
            return .welcome
        }
        // Its own limit first: the other may be none of the peer's doing.
        let limit: Limit = fromThere < limitPerAddress ? .all : .address
        guard canBeTold, refusals < refusalLimit else { return .drop(limit) }
        refusals += 1
        return .refuse(limit)
    }

    /// Counts a member out.
    mutating func leave(from address: String) {
        guard let fromThere = perAddress[address] else { return }
        open -= 1
        perAddress[address] = fromThere > 1 ? fromThere - 1 : nil
    }

    /// Counts a refused one out.
    mutating func refusalEnded() {
        refusals = max(0, refusals - 1)
    }
}
