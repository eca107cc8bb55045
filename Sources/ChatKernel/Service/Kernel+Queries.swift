/// What can be asked. Each question is judged for the user who asks it.
///
/// All of it throws `store_unavailable` besides what is said below, and `internal` where what is stored is damaged. A
/// `limit` of 0 or less gives an empty page; how large one may be otherwise its ``PageBudget`` says.
extension Kernel {
    /// Whether the user is a member now; false where there is no such conversation.
    public func isMember(_ user: UserID, of conversation: ConversationID) async throws(ChatError) -> Bool {
        try await ask { (store) throws(StoreError) in
            try await store.standing(of: user, in: conversation)?.membership?.isActive ?? false
        }
    }

    /// Whether the user is or once was a member: may ask for what happened during its stays.
    /// - Throws: `unknown_conversation`, `not_a_member`.
    public func requireKnown(_ conversation: ConversationID, to user: UserID) async throws(ChatError) {
        guard try await standing(of: user, in: conversation).membership != nil else {
            throw ChatError(.notAMember, "You never were a member of this conversation.")
        }
    }

    /// The conversation as the user sees it.
    /// - Throws: `unknown_conversation`, `not_a_member`.
    public func conversation(_ id: ConversationID, as user: UserID) async throws(ChatError) -> Conversation {
        let found = try await ask(for: user) { (store) throws(StoreError) in
            try await store.conversation(id, for: user)
        }
        guard let found else { throw ChatError(.unknownConversation, "There is no such conversation.") }
        // Judged by what is shown, not by another read: a removal between the two would show too much.
        guard found.participants.contains(where: { $0.user.id == user }) else {
            throw ChatError(.notAMember, "You are not a member of this conversation.")
        }
        return found
    }

    /// The user's conversations, newest activity first. A page ends before `limit` when its ``PageBudget`` is spent.
    /// - Parameter mark: of the last one of the page before; nil for the first page.
    public func conversations(
        of user: UserID, after mark: ConversationMark? = nil, limit: Int
    ) async throws(ChatError) -> [Conversation] {
        try await ask(for: user) { (store) throws(StoreError) in
            try await store.conversations(of: user, after: mark, limit: limit)
        }
    }

    /// Which page of a conversation's messages.
    public enum MessagePage: Hashable, Sendable {
        /// The newest, but for so many of the very newest; less than 0 counts as 0.
        case newest(offset: Int = 0)
        /// The ones next below a number.
        case before(Seq)
        /// The ones next above a number.
        case after(Seq)

        /// Whether it goes on to what is newer.
        var isForward: Bool { if case .after = self { true } else { false } }
    }

    /// A page of messages as they stand, ascending, of those the user may see. It ends before `limit` when its
    /// ``PageBudget`` is spent.
    /// - Throws: `unknown_conversation`, `not_a_member`.
    public func messages(
        in conversation: ConversationID, as user: UserID, _ page: MessagePage = .newest(), limit: Int
    ) async throws(ChatError) -> [Message] {
        let (membership, _, lastSeq) = try await presentMember(user, of: conversation)
        let spans = Mutation.leavesSpansOpen.isOn ? membership.spans : membership.spans(through: lastSeq)
        let query: MessageQuery =
            switch page {
            case .newest(let offset): .newest(conversation, spans: spans, offset: offset)
            case .before(let seq): .before(seq, conversation, spans: spans)
            case .after(let seq): .after(seq, conversation, spans: spans)
            }
        return try await ask(for: user) { (store) throws(StoreError) in
            try await store.messages(query, limit: limit)
        }
    }

    /// One message as it stands, deleted or not, if the user is a member and may see it.
    /// - Throws: `unknown_message`.
    public func message(_ id: MessageID, as user: UserID) async throws(ChatError) -> Message {
        let unknown = ChatError(.unknownMessage, "There is no such message.")
        let found = try await ask { (store) throws(StoreError) in try await store.message(id) }
        guard let found else { throw unknown }
        let standing = try await standing(of: user, in: found.conversation)
        guard let membership = standing.membership, membership.isActive, membership.sees(found.seq) else {
            throw unknown
        }
        return found
    }

