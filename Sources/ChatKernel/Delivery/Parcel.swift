import Synchronization

/// What one commit brought to one conversation: the unit of delivery, shared by all its readers.
///
/// Encoded once a form of the wire, on first need; every reader gets the same bytes.
public final class Parcel: Sendable {
    public let conversation: ConversationID
    /// The numbered entries, contiguous and ascending; at least one.
    public let entries: [Entry]
    /// Who stopped being a member in these entries, and at which number.
    public let departures: [Departure]
    private let encodings = Mutex<[(form: WireForm, bytes: [UInt8])]>([])

    public struct Departure: Hashable, Sendable {
        public let user: UserID
        public let seq: Seq
    }

    /// - Precondition: `entries` is not empty. The kernel makes parcels; a test may.
    public init(conversation: ConversationID, entries: [Entry]) {
        precondition(!entries.isEmpty, "a parcel holds at least one entry")
        self.conversation = conversation
        self.entries = entries
        departures = entries.compactMap { entry in
            guard case .member(let action, let member) = entry.change, action.endsMembership else { return nil }
            return Departure(user: member.user.id, seq: entry.seq)
        }
    }

    public var first: Seq { entries.first?.seq ?? 0 }
    public var last: Seq { entries.last?.seq ?? 0 }

    /// The entries in this form, made by whoever asks first.
    public func encoded(as form: WireForm, _ encode: ([Entry]) -> [UInt8]) -> [UInt8] {
        encodings.withLock { encodings in
            if let known = encodings.first(where: { $0.form == form }) { return known.bytes }
            let bytes = encode(entries)
            encodings.append((form, bytes))
            return bytes
        }
    }
}

/// A way of encoding entries that several readers share, such as "profile v1 in WebSocket frames".
public struct WireForm: Hashable, Sendable {
    public let name: String

    public init(_ name: String) { self.name = name }
}
