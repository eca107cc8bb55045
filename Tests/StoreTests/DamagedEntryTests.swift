import ChatFaults
import ChatKernel
import ChatSQLite
import Testing

@Suite("One damaged entry")
struct DamagedEntryTests {
    private let folder = Folder()
    private static let now = Timestamp(microseconds: 1_700_000_000_000_000)
    private static let rooms = ["first", "second"].map { ConversationID($0) }

    /// Two conversations of three messages each.
    private func talk() async throws -> (store: SQLiteStore, messages: [[MessageID]]) {
        var tuning = Tuning()
        tuning.quietNanoseconds = 0
        let store = try await SQLiteStore.open(
            SQLiteStoreSettings(path: folder.path + "/chat.db"), tuning: tuning)
        try await store.save(User(id: Talk.ada, username: "ada", createdAt: Self.now))
        var messages: [[MessageID]] = []
        for room in Self.rooms {
            _ = try await commit(
                store, [(room, .create(ConversationDetails(isGroup: true), participants: []))])
            let posts = (1...3).map { (room, post("\(room.text) word\($0)")) }
            let replies = try await commit(store, posts).map { try $0.get().entry }
            messages.append(
                replies.compactMap { if case .message(let posted) = $0?.change { posted.id } else { nil } })
        }
        return (store, messages)
    }

    private func post(_ content: String) -> Draft.Proposal { .post(content: content, clientID: nil, replyTo: nil) }

    private func commit(
        _ store: SQLiteStore, _ proposals: [(ConversationID, Draft.Proposal)]
    ) async throws -> [Result<Reply, ChatError>] {
        try await store.commit(
            proposals.map {
                Draft(conversation: $0.0, author: Talk.ada, proposal: $0.1, entropy: .random(in: 0 ... .max))
            }, at: Self.now)
    }

    private func damage(_ content: String, in store: SQLiteStore) async throws {
        try await store.execute("UPDATE log SET content = content || '!' WHERE content = '\(content)'")
    }

    private func contents(_ room: ConversationID, in store: SQLiteStore) async throws -> [String] {
        try await store.messages(.newest(room, spans: [Span(from: 1)], offset: 0), limit: 9).map(\.content)
    }

    @Test("refuses the draft that speaks of it, and none of its neighbours")
    func neighbours() async throws {
        let (store, messages) = try await talk()
        try await damage("first word1", in: store)
        let results = try await commit(
            store,
            [
                (Self.rooms[0], .react(messages[0][0], key: "+", on: true)), (Self.rooms[0], post("before")),
                (Self.rooms[1], post("beside")),
            ])
        #expect(results.map(\.refusal) == [.internal, nil, nil])
        #expect(store.damagedPieces == 1)
        #expect(try await contents(Self.rooms[1], in: store).last == "beside")
        await store.close()
    }

    @Test("keeps its conversation from letting go of anything, and no other")
    func retention() async throws {
        let (store, _) = try await talk()
        // The first is the one that is always looked at.
        try await store.execute("UPDATE log SET at = at + 1 WHERE seq = 1 AND conversation = 1")
        let gone = try await store.expire(Retention(messages: 1), at: Self.now)
        #expect(gone == [Expiry(conversation: Self.rooms[1], firstSeq: 4)])
        #expect(store.damagedPieces == 1)
        #expect(try await contents(Self.rooms[1], in: store) == ["second word3"])
        await store.close()
    }

    @Test("keeps what its conversation let go of in the file, and no other, and words are found as before")
    func emptying() async throws {
        let (store, _) = try await talk()
        // None that is looked at to find what is to go.
        try await damage("first word1", in: store)
        #expect(try await store.expire(Retention(messages: 1), at: Self.now).count == 2)
        _ = try await commit(store, [(Self.rooms[1], post("second word4"))])
        try await store.tidy()
        let found = try await store.search(Search(try SearchQuery("word4"), for: Talk.ada), limit: 9)
        #expect(found.messages.map(\.content) == ["second word4"])
        await store.close()
        let file = try ChatFaults.contents(folder.path + "/chat.db")
        #expect(holds(file, "first word2"))
        #expect(!holds(file, "second word2"))
    }
}
