import ChatKernel

/// A store with a few accounts, a clock that the case moves, and short words for what users do.
final class Scene {
    private let harness: any StoreHarness
    private(set) var store: any Store
    /// Advances a second with each commit.
    var now = Timestamp(microseconds: 1_700_000_000_000_000)
    /// What the drafts are judged by; none unless a case says so.
    var limits = MembershipLimits()
    private var entropy: UInt64 = 0x1234_5678_9ABC_DEF0
    private var conversationsMade = 0

    static let ada = UserID("ada-id")
    static let bob = UserID("bob-id")
    static let cai = UserID("cai-id")
    static let dee = UserID("dee-id")

    static func open(_ harness: any StoreHarness) async throws -> Scene {
        let scene = Scene(harness, try await harness.makeStore())
        for (id, name) in [(ada, "ada"), (bob, "bob"), (cai, "cai"), (dee, "dee")] {
            try await scene.store.save(User(id: id, username: name, createdAt: scene.now))
        }
        return scene
    }

    private init(_ harness: any StoreHarness, _ store: any Store) {
        self.harness = harness
        self.store = store
    }

    /// False for a store that forgets.
    func reopen() async throws -> Bool {
        guard let store = try await harness.reopen(store) else { return false }
        self.store = store
        return true
    }

    // MARK: Drafts

    func draft(_ author: UserID, _ conversation: ConversationID, _ proposal: Draft.Proposal) -> Draft {
        entropy = entropy &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Draft(
            conversation: conversation, author: author, proposal: proposal, entropy: entropy, limits: limits)
    }

    func text(
        _ author: UserID, _ conversation: ConversationID, _ content: String, as clientID: String? = nil,
        to replyTo: MessageID? = nil
    ) -> Draft {
        draft(
            author, conversation,
            .post(content: content, clientID: clientID.map { ClientID($0) }, replyTo: replyTo))
    }

    // MARK: Commits

    func commit(_ drafts: [Draft]) async throws -> [Result<Reply, ChatError>] {
        now = now.advanced(bySeconds: 1)
        let results = try await store.commit(drafts, at: now)
        try expect(results.count, equals: drafts.count, "results of a batch of \(drafts.count)")
        return results
    }

    func reply(_ author: UserID, _ conversation: ConversationID, _ proposal: Draft.Proposal) async throws -> Reply {
        switch try await commit([draft(author, conversation, proposal)])[0] {
        case .success(let reply): return reply
        case .failure(let error): throw ConformanceFailure("\(proposal) by \(author) was refused: \(error)")
        }
    }

    /// What the draft became; fails if it was refused or repeated.
    @discardableResult
    func perform(_ author: UserID, _ conversation: ConversationID, _ proposal: Draft.Proposal) async throws -> Entry {
        guard case .committed(let entry) = try await reply(author, conversation, proposal) else {
            throw ConformanceFailure("\(proposal) by \(author) was not committed")
        }
        return entry
    }

    /// Why the draft was refused; fails if it was not.
    func refusal(
        of author: UserID, _ conversation: ConversationID, _ proposal: Draft.Proposal
    ) async throws -> ChatError.Code {
        switch try await commit([draft(author, conversation, proposal)])[0] {
        case .success(let reply): throw ConformanceFailure("\(proposal) by \(author) was not refused: \(reply)")
        case .failure(let error): return error.code
        }
    }

    func make(by owner: UserID = ada, with others: [UserID], isGroup: Bool = true) async throws -> ConversationID {
        conversationsMade += 1
        let id = ConversationID("conversation-\(conversationsMade)")
        try await perform(
            owner, id, .create(ConversationDetails(name: "n", isGroup: isGroup), participants: others))
        return id
    }

    @discardableResult
    func post(
        _ author: UserID, _ conversation: ConversationID, _ content: String, as clientID: String? = nil,
        to replyTo: MessageID? = nil
    ) async throws -> Entry {
        try await perform(
            author, conversation,
            .post(content: content, clientID: clientID.map { ClientID($0) }, replyTo: replyTo))
    }

    // MARK: Reads

    func log(_ conversation: ConversationID, after seq: Seq = 0, limit: Int = 1000) async throws -> [Entry] {
        try await store.entries(in: .conversation(conversation, after: seq), limit: limit)
    }

    func feed(
        _ user: UserID, after pos: Pos = 0, among: Set<ConversationID>? = nil, limit: Int = 1000
    ) async throws -> [Entry] {
        try await store.entries(in: .user(user, after: pos, among: among), limit: limit)
    }

    func see(_ conversation: ConversationID, as viewer: UserID) async throws -> Conversation {
        try require(try await store.conversation(conversation, for: viewer), "conversation \(conversation)")
    }

    func unread(_ conversation: ConversationID, by viewer: UserID) async throws -> Int {
        try await see(conversation, as: viewer).unreadCount
    }

    func spans(_ user: UserID, in conversation: ConversationID) async throws -> [Span] {
        try await store.standing(of: user, in: conversation)?.membership?.spans ?? []
    }

    func contents(_ query: MessageQuery, limit: Int = 100) async throws -> [String] {
        try await store.messages(query, limit: limit).map(\.content)
    }
}

extension Entry {
    /// The identifier of the message it brought.
    var messageID: MessageID {
        if case .message(let posted) = change { posted.id } else { MessageID("none") }
    }

    /// The content of a message or an edit.
    var content: String? {
        switch change {
        case .message(let posted): posted.content
        case .edited(_, let content): content
        default: nil
        }
    }
}

extension [Span] {
    static let everything = [Span(from: 1)]
}