    /// Active users whose name begins so, without regard to case, in the order of their names.
    public func users(named prefix: String, limit: Int) async throws(ChatError) -> [UserReference] {
        try await ask { (store) throws(StoreError) in
            try await store.users(.prefix(prefix), limit: limit).map(\.reference)
        }
    }

    /// The store's position now: where a client that knows everything stands.
    public func head() async throws(ChatError) -> Cursor {
        let head = try await ask { (store) throws(StoreError) in try await store.head() }
        fanout.begin(at: head.pos)
        return head
    }

    /// A stretch of a conversation's log, as one user may see it.
    public struct LogPage: Sendable {
        /// Ascending by `seq`; none of them is a read mark.
        public let entries: [Entry]
        /// The number up to which this is complete.
        public let through: Seq
        /// Nothing more had been committed when this was read.
        public let isLast: Bool
        /// The user was no member when the conversation stood at ``through``, and is not let in further on, as far as is known:
        /// its reader gets nothing more, also when it is let in again later. False while the entry that ends the stay is
        /// still to come, even when it has been committed: it is the last the reader sees.
        public let endsMembership: Bool
    }

    /// The entries after a number that the user may see, and gaps for those in front of them that it may not.
    ///
    /// One who never was a member is shown nothing, and told so by ``LogPage/endsMembership``.
    /// - Parameter limit: at least 1, and at most ``KernelLimits/pageEntries`` of the log are looked at in any case.
    /// - Throws: `unknown_conversation`.
    public func log(
        of conversation: ConversationID, as user: UserID, after seq: Seq, limit: Int = .max
    ) async throws(ChatError) -> LogPage {
        let limit = max(1, min(limit, limits.pageEntries))
        // First the entries, then the membership: a removal between the two must hide, not show.
        let early = Mutation.judgesReadersEarly.isOn ? try await standing(of: user, in: conversation) : nil
        let entries = try await ask { (store) throws(StoreError) in
            try await store.entries(in: .conversation(conversation, after: seq), limit: limit)
        }
        let standing = try await standing(of: user, in: conversation)
        let membership = (early ?? standing).membership
        let through = entries.last?.seq ?? seq
        let isWhole = entries.count < limit && !PageBudget.isSpent(by: entries.lazy.map(\.weight))
        let isLast = isWhole || Mutation.treatsPageAsLast.isOn
        let isMember = membership?.isMember(at: Mutation.partsReadersEarly.isOn ? standing.lastSeq : through) ?? false
        let mayComeBack = membership?.spans.last.map { $0.from > through } ?? false
        let ends = !isMember && (isLast || !mayComeBack)
        let view = membership?.view(of: entries, endsThere: ends) ?? []
        return LogPage(
            entries: Mutation.ignoresMembership.isOn ? entries : view, through: through, isLast: isLast,
            endsMembership: ends)
    }

