/// What a member may do. Ordered: each may do all that those below it may.
public enum Role: String, Hashable, Sendable, CaseIterable, Comparable {
    /// Reads.
    case reader
    /// Writes, edits and deletes its own messages.
    case member
    /// Deletes any message, adds and removes members and readers, changes the details.
    case admin
    /// Everything, including making and unmaking admins and owners.
    case owner

    private var rank: Int {
        switch self {
        case .reader: 0
        case .member: 1
        case .admin: 2
        case .owner: 3
        }
    }

    public static func < (a: Role, b: Role) -> Bool { a.rank < b.rank }
}

/// A user with a role in a conversation.
public struct Member: Hashable, Sendable {
    public let user: UserReference
    public var role: Role

    public init(user: UserReference, role: Role) {
        self.user = user
        self.role = role
    }
}

/// One stay of a user in a conversation: the entries it may see.
public struct Span: Hashable, Sendable {
    /// The entry that let the user in.
    public let from: Seq
    /// The entry that ended the stay, which is the last the user sees; nil while the stay lasts.
    public var through: Seq?

    public init(from: Seq, through: Seq? = nil) {
        self.from = from
        self.through = through
    }

    /// While the stay lasts, numbers that are still to come too.
    public func contains(_ seq: Seq) -> Bool { seq >= from && seq <= through ?? .max }
}

/// All that a conversation knows of one user who is, or was, a member.
public struct Membership: Hashable, Sendable {
    public let user: UserReference
    /// While the user is no member, the last one it had.
    public var role: Role
    /// Ascending, without overlap; only the last may be open.
    public var spans: [Span]
    /// The highest `seq` the user has read; it only moves forward, and sending moves it.
    public var readSeq: Seq

    public init(user: UserReference, role: Role, spans: [Span], readSeq: Seq) {
        self.user = user
        self.role = role
        self.spans = spans
        self.readSeq = readSeq
    }

    /// Whether the user is a member now.
    public var isActive: Bool { spans.last.map { $0.through == nil } ?? false }

    /// Whether the user may see the entry with this number.
    public func sees(_ seq: Seq) -> Bool { spans.contains { $0.contains(seq) } }

    /// The numbers that the user is not shown directly before a stay that begins with this number; nil when none does, or when nothing
    /// is hidden there.
    func hidden(before seq: Seq) -> ClosedRange<Seq>? {
        guard let place = spans.firstIndex(where: { $0.from == seq }) else { return nil }
        let last = place > 0 ? spans[place - 1].through ?? seq : 0
        return last + 1 < seq ? last + 1...seq - 1 : nil
    }

    /// The spans as far as this number: what the user may see when the conversation stands there, whatever comes after.
    public func spans(through seq: Seq) -> [Span] {
        spans.map { Span(from: $0.from, through: min($0.through ?? .max, seq)) }
    }

    /// Whether the user was a member when the conversation stood at this number.
    public func isMember(at seq: Seq) -> Bool { spans.contains { $0.from <= seq && $0.through ?? .max > seq } }
}
