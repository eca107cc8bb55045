/// The whole state of an in-memory store: a log, and what follows from it.
struct Ledger {
    let epoch: Epoch
    var isClosed = false
    /// Entries by `pos`: the entry at index i has `pos` i + 1.
    private(set) var log: [Entry] = []
    private(set) var conversations: [ConversationID: Room] = [:]
    private(set) var messages: [MessageID: Written] = [:]
    private var names: [Name: MessageID] = [:]
    private var pairs: [Set<UserID>: ConversationID] = [:]
    private var accounts: [UserID: User] = [:]
    /// How many conversations each user owns.
    private var owned: [UserID: Int] = [:]

    /// What follows from one conversation's entries.
    struct Room {
        var details: ConversationDetails
        let createdAt: Timestamp
        var updatedAt: Timestamp
        let isPair: Bool
        /// Positions of the numbered entries: the entry with `seq` n stands at index n - 1.
        var positions: [Pos] = []
        /// Entries below this number are gone.
        var firstSeq: Seq = 1
        var messages: [MessageID] = []
        var memberships: [UserID: Membership] = [:]
        /// In the order in which they came; those who left are not among them.
        var present: [UserID] = []

        var lastSeq: Seq { Seq(positions.count) }
    }

    struct Written {
        var message: Message
        let pos: Pos
        var edits = 0
    }

    private struct Name: Hashable {
        let user: UserID
        let conversation: ConversationID
        let name: ClientID
    }

    init(epoch: Epoch) { self.epoch = epoch }

    var lastPos: Pos { Pos(log.count) }

    func requireOpen() throws(StoreError) {
        if isClosed { throw StoreError(.closed, "the in-memory store has been closed") }
    }

    // MARK: Writing

    mutating func commit(_ draft: Draft, at now: Timestamp) throws(StoreError) -> Result<Reply, ChatError> {
        switch try Rules.judge(draft, in: &self) {
        case .failure(let refusal): return .failure(refusal)
        case .success(.answer(let reply)): return .success(reply)
        case .success(.append(let author, let appendix)):
            let time = max(now, log.last?.at ?? now)
            let pos = lastPos + 1
            let room = conversations[draft.conversation]
            let entry = Entry(
                conversation: draft.conversation, seq: appendix.isNumbered ? (room?.lastSeq ?? 0) + 1 : 0, pos: pos,
                at: time, author: author, change: appendix.change(at: time, pos: pos))
            append(entry)
            return .success(.committed(entry))
        }
    }

    private mutating func append(_ entry: Entry) {
        log.append(entry)
        let id = entry.conversation
        if case .created(let details, let members) = entry.change {
            var room = Room(
                details: details, createdAt: entry.at, updatedAt: entry.at,
                isPair: !details.isGroup && members.count == 2)
            for member in members {
                room.enter(member, at: entry.seq)
                if member.role == .owner { owned[member.user.id, default: 0] += 1 }
            }
            if room.isPair { pairs[Set(members.map(\.user.id))] = id }
            conversations[id] = room
        }
        if entry.seq > 0 {
            conversations[id]?.positions.append(entry.pos)
            conversations[id]?.updatedAt = entry.at
        }
        switch entry.change {
        case .created: break
        case .message(let posted):
            let message = Message(
                id: posted.id, conversation: id, seq: entry.seq, sender: entry.author, content: posted.content,
                createdAt: entry.at, clientID: posted.clientID, replyTo: posted.replyTo)
            messages[posted.id] = Written(message: message, pos: entry.pos)
            conversations[id]?.messages.append(posted.id)
            conversations[id]?.memberships[entry.author.id]?.readSeq = entry.seq
            if let name = posted.clientID {
                names[Name(user: entry.author.id, conversation: id, name: name)] = posted.id
            }
        case .edited(let message, let content):
            messages[message]?.message.content = content
            messages[message]?.message.isEdited = true
            messages[message]?.edits += 1
            messages[message]?.message.updatedAt = entry.at
        case .deleted(let message):
            messages[message]?.message.content = ""
            messages[message]?.message.isDeleted = true
            messages[message]?.message.reactions = []
            messages[message]?.message.updatedAt = entry.at
        case .reaction(let message, let key, let on):
            messages[message]?.message.react(entry.author.id, with: key, on: on)
        case .member(let action, let member):
            let owned = conversations[id]?.isOwned(by: member.user.id) == true
            switch action {
            case .added: conversations[id]?.enter(member, at: entry.seq)
            case .role: conversations[id]?.memberships[member.user.id]?.role = member.role
            case .removed, .left: conversations[id]?.leave(member.user.id, at: entry.seq)
            }
            let owns = conversations[id]?.isOwned(by: member.user.id) == true
            self.owned[member.user.id, default: 0] += (owns ? 1 : 0) - (owned ? 1 : 0)
        case .updated(let details): conversations[id]?.details = details
        case .read(let seq): conversations[id]?.memberships[entry.author.id]?.readSeq = seq
        case .gap: break
        }
    }