    /// A page of the log on one side of a number, ascending, as the user may see it, with gaps for what it may not, and whether
    /// there is more beyond it. It ends before `limit` when its ``PageBudget`` is spent.
    /// - Parameter limit: numbers of the log, those included that the user may not see.
    /// - Throws: `unknown_conversation`, `not_a_member`.
    public func history(
        of conversation: ConversationID, as user: UserID, _ page: MessagePage, limit: Int
    ) async throws(ChatError) -> (entries: [Entry], hasMore: Bool) {
        let (membership, firstSeq, lastSeq) = try await presentMember(user, of: conversation)
        // Numbers are contiguous, so a page before a number is a page after one further down. They come from clients:
        // any number at all must be a page, if an empty one.
        let limit = max(0, limit)
        let upper: Seq
        var lower: Seq
        switch page {
        case .newest(let offset):
            upper = max(0, lastSeq - Seq(max(0, offset)))
            lower = max(0, upper - Seq(limit))
        case .before(let seq):
            upper = min(max(1, seq) - 1, lastSeq)
            lower = max(0, upper - Seq(limit))
        case .after(let seq):
            lower = max(0, seq)
            upper = lower >= lastSeq ? lower : lower + min(Seq(limit), lastSeq - lower)
        }
        guard upper > lower else { return ([], false) }
        // What is gone is told of in one gap.
        if lower < firstSeq, !page.isForward { lower = 0 }
        var entries = try await stretch(of: conversation, as: user, after: lower, through: upper)
        if page.isForward {
            return (membership.view(of: entries), (entries.last?.seq ?? upper) < lastSeq)
        }
        // Read from the old end, wanted from the new one.
        while let last = entries.last, last.seq < upper {
            let more = try await stretch(of: conversation, as: user, after: last.seq, through: upper)
            if more.isEmpty { break }
            entries = Self.newest(of: entries + more)
        }
        let firstVisible = max(firstSeq, membership.spans.first?.from ?? .max)
        let hasMore = (entries.first?.seq ?? 0) > firstVisible
        return (membership.view(of: entries), hasMore)
    }

    private func stretch(
        of conversation: ConversationID, as user: UserID, after lower: Seq, through upper: Seq
    ) async throws(ChatError) -> [Entry] {
        let entries = try await ask(for: user) { (store) throws(StoreError) in
            try await store.entries(in: .conversation(conversation, after: lower), limit: Int(upper - lower))
        }
        // A gap is one for many, so there may be more than was asked for, and the gap itself may reach further.
        return entries.prefix { $0.lowest <= upper }.map { $0.cut(through: upper) }
    }

    /// The last of these, as many as fit a page.
    private static func newest(of entries: [Entry]) -> [Entry] {
        var budget = PageBudget()
        var first = entries.endIndex
        while first > entries.startIndex, !budget.isSpent {
            first -= 1
            budget.spend(entries[first].weight)
        }
        return Array(entries[first...])
    }

    // MARK: Standing

    /// The membership of a present member.
    /// - Throws: `unknown_conversation`, `not_a_member`.
    func member(_ user: UserID, of conversation: ConversationID) async throws(ChatError) -> Membership {
        try await presentMember(user, of: conversation).membership
    }

    /// Whether the store took the last batch. After one that it did not take, asking makes the kernel try it once
    /// more, without drafts: what has passed is seen at the next question.
    public var isStoreWritable: Bool { committer.isStoreWritable() }

    /// The membership of a present member, and where the conversation began and ended at that moment.
    private func presentMember(
        _ user: UserID, of conversation: ConversationID
    ) async throws(ChatError) -> (membership: Membership, firstSeq: Seq, lastSeq: Seq) {
        let standing = try await standing(of: user, in: conversation)
        guard let membership = standing.membership, membership.isActive else {
            throw ChatError(.notAMember, "You are not a member of this conversation.")
        }
        return (membership, standing.firstSeq, standing.lastSeq)
    }

    func standing(of user: UserID, in conversation: ConversationID) async throws(ChatError) -> Standing {
        let standing = try await ask { (store) throws(StoreError) in
            try await store.standing(of: user, in: conversation)
        }
        guard let standing else { throw ChatError(.unknownConversation, "There is no such conversation.") }
        return standing
    }

    /// For what may be a page of much: when it is the user's turn.
    func ask<T: Sendable>(
        for user: UserID, _ question: (any Store) async throws(StoreError) -> T
    ) async throws(ChatError) -> T {
        try await turns.take(for: user) { () async throws(ChatError) in try await ask(question) }
    }

    func ask<T: Sendable>(
        _ question: (any Store) async throws(StoreError) -> T
    ) async throws(ChatError) -> T {
        do throws(StoreError) { return try await question(store) } catch { throw error.asChatError }
    }
}
