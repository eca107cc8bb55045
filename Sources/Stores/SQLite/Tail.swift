import ChatKernel

/// What the log holds above the watermark, in memory: the part of the secondary tables that has not been written yet.
///
/// About 60,000 entries: 8 bytes each in a run, some 150 for one with a `client_id`.
struct Tail: Sendable {
    /// By conversation row.
    var runs: [Int64: Run] = [:]
    /// Read marks that have moved, by sending too.
    var marks: [SeatRow: Seq] = [:]
    /// Conversations whose row is behind.
    var rooms: [ConversationID: Room] = [:]

    var isEmpty: Bool { runs.isEmpty && marks.isEmpty && rooms.isEmpty }
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

    init(pos: Pos, isMessage: Bool, isNamed: Bool) {
        bits = pos &<< 2 | (isNamed ? 2 : 0) | (isMessage ? 1 : 0)
    }

    var pos: Pos { bits &>> 2 }
    var isMessage: Bool { bits & 1 != 0 }
    /// Whether its sender named it, so that a repetition can be recognised.
    var isNamed: Bool { bits & 2 != 0 }
}

/// A user in a conversation, by rows.
struct SeatRow: Hashable, Sendable {
    let conversation: Int64
    let user: Int64
}
