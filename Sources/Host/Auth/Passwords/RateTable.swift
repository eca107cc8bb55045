/// Counts against names, in bounded memory: each may be charged `limit` times at once, and then as often as `limit` a
/// minute pays back. Pure; the generic cell rate algorithm, which needs one number a name: the moment when all its
/// charges will have been paid back.
public struct RateTable: Sendable {
    public enum Verdict: Hashable, Sendable {
        case allowed
        /// One more would be allowed after this long.
        case refused(retryAfterMilliseconds: Int)
    }

    private static let minute: Int64 = 60_000_000_000

    /// What a charge costs in nanoseconds; 0 when there is no limit.
    private let cost: Int64
    private let capacity: Int
    private var clearAt: [String: Int64] = [:]

    /// - Parameters:
    ///   - limit: charges a minute. 0 means no limit.
    ///   - capacity: how many names are remembered. Past it the one that is nearest to being forgotten anyway goes:
    ///     whoever floods the table with names forgets those first, and not the one under attack.
    public init(limit: Int, capacity: Int = 16384) {
        cost = limit > 0 ? max(1, Self.minute / Int64(limit)) : 0
        self.capacity = max(1, capacity)
    }

    /// How many names are remembered. At most the capacity.
    public var count: Int { clearAt.count }

    /// Whether one more charge would be allowed. `now` is monotonic nanoseconds.
    public func check(_ name: String, at now: Int64) -> Verdict {
        guard cost > 0, let clear = clearAt[name] else { return .allowed }
        // All charges are paid back within a minute, so `clear` is at most that far ahead, but for debts.
        let wait = clear &+ cost &- Self.minute &- now
        return wait <= 0 ? .allowed : .refused(retryAfterMilliseconds: Int((wait &+ 999_999) / 1_000_000))
    }

    /// Takes one charge, also past the limit: then it is a debt, and is paid back like the rest.
    public mutating func charge(_ name: String, at now: Int64) {
        guard cost > 0 else { return }
        if clearAt[name] == nil, clearAt.count >= capacity { makeRoom(at: now) }
        // Ten minutes of debt are enough; without an end somebody could be locked out for a day.
        clearAt[name] = min(max(clearAt[name] ?? now, now) &+ cost, now &+ max(10 &* Self.minute, cost))
    }

    /// Gives one charge back.
    public mutating func refund(_ name: String, at now: Int64) {
        guard cost > 0, let clear = clearAt[name] else { return }
        clearAt[name] = clear &- cost > now ? clear &- cost : nil
    }

    private mutating func makeRoom(at now: Int64) {
        clearAt = clearAt.filter { $0.value > now }
        guard clearAt.count >= capacity,
            let first = clearAt.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })
        else { return }
        clearAt[first.key] = nil
    }
}
