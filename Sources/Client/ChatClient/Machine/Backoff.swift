/// How long to wait before the next attempt: twice as long each time, up to a bound, and never the same for two clients, so that
/// a server that comes back is not met by all at once (pure).
struct Backoff: Sendable {
    let first: Int64
    let longest: Int64
    private(set) var attempts = 0

    /// - Parameters: in nanoseconds.
    init(first: Int64, longest: Int64) {
        self.first = first
        self.longest = longest
    }

    /// The next wait: between half of what the number of attempts asks for and the whole.
    mutating func next(_ dice: inout SplitMix64) -> Int64 {
        let whole = Self.whole(first, longest, attempts)
        attempts += 1
        return whole / 2 + Int64(dice.next() % UInt64(whole / 2 + 1))
    }

    mutating func reset() { attempts = 0 }

    static func whole(_ first: Int64, _ longest: Int64, _ attempts: Int) -> Int64 {
        let (product, overflow) = first.multipliedReportingOverflow(by: 1 << Int64(min(max(0, attempts), 40)))
        return max(2, overflow ? longest : min(product, longest))
    }
}

/// A small generator for jitter, so that a test can say what it throws. Nothing secret comes from it.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
