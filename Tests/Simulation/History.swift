import ChatKernel

/// What was committed, kept beside the store and judged by a second reading of the rules: the measure of everything
/// that is shown.
struct History {
    /// By `pos`: the entry at index i has `pos` i + 1.
    private(set) var entries: [Entry] = []
    /// In the order in which they were made.
    private(set) var rooms: [ConversationID] = []
    private(set) var messages: [ConversationID: [MessageID]] = [:]
    private var logs: [ConversationID: [Entry]] = [:]
    private var firstSeqs: [ConversationID: Seq] = [:]
    private var stays: [ConversationID: [UserID: Stay]] = [:]
    private var pairs: Set<ConversationID> = []
    private var written: [MessageID: Written] = [:]
    private var keys: Set<Key> = []
    /// How often each text was posted. The simulation never posts one text twice but to repeat itself.
    private var texts: [String: [Entry]] = [:]
    /// What the log itself is guilty of.
    private(set) var violation: String?

    struct Stay {
        var role: Role
        var spans: [Span]
        var readSeq: Seq

        var isOpen: Bool { spans.last.map { $0.through == nil } ?? false }
        func contains(_ seq: Seq) -> Bool { spans.contains { $0.contains(seq) } }
    }

    private struct Written {
        let entry: Entry
        var isDeleted = false
    }

    private struct Key: Hashable {
        let user: UserID
        let conversation: ConversationID
        let key: ClientID
    }

    // MARK: Asking

    var head: Pos { Pos(entries.count) }
    func log(of room: ConversationID) -> [Entry] { logs[room] ?? [] }
    func first(of room: ConversationID) -> Seq { firstSeqs[room] ?? 1 }
    func last(of room: ConversationID) -> Seq { Seq(logs[room]?.count ?? 0) }
    func stay(of user: UserID, in room: ConversationID) -> Stay? { stays[room]?[user] }
    func isMember(_ user: UserID, of room: ConversationID) -> Bool { stays[room]?[user]?.isOpen ?? false }
    func contains(_ entry: Entry) -> Bool { entry.pos > 0 && entry.pos <= head && entries[Int(entry.pos) - 1] == entry }
    func posted(_ text: String) -> [Entry] { texts[text] ?? [] }

    /// The first entry after a number that the user may see.
    func firstVisible(to user: UserID, in room: ConversationID, after seq: Seq) -> Seq? {
        let last = last(of: room)
        guard let spans = stays[room]?[user]?.spans else { return nil }
        for span in spans {
            let first = max(span.from, seq + 1)
            if first <= min(span.through ?? last, last) { return first }
        }
        return nil
    }

    /// Whether this is the entry at its place in the log, or what a replay shows of it once it was deleted.
    func holds(_ entry: Entry) -> Bool {
        guard let log = logs[entry.conversation], entry.seq > 0, entry.seq <= log.count else { return false }
        let kept = log[Int(entry.seq) - 1]
        if entry == kept { return true }
        guard (entry.pos, entry.at, entry.author) == (kept.pos, kept.at, kept.author) else { return false }
        switch (entry.change, kept.change) {
        case (.message(let shown), .message(let posted)):
            return shown.isDeleted && shown.content.isEmpty
                && (written[posted.id]?.isDeleted == true || entry.seq < first(of: entry.conversation))
                && (shown.id, shown.clientID, shown.replyTo) == (posted.id, posted.clientID, posted.replyTo)
        case (.edited(let shown, content: ""), .edited(let id, _)):
            return shown == id && written[id]?.isDeleted == true
        default: return false
        }
    }

    /// Others' messages past the user's read mark that it sees and that stand.
    func unread(by user: UserID, in room: ConversationID) -> Int {
        guard let stay = stay(of: user, in: room) else { return 0 }
        return (messages[room] ?? []).count { id in
            guard let message = written[id], !message.isDeleted, message.entry.author.id != user else { return false }
            return message.entry.seq > stay.readSeq && message.entry.seq >= first(of: room)
                && stay.contains(message.entry.seq)
        }
    }

    /// What is wrong with a gap; nil when it is one: of numbers that the user may see and nobody can any more, or of
    /// numbers from a time when it was no member.
    func fault(of gap: Change.Gap, through last: Seq, in room: ConversationID, toldTo user: UserID) -> String? {
        guard gap.from <= last, gap.from > 0, last <= self.last(of: room), let stay = stay(of: user, in: room) else {
            return "a gap of nowhere"
        }
        for seq in gap.from...last {
            switch gap.reason {
            case .retention: guard stay.contains(seq), seq < first(of: room) else { return "a gap where something is" }
            case .membership: guard !stay.contains(seq) else { return "a gap within a stay" }
            }
        }
        return nil
    }

    // MARK: Growing

    mutating func expire(_ expiry: Expiry) {
        let room = expiry.conversation
        if expiry.firstSeq <= first(of: room) || expiry.firstSeq > last(of: room) + 1 {
            violation = "a first number of \(expiry.firstSeq)"
        }
        firstSeqs[room] = expiry.firstSeq
    }

    mutating func append(_ entry: Entry) {
        let fault = judge(entry)
        if let fault, violation == nil { violation = "\(fault): pos \(entry.pos), \(entry.change)" }
        entries.append(entry)
        if entry.seq > 0 { logs[entry.conversation, default: []].append(entry) }
        apply(entry)
    }

