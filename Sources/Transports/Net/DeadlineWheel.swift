/// One coarse deadline for each of many slots (pure).
///
/// A connection's deadline moves with each frame it receives and almost never comes, so moving it later is one
/// store: the slot stays in the bucket it is in, and when that bucket's turn comes the slot is put where it belongs by
/// then. Only a deadline *earlier* than the slot's bucket enters another bucket; the entry left behind is recognised
/// as stale by its tick and dropped.
///
///     tick = 2^26 ns = 67 ms       64 buckets, one bit each in `occupied`: 4.3 s ahead
///     a deadline further away waits in the furthest bucket and is moved on from there
///
/// A deadline is never early and at most one tick late.
public struct DeadlineWheel {
    /// Nanoseconds a tick lasts.
    public static let tick: Int64 = 1 << tickBits
    static let tickBits: Int64 = 26
    private static let buckets = 64
    private static let never = Int64.max

    private struct Entry {
        var due = never
        /// The tick of the one bucket entry that counts, or `never` when the slot is in no bucket.
        var armed = never
    }

    private var entries: [Entry] = []
    private var wheel = [[Int32]](repeating: [], count: buckets)
    private var occupied: UInt64 = 0
    private var current: Int64

    /// - Parameter now: monotonic nanoseconds, as all times here.
    public init(now: Int64) {
        current = now >> Self.tickBits
    }

    /// The deadline of a slot, or nil.
    public func deadline(of slot: Int32) -> Int64? {
        let index = Int(slot)
        guard index >= 0, index < entries.count, entries[index].due != Self.never else { return nil }
        return entries[index].due
    }

    /// Sets, moves or (with nil) clears the deadline of a slot. O(1), and one store when it moves later.
    public mutating func set(_ slot: Int32, to deadline: Int64?) {
        let index = Int(slot)
        guard index >= 0 else { return }
        guard let deadline else {
            if index < entries.count { entries[index].due = Self.never }
            return
        }
        while entries.count <= index { entries.append(Entry()) }
        entries[index].due = deadline
        if Self.dueTick(deadline) < entries[index].armed { arm(index) }
    }

    /// Adds the slots whose deadline has come to `fired` and clears their deadlines.
    public mutating func expire(now: Int64, into fired: inout [Int32]) {
        let nowTick = now >> Self.tickBits
        while let tick = nextTick(), tick <= nowTick {
            current = tick
            let bucket = Int(truncatingIfNeeded: tick & 63)
            var members: [Int32] = []
            swap(&members, &wheel[bucket])
            occupied &= ~(1 << UInt64(bucket))
            for slot in members {
                let index = Int(slot)
                guard entries[index].armed == tick else { continue }
                entries[index].armed = Self.never
                guard entries[index].due != Self.never else { continue }
                if Self.dueTick(entries[index].due) <= nowTick {
                    entries[index].due = Self.never
                    fired.append(slot)
                } else {
                    arm(index)
                }
            }
        }
        current = max(current, nowTick)
    }

    /// When `expire` next has something to look at, or nil when there is no deadline at all.
    public var nextLook: Int64? {
        nextTick().map { $0 << Self.tickBits }
    }

    /// The first tick that begins at or after the deadline. Ticks stay far from overflow: 2^63 >> 26.
    private static func dueTick(_ deadline: Int64) -> Int64 {
        (deadline >> tickBits) &+ 1
    }

    private mutating func arm(_ index: Int) {
        let tick = min(max(Self.dueTick(entries[index].due), current &+ 1), current &+ 63)
        guard tick < entries[index].armed else { return }
        entries[index].armed = tick
        let bucket = Int(truncatingIfNeeded: tick & 63)
        wheel[bucket].append(Int32(truncatingIfNeeded: index))
        occupied |= 1 << UInt64(bucket)
    }

    private func nextTick() -> Int64? {
        guard occupied != 0 else { return nil }
        let first = current &+ 1
        let shift = UInt64(first & 63)
        let turned = shift == 0 ? occupied : occupied >> shift | occupied << (64 &- shift)
        return first &+ Int64(turned.trailingZeroBitCount)
    }
}
