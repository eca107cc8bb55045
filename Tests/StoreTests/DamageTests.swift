import ChatFaults
import ChatKernel
import ChatSQLite
import Testing

@Suite("A file with one byte changed")
struct DamageTests {
    /// Wherever the byte is: the store may refuse to open, or to read, but must not fall over, nor show a message that
    /// nobody sent.
    @Test("is refused, or shows what was written", arguments: 0..<4)
    func flipped(seed: Int) async throws {
        var dice = Dice(seed: UInt64(seed))
        let original = Folder()
        let sent = try await write(to: original.path + "/chat.db")
        let bytes = try contents(original.path + "/chat.db")
        var refused = 0
        for _ in 0..<60 {
            var changed = bytes
            changed[dice.roll(changed.count)] ^= UInt8(1 + dice.roll(255))
            let folder = Folder()
            try ChatFaults.write(changed, to: folder.path + "/chat.db")
            if try await !isRead(folder.path + "/chat.db", sent) { refused += 1 }
        }
        #expect(refused > 0, "none of 60 was noticed")
    }

    @Test("nor does any number that was put into it by hand make it fall over", arguments: Self.columns)
    func number(column: String) async throws {
        let parts = column.split(separator: ".")
        let original = Folder()
        let sent = try await write(to: original.path + "/chat.db")
        let bytes = try contents(original.path + "/chat.db")
        for value in [Int64.max, .min, -1, 0, 1 << 40] {
            let folder = Folder()
            try ChatFaults.write(bytes, to: folder.path + "/chat.db")
            try execute(
                "UPDATE OR IGNORE \(parts[0]) SET \(parts[1]) = \(value) WHERE \(parts.count > 2 ? parts[2] : "1")",
                on: folder.path + "/chat.db")
            _ = try await isRead(folder.path + "/chat.db", sent)
        }
    }

    private static let columns = [
        "meta.value.name = 'watermark'", "meta.value.name = 'head'", "meta.value.name = 'last_at'",
        "conversations.row", "conversations.members", "conversations.owners", "conversations.updated_at",
        "conversations.last_seq", "conversations.messages", "conversations.last_message", "conversations.through",
        "memberships.role", "memberships.is_active", "memberships.read_seq", "memberships.user", "stays.from_seq",
        "stays.through_seq", "founders.role", "log.pos", "log.seq", "log.ordinal", "log.at", "log.kind", "log.target",
        "log.link", "log.erased", "log.author", "log.conversation", "seq_index.seq", "seq_index.pos", "mark_index.pos",
        "client_keys.hash", "client_keys.pos", "key_runs.last_at", "key_runs.count", "reactions.user",
        "reactions.since",
        "users.row", "users.created_at",
    ]

    /// A part of it in the tables, a part in the tail.
    private func write(to path: String) async throws -> Set<String> {
        var tuning = Tuning()
        tuning.tailLimit = 30
        let talk = try await Talk.begin(try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning))
        var sent: Set<String> = ["", "edited"]
        for index in 0..<70 {
            let text = "the content of message \(index)"
            sent.insert(text)
            let id = try await talk.say(text, as: index % 3 == 0 ? "name \(index)" : nil)
            if index % 5 == 0 { try await talk.perform(.edit(id, content: "edited")) }
            if index % 7 == 0 { try await talk.perform(.react(id, key: "+", on: true)) }
            if index % 11 == 0 { try await talk.perform(.delete(id)) }
            // Where the log stands is further than any mark so far.
            if index % 13 == 0 { try await talk.perform(.read(through: .max)) }
        }
        try await talk.perform(.update(name: "name", description: nil))
        await talk.store.close()
        return sent
    }

    /// False when something was refused.
    private func isRead(_ path: String, _ sent: Set<String>) async throws -> Bool {
        let store: SQLiteStore
        // Catching up looks at some of the log, and then goes from conversation to conversation.
        var tuning = Tuning()
        tuning.scanFirst = 20
        tuning.conversationRows = 0
        do {
            store = try await SQLiteStore.open(SQLiteStoreSettings(path: path), tuning: tuning)
        } catch { return false }
        let talk = Talk.goOn(store)
        var isWhole = true
        let reads: [() async throws -> [String]] = [
            { try await talk.contents() },
            { try await store.entries(in: .conversation(talk.room, after: 0), limit: 500).compactMap(\.text) },
            { try await store.entries(in: .user(Talk.ada, after: 0), limit: 500).compactMap(\.text) },
            {
                try await store.conversations(of: Talk.ada, after: nil, limit: 9).compactMap(\.lastMessage?.content)
            },
            {
                try await store.messages(.before(40, talk.room, spans: [Span(from: 1)]), limit: 20).map(\.content)
            },
            {
                _ = try await store.conversation(talk.room, for: Talk.ada)
                _ = try await store.standing(of: Talk.ada, in: talk.room)
                _ = try await store.users(.all(after: nil), limit: 9)
                try await talk.say("one more", as: "name 3")
                try await talk.perform(.add(Talk.ada, .owner))
                return []
            },
        ]
        for read in reads {
            do {
                let found = try await read()
                #expect(found.allSatisfy { sent.contains($0) || $0 == "one more" }, "\(found)")
            } catch is StoreError {
                isWhole = false
            } catch is ChatError {
                isWhole = false
            }
        }
        await store.close()
        return isWhole
    }
}

extension Entry {
    fileprivate var text: String? {
        switch change {
        case .message(let posted): posted.content
        case .edited(_, let content): content
        default: nil
        }
    }
}
