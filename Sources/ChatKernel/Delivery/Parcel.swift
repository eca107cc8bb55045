import Synchronization

/// What one commit brought to one conversation: the unit of delivery, shared by all its readers.
///
/// Encoded once a form of the wire, on first need; every reader gets the same bytes.
public final class Parcel: Sendable {
    public let conversation: ConversationID
    /// The numbered entries, contiguous and ascending; none when the commit brought only read marks.
    public let entries: [Entry]
    /// Read marks, which have no number: of each user the newest of this commit, in the order of their `pos`.
    public let marks: [Entry]
    /// Who stopped being a member in these entries, and at which number.
    public let departures: [Crossing]
    /// Who became a member in these entries, and at which number.
    public let arrivals: [Crossing]
    /// Messages whose content these entries take away.
    public let erasures: [MessageID]
    /// Whether somebody comes or goes here: only then do two members see different things of it.
    public let isCrossed: Bool
    /// The lowest `pos` of what is here.
    public let firstPos: Pos
    /// About the bytes that it takes in a mailbox: counted once, since it lies in those of all its readers.
    let weight: Int
    private let encodings = Mutex<[(form: WireForm, bytes: WireBytes)]>([])

    /// Somebody crosses the threshold of a conversation.
    public struct Crossing: Hashable, Sendable {
        public let user: UserID
        /// Of the entry that let the user in, or ended the stay.
        public let seq: Seq
    }

    /// - Precondition: there is an entry or a mark. The kernel makes parcels; a test may.
    public init(conversation: ConversationID, entries: [Entry], marks: [Entry] = []) {
        precondition(!entries.isEmpty || !marks.isEmpty, "a parcel holds something")
        self.conversation = conversation
        self.entries = entries
        self.marks = marks
        var departures: [Crossing] = []
        var arrivals: [Crossing] = []
        var erasures: [MessageID] = []
        var weight = 256 * marks.count
        // By index: an iterator would copy each, with all its texts.
        for at in entries.indices {
            weight += entries[at].weight
            switch entries[at].change {
            case .created(_, let members):
                arrivals += members.map { Crossing(user: $0.user.id, seq: entries[at].seq) }
            case .member(let action, let member):
                let crossing = Crossing(user: member.user.id, seq: entries[at].seq)
                if action.endsMembership { departures.append(crossing) }
                if action == .added { arrivals.append(crossing) }
            case .deleted(let message): erasures.append(message)
            default: break
            }
        }
        self.departures = departures
        self.arrivals = arrivals
        self.erasures = erasures
        self.weight = weight
        isCrossed = !arrivals.isEmpty || !departures.isEmpty
        firstPos = min(entries.isEmpty ? .max : entries[0].pos, marks.isEmpty ? .max : marks[0].pos)
    }

    /// The first and the last number; 0 without entries.
    public var first: Seq { entries.first?.seq ?? 0 }
    public var last: Seq { entries.last?.seq ?? 0 }

    /// The highest `pos` of what is here.
    public var lastPos: Pos { max(entries.last?.pos ?? 0, marks.last?.pos ?? 0) }

    /// How many events are here.
    public var count: Int { entries.count + marks.count }

    /// Entries and marks in the order of their `pos`.
    public func events() -> [Entry] {
        marks.isEmpty ? entries : (entries + marks).sorted { $0.pos < $1.pos }
    }

    /// Whether content of these messages is here.
    func speaks(of messages: [MessageID]) -> Bool {
        entries.contains { entry in
            switch entry.change {
            case .message(let posted): messages.contains(posted.id)
            case .edited(let message, _): messages.contains(message)
            default: false
            }
        }
    }

    /// Whether the user came here into a conversation that was there before.
    func opensStay(of user: UserID) -> Bool {
        isCrossed && arrivals.contains { $0.user == user && $0.seq > 1 } && !Mutation.mailsArrivals.isOn
    }

    /// Whether this user comes or goes here.
    public func isCrossed(by user: UserID) -> Bool {
        isCrossed && (arrivals.contains { $0.user == user } || departures.contains { $0.user == user })
    }

    /// Whether the user has been a member and is none after what is here.
    public func removes(_ user: UserID) -> Bool {
        guard let gone = departures.last(where: { $0.user == user })?.seq else { return false }
        return gone > arrivals.last { $0.user == user }?.seq ?? 0
    }

    /// Which of the ``events()`` from the beginning a user may see who is a member before or after them: each of its
    /// stays, the entry that ends one included. Nil for all.
    public func visible(to user: UserID) -> [Int]? {
        guard isCrossed(by: user) else { return nil }
        var isMember =
            switch (arrivals.first { $0.user == user }, departures.first { $0.user == user }) {
            case (let come?, let gone?): gone.seq < come.seq
            case (nil, _): true
            case (_, nil): false
            }
        var seen: [Int] = []
        for (index, event) in events().enumerated() {
            let isMine: Bool
            switch event.change {
            case .created(_, let members): isMine = members.contains { $0.user.id == user }
            case .member(_, let member): isMine = member.user.id == user
            default: isMine = false
            }
            if isMine { isMember = true }
            if isMember { seen.append(index) }
            if isMine, case .member(let action, _) = event.change, action.endsMembership { isMember = false }
        }
        return seen
    }

    /// Those of the events that a user may see.
    public func events(for user: UserID) -> [Entry] {
        let events = events()
        return visible(to: user).map { $0.map { events[$0] } } ?? events
    }

    /// What is here in this form, made by whoever asks first.
    public func encoded(as form: WireForm, _ encode: (Parcel) -> WireBytes) -> WireBytes {
        encodings.withLock { encodings in
            if let known = encodings.first(where: { $0.form == form }) { return known.bytes }
            let bytes = encode(self)
            encodings.append((form, bytes))
            return bytes
        }
    }
}

/// A way of encoding events that several readers share, such as "profile v1 in WebSocket frames".
public struct WireForm: Hashable, Sendable {
    /// Forms are told apart by it: bytes that were made for one name are given to all who ask for it.
    public let name: String

    public init(_ name: String) { self.name = name }
}

/// The events of a parcel in one form, one behind the other.
public struct WireBytes: Sendable {
    public let bytes: [UInt8]
    /// Where each event ends, in the order of ``Parcel/events()``; empty in a form that is only ever taken whole.
    public let ends: [Int]

    /// - Parameter ends: ascending, one for each event; the last is the count of the bytes.
    public init(_ bytes: [UInt8], ends: [Int] = []) {
        self.bytes = bytes
        self.ends = ends
    }

    /// The bytes of one event.
    /// - Precondition: the form has ``ends``, and there is such an event.
    public func range(of event: Int) -> Range<Int> { (event > 0 ? ends[event - 1] : 0)..<ends[event] }
}