    mutating func save(_ user: User) throws(StoreError) {
        if let known = accounts[user.id], known.username != user.username {
            throw StoreError(.conflict, "a username does not change once made")
        }
        for other in accounts.values where other.id != user.id {
            if User.folded(other.username) == User.folded(user.username) {
                throw StoreError(.conflict, "the username is taken")
            }
            if let theirs = other.email, let mine = user.email, User.folded(theirs) == User.folded(mine) {
                throw StoreError(.conflict, "the address is taken")
            }
        }
        accounts[user.id] = user
    }

    /// What was said below a number is gone.
    mutating func letGo(below first: Seq, in id: ConversationID) {
        guard let room = conversations[id] else { return }
        for pos in room.positions[Int(room.firstSeq - 1)..<Int(first - 1)] { blank(at: pos) }
        conversations[id]?.firstSeq = first
    }

    private mutating func blank(at pos: Pos) {
        let entry = log[Int(pos) - 1]
        let shell: Change
        switch entry.change {
        case .message(let posted):
            messages[posted.id]?.message.content = ""
            messages[posted.id]?.message.reactions = []
            shell = .message(
                Change.Posted(
                    id: posted.id, content: "", clientID: posted.clientID, replyTo: posted.replyTo, isDeleted: true))
        case .edited(let id, _): shell = .edited(id, content: "")
        case .reaction(let id, _, let on): shell = .reaction(id, key: "", on: on)
        case .created(let details, let members):
            shell = .created(ConversationDetails(isGroup: details.isGroup), members: members)
        case .updated(let details): shell = .updated(ConversationDetails(isGroup: details.isGroup))
        case .deleted, .member, .read, .gap: return
        }
        log[Int(pos) - 1] = Entry(
            conversation: entry.conversation, seq: entry.seq, pos: pos, at: entry.at, author: entry.author,
            change: shell)
    }

    // MARK: Reading

    func entries(in scope: Scope, limit: Int) -> [Entry] {
        switch scope {
        case .conversation(let id, let after):
            guard let room = conversations[id], after < room.lastSeq else { return [] }
            let after = max(0, after)
            // The last of those that are gone stands for all of them.
            let first = max(after, room.firstSeq - 2)
            return Self.page(
                room.positions[Int(first)...].lazy.map {
                    let entry = self.log[Int($0) - 1]
                    return self.isGone(entry) ? entry.asGap(from: after + 1, .retention) : self.replayed(entry)
                }, limit: limit, weight: \.weight)
        case .user(let user, let after, let among):
            guard after < lastPos else { return [] }
            var page = ReplayPage(limit: limit)
            for entry in log[Int(max(0, after))...] {
                guard among?.contains(entry.conversation) ?? true, isVisible(entry, to: user) else { continue }
                let isGone = isGone(entry)
                guard isGone ? page.mayPass(entry) : !page.isFull else { break }
                if isGone { page.pass(entry) } else { page.add(replayed(entry)) }
            }
            return page.entries
        }
    }

    /// Whether it is not kept any more.
    private func isGone(_ entry: Entry) -> Bool {
        entry.seq > 0 && entry.seq < conversations[entry.conversation]?.firstSeq ?? 1
    }