    private mutating func apply(_ entry: Entry) {
        let room = entry.conversation
        switch entry.change {
        case .created(let details, let members):
            rooms.append(room)
            if !details.isGroup, members.count == 2 { pairs.insert(room) }
            for member in members {
                stays[room, default: [:]][member.user.id] = Stay(
                    role: member.role, spans: [Span(from: entry.seq)], readSeq: entry.seq)
            }
        case .message(let posted):
            written[posted.id] = Written(entry: entry)
            messages[room, default: []].append(posted.id)
            texts[posted.content, default: []].append(entry)
            stays[room]?[entry.author.id]?.readSeq = entry.seq
            if let key = posted.clientID { keys.insert(Key(user: entry.author.id, conversation: room, key: key)) }
        case .deleted(let id): written[id]?.isDeleted = true
        case .member(.added, let member):
            var stay = stays[room]?[member.user.id] ?? Stay(role: member.role, spans: [], readSeq: 0)
            stay.role = member.role
            stay.spans.append(Span(from: entry.seq))
            stay.readSeq = max(stay.readSeq, entry.seq)
            stays[room]?[member.user.id] = stay
        case .member(.role, let member): stays[room]?[member.user.id]?.role = member.role
        case .member(_, let member):
            if let last = stays[room]?[member.user.id]?.spans.indices.last {
                stays[room]?[member.user.id]?.spans[last].through = entry.seq
            }
        case .read(let seq): stays[room]?[entry.author.id]?.readSeq = seq
        case .edited, .reaction, .updated, .gap: break
        }
    }

    // MARK: Judging

    /// What is wrong with an entry that has been committed; nil when nothing is.
    private func judge(_ entry: Entry) -> String? {
        let room = entry.conversation
        guard entry.pos == head + 1 else { return "a hole in pos" }
        guard entry.at >= entries.last?.at ?? entry.at else { return "time went backwards" }
        if case .created(_, let members) = entry.change {
            guard logs[room] == nil, entry.seq == 1 else { return "made twice" }
            guard members.first?.user == entry.author, members.first?.role == .owner else { return "no owner" }
            return nil
        }
        if case .read = entry.change {
            guard entry.seq == 0 else { return "a read mark with a number" }
        } else {
            guard entry.seq == last(of: room) + 1 else { return "a hole in seq" }
        }
        guard let me = stay(of: entry.author.id, in: room), me.isOpen else { return "by no member" }
        switch entry.change {
        case .created: return nil
        case .message(let posted):
            guard me.role >= .member else { return "posted by a reader" }
            guard written[posted.id] == nil else { return "an identifier used twice" }
            if let key = posted.clientID, keys.contains(Key(user: entry.author.id, conversation: room, key: key)) {
                return "a key used twice"
            }
            if let original = posted.replyTo, !sees(me, original, in: room) { return "an answer to what is not seen" }
            return nil
        case .edited(let id, _):
            guard me.role >= .member, sees(me, id, in: room), written[id]?.isDeleted == false,
                written[id]?.entry.author == entry.author
            else { return "edited without a right to" }
            return nil
        case .deleted(let id):
            guard sees(me, id, in: room), written[id]?.isDeleted == false,
                me.role >= .admin || me.role == .member && written[id]?.entry.author == entry.author
            else { return "deleted without a right to" }
            return nil
        case .reaction(let id, _, _):
            guard me.role >= .member, sees(me, id, in: room), written[id]?.isDeleted == false else {
                return "reacted without a right to"
            }
            return nil
        case .updated: return me.role >= .admin ? nil : "details changed without a right to"
        case .read(let seq):
            return seq > me.readSeq && seq <= last(of: room) ? nil : "a read mark went backwards, or ahead"
        case .member(let action, let member): return judge(action, member, by: me, entry)
        case .gap: return "a gap that was committed"
        }
    }

    private func judge(_ action: MemberAction, _ member: Member, by me: Stay, _ entry: Entry) -> String? {
        let room = entry.conversation
        let them = stay(of: member.user.id, in: room)
        let owners = stays[room]?.values.count { $0.isOpen && $0.role == .owner } ?? 0
        let members = stays[room]?.values.count { $0.isOpen } ?? 0
        guard !pairs.contains(room) else { return "a pair that changed" }
        let mayPromote = me.role == .owner
        switch action {
        case .added:
            guard them?.isOpen != true else { return "added twice" }
            return mayPromote || me.role == .admin && member.role <= .member ? nil : "added without a right to"
        case .role:
            guard let them, them.isOpen else { return "a role for no member" }
            guard them.role != .owner || owners > 1 else { return "the last owner unmade" }
            return mayPromote || me.role == .admin && max(them.role, member.role) <= .member
                ? nil : "promoted without a right to"
        case .removed, .left:
            guard let them, them.isOpen else { return "removed twice" }
            guard them.role != .owner || owners > 1 || members == 1 else { return "the last owner gone" }
            let isMyself = member.user == entry.author
            guard isMyself == (action == .left) else { return "the wrong word for a departure" }
            return isMyself || mayPromote || me.role == .admin && them.role <= .member
                ? nil : "removed without a right to"
        }
    }

    private func sees(_ me: Stay, _ id: MessageID, in room: ConversationID) -> Bool {
        guard let message = written[id] else { return false }
        return message.entry.conversation == room && me.contains(message.entry.seq)
    }
}
