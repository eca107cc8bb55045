/// One reader's position in one conversation: the splice of what is read from the store into what comes live.
///
/// ```
///             offer: a hole, or lag()                    page: the last, held parcels follow on
///   live ───────────────────────────────▶ reading ───────────────────────────────▶ live
///     │                                      ▲
///     └── lag() ──▶ lagging ── resume() ─────┘
/// ```
/// While a reader reads, live parcels are held, up to a bound; past the bound they are let go and read again. So a reader
/// gets every entry once and in order, whatever its speed, and costs a bounded amount of memory.
public struct Feed: Sendable {
    private enum State {
        case live
        /// Pages are being read. `overflowed`: something after `held`'s end was let go.
        case reading(held: Held, overflowed: Bool)
        /// The reader's queue is full: nothing is read or held until it has drained.
        case lagging
    }

    /// What came live meanwhile.
    private struct Held {
        var parcels: [Parcel] = []
        var entries = 0
        var bytes = 0

        mutating func append(_ parcel: Parcel) {
            parcels.append(parcel)
            entries += parcel.entries.count
            bytes += Self.bytes(of: parcel)
        }

        func hasRoom(for parcel: Parcel, limit: Int) -> Bool {
            entries + parcel.entries.count <= limit && bytes + Self.bytes(of: parcel) <= Feed.heldBytes
        }

        private static func bytes(of parcel: Parcel) -> Int { parcel.entries.reduce(0) { $0 + $1.weight } }
    }

    /// How many bytes are held while it reads.
    private static let heldBytes = 1 << 20

    /// Everything up to here has been handed to the reader.
    public private(set) var position: Seq
    private var state: State
    private let holdLimit: Int

    /// A reader that has everything up to `position`.
    /// - Parameters:
    ///   - isLive: false when entries after `position` exist that it must have: read a page at once.
    ///   - holdLimit: how many entries are held while it reads; past 1 MiB of them fewer.
    public init(position: Seq, isLive: Bool, holdLimit: Int = 1024) {
        self.position = position
        state = isLive ? .live : .reading(held: Held(), overflowed: false)
        self.holdLimit = holdLimit
    }

    /// Whether a parcel that follows on is handed over at once.
    public var isLive: Bool { if case .live = state { true } else { false } }
    /// Between ``lag()`` and ``resume()``.
    public var isLagging: Bool { if case .lagging = state { true } else { false } }

    /// What to do with a parcel.
    public enum Offer: Equatable, Sendable {
        /// Hand the whole of it to the reader.
        case deliver
        /// Hand over what is after this number; the rest it has.
        case deliverRest(after: Seq)
        /// Nothing now: it is old, or held, or will be read.
        case nothing
        /// Something before it is missing: read a page after ``Feed/position``.
        case read
    }

    /// A parcel has come live.
    public mutating func offer(_ parcel: Parcel) -> Offer {
        // Read marks alone have no number, and no place in the order that is kept here.
        if parcel.entries.isEmpty { return .nothing }
        switch state {
        case .live:
            if parcel.last <= position { return .nothing }
            if parcel.first <= position + 1 || Mutation.skipsHoleCheck.isOn {
                let had = position
                position = parcel.last
                return parcel.first == had + 1 || Mutation.repeatsOverlap.isOn ? .deliver : .deliverRest(after: had)
            }
            var held = Held()
            held.append(parcel)
            state = .reading(held: held, overflowed: false)
            return .read
        case .reading(var held, var overflowed):
            if Mutation.skipsSpliceBuffer.isOn { return .nothing }
            if overflowed || !held.hasRoom(for: parcel, limit: holdLimit) {
                (held, overflowed) = (Held(), !Mutation.forgetsOverflow.isOn)
            } else {
                held.append(parcel)
            }
            state = .reading(held: held, overflowed: overflowed)
            return .nothing
        case .lagging:
            return .nothing
        }
    }

    /// What follows a page.
    public enum Continuation: Sendable {
        /// Read another page after ``Feed/position``, once the reader has room.
        case read
        /// Hand these over, each from behind the number beside it; the reader is live.
        case live([(parcel: Parcel, after: Seq)])
        /// The page was not asked for.
        case nothing
    }

    /// A page has been read and handed over.
    /// - Parameters:
    ///   - through: the number up to which the page is complete; it may pass over entries the reader may not see.
    ///   - isLast: nothing more had been committed when it was read.
    public mutating func page(through: Seq, isLast: Bool) -> Continuation {
        guard case .reading(let held, let overflowed) = state else { return .nothing }
        position = max(position, through)
        guard isLast, !overflowed else {
            if isLast { state = .reading(held: Held(), overflowed: false) }
            return .read
        }
        var following: [(parcel: Parcel, after: Seq)] = []
        var reached = position
        for parcel in held.parcels where parcel.last > reached {
            guard parcel.first <= reached + 1 else { return .read }
            following.append((parcel, reached))
            reached = parcel.last
        }
        position = reached
        state = .live
        return .live(following)
    }

    /// The reader's queue is full. Whatever comes now is read from the store later. A page that is on its way is thrown
    /// away when it comes: ``page(through:isLast:)`` answers `nothing`.
    public mutating func lag() { state = .lagging }

    /// The queue has drained. True when a page after ``position`` is to be read now. Ask only when no page from before is
    /// on its way: it would be taken for the one that is asked for now, and it may say that nothing more had been
    /// committed when much has been since.
    public mutating func resume() -> Bool {
        guard case .lagging = state else { return false }
        state = .reading(held: Held(), overflowed: false)
        return true
    }
}