    /// The first of these, as many as there may be and as fit.
    private static func page<Item>(_ items: some Sequence<Item>, limit: Int, weight: (Item) -> Int) -> [Item] {
        var budget = PageBudget()
        var page: [Item] = []
        for item in items {
            guard page.count < limit, !budget.isSpent else { break }
            page.append(item)
            budget.spend(weight(item))
        }
        return page
    }

    private func isVisible(_ entry: Entry, to user: UserID) -> Bool {
        guard let membership = conversations[entry.conversation]?.memberships[user] else { return false }
        return entry.seq == 0 ? membership.isActive : membership.sees(entry.seq)
    }

    /// The entry as a replay shows it: what was deleted later is gone from it.
    private func replayed(_ entry: Entry) -> Entry {
        let target: MessageID
        switch entry.change {
        case .message(let posted): target = posted.id
        case .edited(let id, _): target = id
        default: return entry
        }
        guard messages[target]?.message.isDeleted == true else { return entry }
        let erased: Change
        if case .message(let posted) = entry.change {
            erased = .message(
                Change.Posted(
                    id: target, content: "", clientID: posted.clientID, replyTo: posted.replyTo, isDeleted: true))
        } else {
            erased = .edited(target, content: "")
        }
        return Entry(
            conversation: entry.conversation, seq: entry.seq, pos: entry.pos, at: entry.at, author: entry.author,
            change: erased)
    }

    func conversation(_ id: ConversationID, for viewer: UserID) -> Conversation? {
        guard let room = conversations[id] else { return nil }
        let me = room.memberships[viewer]
        let seen = room.messages.lazy.compactMap { messages[$0]?.message }
            .filter { $0.seq >= room.firstSeq && me?.sees($0.seq) ?? false }
        let unread = seen.filter { $0.seq > me?.readSeq ?? 0 && $0.sender.id != viewer && !$0.isDeleted }
        return Conversation(
            id: id, details: room.details, createdAt: room.createdAt, updatedAt: room.updatedAt,
            participants: room.present.compactMap { room.memberships[$0] }.map { Member(user: $0.user, role: $0.role) },
            firstSeq: room.firstSeq, lastSeq: room.lastSeq, unreadCount: unread.count, lastMessage: seen.last)
    }

    func conversationIDs(of user: UserID, limit: Int) -> [ConversationID] {
        conversations.filter { $0.value.memberships[user]?.isActive == true }
            .map { ConversationMark(updatedAt: $0.value.updatedAt, id: $0.key) }
            .sorted { $1.precedes($0) }.prefix(max(0, limit)).map(\.id)
    }

    func conversations(of user: UserID, after mark: ConversationMark?, limit: Int) -> [Conversation] {
        let marks = conversations.filter { $0.value.memberships[user]?.isActive == true }
            .map { ConversationMark(updatedAt: $0.value.updatedAt, id: $0.key) }
            .filter { candidate in mark.map { candidate.precedes($0) } ?? true }
            .sorted { $1.precedes($0) }
        return Self.page(marks.lazy.compactMap { conversation($0.id, for: user) }, limit: limit, weight: \.weight)
    }

    func messages(_ query: MessageQuery, limit: Int) -> [Message] {
        func seen(_ id: ConversationID, _ spans: [Span]) -> [Message] {
            (conversations[id]?.messages ?? []).compactMap { kept($0)?.message }
                .filter { message in spans.contains { $0.contains(message.seq) } }
        }
        func first(_ messages: some Sequence<Message>) -> [Message] {
            Self.page(messages, limit: limit, weight: \.weight)
        }
        return switch query {
        case .newest(let id, let spans, let offset):
            first(seen(id, spans).dropLast(max(0, offset)).reversed()).reversed()
        case .before(let seq, let id, let spans):
            first(seen(id, spans).filter { $0.seq < seq }.reversed()).reversed()
        case .after(let seq, let id, let spans): first(seen(id, spans).filter { $0.seq > seq })
        case .id(let id): first(kept(id).map { [$0.message] } ?? [])
        }
    }

    func readMarks(in id: ConversationID) -> [ReadMark] {
        guard let room = conversations[id] else { return [] }
        return room.present.compactMap { user in
            room.memberships[user].flatMap { $0.readSeq > 0 ? ReadMark(user: user, seq: $0.readSeq) : nil }
        }
    }

