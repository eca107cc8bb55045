/// What the store has done with a message when its sender is told so. The raw values are the words of the wire.
public enum Durability: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Gone with the process.
    case memory
    /// Handed to the operating system: survives a crash of the process, not of the machine.
    case written
    /// Synced to the disk: survives the loss of power.
    case synced

    private var rank: Int {
        switch self {
        case .memory: 0
        case .written: 1
        case .synced: 2
        }
    }

    public static func < (a: Durability, b: Durability) -> Bool { a.rank < b.rank }
}

/// What a store promises, as data: the host derives the end-to-end guarantee from it and checks the config's `require`.
public struct StoreGuarantees: Hashable, Sendable {
    /// Of each entry once ``Store/commit(_:at:)`` has returned.
    public var durability: Durability
    /// A batch is kept whole or not at all, also across a crash.
    public var atomicBatch: Bool
    /// Any position ever given out can be read from again.
    public var replayable: Bool
    /// The largest content of a message it takes, in bytes of UTF-8. The host lowers its limit to it.
    public var largestContent: Int

    public init(durability: Durability, atomicBatch: Bool, replayable: Bool, largestContent: Int) {
        self.durability = durability
        self.atomicBatch = atomicBatch
        self.replayable = replayable
        self.largestContent = largestContent
    }
}

extension StoreGuarantees {
    /// Whether a client of such a transport that was away can have what it missed, also when the host was away meanwhile: the
    /// transport can ask for it, and the store still has it.
    public func resume(over transport: TransportGuarantees) -> Bool {
        transport.resume && replayable && durability > .memory
    }
}

/// What a transport promises its clients.
public struct TransportGuarantees: Hashable, Sendable {
    /// A client that was away can have what it missed.
    public var resume: Bool
    /// Entries come in order, each once.
    public var ordered: Bool

    public init(resume: Bool, ordered: Bool) {
        self.resume = resume
        self.ordered = ordered
    }
}
