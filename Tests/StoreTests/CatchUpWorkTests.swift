import ChatFaults
import ChatKernel
import ChatSQLite
import Testing

/// Counted in steps of SQLite's programs, which are the same on every machine.
@Suite("What catching up costs")
struct CatchUpWorkTests {
    @Test("is what is new, near the head, in however many conversations the user is")
    func nearTheHead() async throws {
        let few = try await Crowd.begin(conversations: 5)
        let many = try await Crowd.begin(conversations: 600)
        var work: [Int] = []
        for crowd in [few, many] {
            let start = try await crowd.store.head().pos
            try await crowd.post([1, 3, 4])
            work.append(try await crowd.work(of: crowd.reader, after: start, finding: 3))
            await crowd.store.close()
        }
        #expect(work[0] == work[1])
    }

    @Test("is what is new, however much was said elsewhere since")
    func elsewhere() async throws {
        let crowd = try await Crowd.begin(conversations: 600)
        let start = try await crowd.store.head().pos
        try await crowd.post([1, 300, 599])
        var work: [[Int]] = []
        for _ in 0..<3 {
            try await crowd.chatter(6000)
            work.append([
                // Of the one in three conversations, and of the one in 600.
                try await crowd.work(of: crowd.quiet, after: start, finding: 1),
                try await crowd.work(of: crowd.reader, after: start, finding: 3),
            ])
        }
        // Once it pays to pass over what was said elsewhere, more of it costs nothing. The first time names are read, too.
        #expect(work[1] == work[2])
        // A look at 40 rows and at three conversations; a look at as many rows as 600 conversations are worth, and at those.
        let everything = try await crowd.work(of: crowd.talker, after: start, finding: 18_003)
        #expect(work[2][0] * 1000 < everything)
        #expect(work[2][1] * 10 < everything)
        await crowd.store.close()
    }
}

/// A user in many conversations, another in three of them, and one who talks, mostly to nobody.
private struct Crowd {
    let store: SQLiteStore
    let reader = UserID("reader")
    let quiet = UserID("quiet")
    let talker = UserID("talker")
    private let folder: Folder

    static func begin(conversations: Int) async throws -> Crowd {
        let folder = Folder()
        var tuning = Tuning()
        tuning.scanFirst = 40
        tuning.tailLimit = 1000
        tuning.readers = 1
        let crowd = Crowd(
            store: try await SQLiteStore.open(
                SQLiteStoreSettings(path: "\(folder.path)/chat.db", durability: .written), tuning: tuning),
            folder: folder)
        for id in [crowd.reader, crowd.quiet, crowd.talker] {
            try await crowd.store.save(User(id: id, username: id.text, createdAt: Timestamp(microseconds: 0)))
        }
        let details = ConversationDetails(isGroup: true)
        try await crowd.commit(
            (0..<conversations).map { number in
                let others = number < 3 ? [crowd.reader, crowd.quiet] : [crowd.reader]
                return crowd.draft(crowd.conversation(number), .create(details, participants: others))
            })
        try await crowd.commit([crowd.draft(crowd.monologue, .create(details, participants: []))])
        return crowd
    }

    private let monologue = ConversationID("monologue")

    private func conversation(_ number: Int) -> ConversationID { ConversationID("conversation \(number)") }

    private func draft(_ conversation: ConversationID, _ proposal: Draft.Proposal) -> Draft {
        Draft(conversation: conversation, author: talker, proposal: proposal, entropy: .random(in: 0 ... .max))
    }

    private func commit(_ drafts: [Draft]) async throws {
        for result in try await store.commit(drafts, at: Timestamp(microseconds: 0)) { _ = try result.get() }
    }

    private func text(_ conversation: ConversationID) -> Draft {
        draft(conversation, .post(content: "text", clientID: nil, replyTo: nil))
    }

    /// A message in each of these conversations.
    func post(_ numbers: [Int]) async throws { try await commit(numbers.map { text(conversation($0)) }) }

    /// So many messages where nobody else is; the tables are brought up to them.
    func chatter(_ count: Int) async throws {
        try await commit((0..<count).map { _ in text(monologue) })
        try await store.tidy()
    }

    /// What it takes to read all that is new to a user.
    func work(of user: UserID, after pos: Pos, finding count: Int) async throws -> Int {
        let before = try await store.readingWork()
        var found = 0
        var last = pos
        while true {
            let page = try await store.entries(in: .user(user, after: last), limit: 200)
            found += page.count
            last = page.last?.pos ?? last
            if page.count < 200 { break }
        }
        try #require(found == count)
        return try await store.readingWork() - before
    }
}
