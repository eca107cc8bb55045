import ChatKernel

/// What the log holds above the watermark, in memory: the part of the secondary tables that has not been written yet.
///
/// About 60,000 entries: 8 bytes each in a run, or 16 for a read mark; some 30 more, among the ``ClientKeys``, for one with a
/// `client_id`.
struct Tail: Sendable {
    /// By conversation row.
    var runs: [Int64: Run] = [:]
    /// Read marks that have moved, by sending too.
    var marks: [SeatRow: Seq] = [:]
    /// Where the read marks stand that somebody set, ascending, by conversation row.
    var markPlaces: [Int64: [MarkPlace]] = [:]
    /// Conversations whose row is behind.
    var rooms: [ConversationID: Room] = [:]
}

/// The numbered entries of one conversation from some number on, without a hole.
struct Run: Sendable {
    let first: Seq
    private(set) var places: [Place] = []

    init(first: Seq) { self.first = first }

    /// The number after the last.
    var end: Seq { first &+ Seq(places.count) }

    mutating func append(_ place: Place) { places.append(place) }

    subscript(seq: Seq) -> Place? {
        let index = seq &- first
        return index >= 0 && index < Seq(places.count) ? places[Int(index)] : nil
    }
}

/// Where an entry stands, and what the indexes must know of it; in 8 bytes.
struct Place: Sendable {
    private let bits: Int64

    init(pos: Pos, isMessage: Bool) { bits = pos &<< 1 | (isMessage ? 1 : 0) }

    var pos: Pos { bits &>> 1 }
    var isMessage: Bool { bits & 1 != 0 }
}

/// Where a read mark stands, and the row of the user who set it.
struct MarkPlace: Sendable {
    let pos: Pos
    let user: Int64
}

/// A user in a conversation, by rows.
struct SeatRow: Hashable, Sendable {
    let conversation: Int64
    let user: Int64
}
