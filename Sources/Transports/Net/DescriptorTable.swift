/// Who waits for which descriptor (pure).
///
/// The kernel hands out the lowest free number, so the number of a descriptor closed in a round may name another
/// connection in the same round. Each registration therefore has a generation, and an event carries both:
///
///     ticket   63            32 31             0
///             +----------------+----------------+
///             |   generation   |     number     |
///             +----------------+----------------+
public struct DescriptorTable<Watcher> {
    private struct Slot {
        var generation: UInt32 = 0
        var watcher: Watcher?
    }

    private var slots: [Slot] = []

    /// How many descriptors are being watched.
    public private(set) var count = 0

    public init() {}

    /// Registers a watcher for a number and returns the ticket its events will carry. A watcher that held the number
    /// before is replaced, and its tickets are void.
    public mutating func insert(_ watcher: Watcher, at number: Int32) -> UInt64 {
        let index = Int(number)
        precondition(index >= 0, "a closed descriptor cannot be watched")
        while slots.count <= index { slots.append(Slot()) }
        if slots[index].watcher == nil { count &+= 1 }
        slots[index].generation &+= 1
        slots[index].watcher = watcher
        return UInt64(slots[index].generation) << 32 | UInt64(UInt32(index))
    }

    /// The watcher a ticket was given to, or nil when it has left since.
    public func watcher(for ticket: UInt64) -> Watcher? {
        let index = Int(UInt32(truncatingIfNeeded: ticket))
        guard index < slots.count, slots[index].generation == UInt32(ticket >> 32) else { return nil }
        return slots[index].watcher
    }

    /// The watcher that holds a number now.
    public func watcher(at number: Int32) -> Watcher? {
        let index = Int(number)
        guard index >= 0, index < slots.count else { return nil }
        return slots[index].watcher
    }

    /// Forgets the watcher a ticket was given to. A void ticket removes nothing.
    public mutating func remove(_ ticket: UInt64) {
        guard watcher(for: ticket) != nil else { return }
        slots[Int(UInt32(truncatingIfNeeded: ticket))].watcher = nil
        count &-= 1
    }

    /// All watchers, in the order of their numbers: a copy, so that they may leave while it is walked.
    public func watchers() -> [Watcher] {
        slots.compactMap(\.watcher)
    }
}