    func users(_ query: UserQuery, limit: Int) -> [User] {
        let found: [User] =
            switch query {
            case .id(let id): accounts[id].map { [$0] } ?? []
            case .username(let name): accounts.values.filter { User.folded($0.username) == User.folded(name) }
            case .prefix(let name):
                accounts.values.filter { $0.isActive && User.folded($0.username).hasPrefix(User.folded(name)) }
            case .disabled(let since): accounts.values.filter { !$0.isActive && $0.updatedAt >= since }
            case .all(let after):
                accounts.values.filter { user in after.map { User.folded(user.username) > User.folded($0) } ?? true }
            }
        return Array(found.sorted { User.folded($0.username) < User.folded($1.username) }.prefix(max(0, limit)))
    }
}

extension Ledger: LedgerView {
    func facts(of conversation: ConversationID) -> ConversationFacts? {
        conversations[conversation].map { room in
            ConversationFacts(
                details: room.details, lastSeq: room.lastSeq, isPair: room.isPair, members: room.present.count,
                owners: room.present.count { room.memberships[$0]?.role == .owner })
        }
    }

    func membership(of user: UserID, in conversation: ConversationID) -> Membership? {
        conversations[conversation]?.memberships[user]
    }

    func activeUser(_ id: UserID) -> UserReference? {
        accounts[id].flatMap { $0.isActive ? $0.reference : nil }
    }

    func message(_ id: MessageID) -> MessageFacts? {
        kept(id).map {
            MessageFacts(
                conversation: $0.message.conversation, seq: $0.message.seq, sender: $0.message.sender.id,
                isDeleted: $0.message.isDeleted, edits: $0.edits)
        }
    }

    func message(named name: ClientID, from user: UserID, in conversation: ConversationID) -> Entry? {
        names[Name(user: user, conversation: conversation, name: name)]
            .flatMap { messages[$0] }.map { replayed(log[Int($0.pos) - 1]) }
    }

    func pair(_ a: UserID, _ b: UserID) -> ConversationID? { pairs[[a, b]] }

    func conversationsOwned(by user: UserID) -> Int { owned[user] ?? 0 }

    func hasReacted(_ user: UserID, to message: MessageID, with key: String) -> Bool {
        messages[message]?.message.reactions.contains { $0.isOf(key) && $0.users.contains(user) } ?? false
    }

    func reactionKeys(on message: MessageID, besides key: String) -> Int? {
        let keys = messages[message]?.message.reactions ?? []
        return keys.contains { $0.isOf(key) } ? nil : keys.count
    }
}

extension Ledger.Room {
    func isOwned(by user: UserID) -> Bool {
        memberships[user].map { $0.isActive && $0.role == .owner } ?? false
    }

    mutating func enter(_ member: Member, at seq: Seq) {
        var membership =
            memberships[member.user.id] ?? Membership(user: member.user, role: member.role, spans: [], readSeq: 0)
        membership.role = member.role
        membership.spans.append(Span(from: seq))
        membership.readSeq = max(membership.readSeq, seq)
        memberships[member.user.id] = membership
        present.append(member.user.id)
    }

    mutating func leave(_ user: UserID, at seq: Seq) {
        guard let last = memberships[user]?.spans.indices.last else { return }
        memberships[user]?.spans[last].through = seq
        present.removeAll { $0 == user }
    }
}

extension Message {
    /// Adds or takes back a reaction; a key nobody uses any more disappears.
    public mutating func react(_ user: UserID, with key: String, on: Bool) {
        if let at = reactions.firstIndex(where: { $0.isOf(key) }) {
            reactions[at].users.removeAll { $0 == user }
            if on { reactions[at].users.append(user) }
            if reactions[at].users.isEmpty { reactions.remove(at: at) }
        } else if on {
            reactions.append(Reactions(key: key, users: [user]))
        }
    }
}

extension ConversationMark {
    /// Whether this one comes later in a list that is newest first.
    public func precedes(_ other: ConversationMark) -> Bool {
        (updatedAt, id.text) < (other.updatedAt, other.id.text)
    }
}
