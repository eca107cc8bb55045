/// A stretch of a user's mail in one form of the wire, ready to be sent: what follows a position, as far as a limit allows.
public struct MailRun: Sendable {
    /// Bytes that readers share, and which of them.
    public struct Piece: Sendable {
        public let bytes: [UInt8]
        public fileprivate(set) var range: Range<Int>

        /// Whether it is all of the bytes: then they can be sent as they are.
        public var isWhole: Bool { range == bytes.indices }
    }

    /// To be sent one behind the other.
    public private(set) var pieces: [Piece] = []
    /// How many events there are in the pieces.
    public private(set) var count = 0
    /// Where a reader stands that has these. It passes over what is not for the reader.
    public private(set) var through: Pos
    /// An event that the reader may see follows, and the limit left it out.
    public private(set) var hasMore = false

    /// - Parameters:
    ///   - items: behind `pos`, as ``Mailbox/items(after:)`` gives them.
    ///   - conversations: only these; nil for all.
    ///   - limit: events at most.
    ///   - form: how a parcel is encoded, with its ``WireBytes/ends``.
    public init(
        _ items: ArraySlice<Mailbox.Item>, for user: UserID, after pos: Pos, among conversations: Set<ConversationID>?,
        limit: Int = .max, form: (Parcel) -> WireBytes
    ) {
        through = pos
        for item in items {
            guard let selection = item.selection(for: user, after: pos, among: conversations) else {
                let parcel = item.parcels[0]
                let encoded = form(parcel)
                guard parcel.count <= limit - count else {
                    cut(parcel, encoded, limit - count)
                    return
                }
                pieces.append(Piece(bytes: encoded.bytes, range: encoded.bytes.indices))
                count += parcel.count
                through = item.through
                continue
            }
            var latest: Int?
            for event in selection {
                guard count < limit else {
                    hasMore = true
                    return
                }
                append(form(item.parcels[event.parcel]), event.index, isNext: event.parcel == latest)
                latest = event.parcel
                count += 1
                through = event.pos
            }
            through = item.through
        }
    }

    /// Takes the first events of a parcel.
    private mutating func cut(_ parcel: Parcel, _ encoded: WireBytes, _ room: Int) {
        hasMore = true
        guard room > 0 else { return }
        pieces.append(Piece(bytes: encoded.bytes, range: 0..<encoded.ends[room - 1]))
        count += room
        through = parcel.events()[room - 1].pos
    }

    /// - Parameter isNext: the piece before is of the same parcel.
    private mutating func append(_ encoded: WireBytes, _ event: Int, isNext: Bool) {
        let range = encoded.range(of: event)
        if isNext, let last = pieces.indices.last, pieces[last].range.upperBound == range.lowerBound {
            // What lies together is one piece.
            pieces[last].range = pieces[last].range.lowerBound..<range.upperBound
        } else {
            pieces.append(Piece(bytes: encoded.bytes, range: range))
        }
    }
}
