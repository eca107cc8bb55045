/// So many a second for each key, with a burst of as many: the generic cell rate algorithm (ITU-T I.371), which keeps
/// one number for each key.
public struct RateLimiter<Key: Hashable & Sendable>: Sendable {
    /// Nanoseconds that one unit takes; 0 for no limit.
    private let interval: Int64
    private let burst: Int64
    private let capacity: Int
    /// When each key's allowance is whole again.
    private var wholeAt: [Key: Int64] = [:]

    /// - Parameters:
    ///   - perSecond: 0 for no limit.
    ///   - capacity: how many keys are remembered; at the bound those whose allowance is whole are forgotten.
    public init(perSecond: Int, capacity: Int = 65_536) {
        interval = perSecond > 0 ? 1_000_000_000 / Int64(perSecond) : 0
        burst = interval * Int64(max(0, perSecond - 1))
        self.capacity = capacity
    }

    /// Takes one unit. Nil when it was there; otherwise how long to wait for it, in nanoseconds, as `now` is.
    ///
    /// When all that is remembered are allowances that are not whole, a new key is refused.
    public mutating func take(_ key: Key, now: Int64) -> Int64? {
        guard interval > 0, !Mutation.ignoresRates.isOn else { return nil }
        let whole = max(wholeAt[key] ?? now, now)
        guard whole - now <= burst else { return whole - now - burst }
        if wholeAt.count >= capacity, wholeAt[key] == nil {
            wholeAt = wholeAt.filter { $0.value > now }
            if wholeAt.count >= capacity { return interval }
        }
        wholeAt[key] = whole + interval
        return nil
    }
}
