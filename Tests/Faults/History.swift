package import ChatKernel

/// What six users might ask of a store, foolish things too.
package struct History {
    package var dice: Dice
    package let accounts: [User]
    package private(set) var conversations: [ConversationID] = [ConversationID("nowhere")]
    private var messages: [(ConversationID, MessageID)] = []
    private var now = Timestamp(microseconds: 1_700_000_000_000_000)
    private var pos: Pos = 0

    package init(dice: Dice) {
        self.dice = dice
        let start = now
        accounts = ["ann", "ben", "cem", "dan", "eva", "off"].map {
            User(id: UserID("id of \($0)"), username: $0, isActive: $0 != "off", createdAt: start)
        }
    }

    package mutating func nextBatch() -> ([Draft], Timestamp) {
        // Mostly forwards.
        now = Timestamp(microseconds: now.microseconds + Int64(dice.roll(5000)) - 500)
        return ((0..<1 + dice.roll(9)).map { _ in draft() }, now)
    }

    package mutating func learn(from results: [Result<Reply, ChatError>]) {
        for case .success(.committed(let entry)) in results {
            pos = entry.pos
            switch entry.change {
            case .created: conversations.append(entry.conversation)
            case .message(let posted): messages.append((entry.conversation, posted.id))
            default: break
            }
        }
    }

    /// What a store is asked to let go of, now and then: by number, by age, or only where the conversations say so.
    package mutating func nextExpiry() -> (retention: Retention, now: Timestamp)? {
        switch dice.roll(12) {
        case 0: return (Retention(), now)
        case 1: return (Retention(messages: 1 + dice.roll(20)), now)
        case 2:
            // A day after something like forty batches ago.
            let since = now.microseconds - Int64(dice.roll(100_000))
            return (Retention(days: 1), Timestamp(microseconds: since).advanced(bySeconds: 86_400))
        default: return nil
        }
    }

    /// A conversation of all who are not disabled.
    mutating func gathering() -> Draft {
        let others = accounts.dropFirst().filter(\.isActive).map(\.id)
        let id = ConversationID("gathering \(dice.next() % 1000)")
        return make(accounts[0].id, id, .create(ConversationDetails(name: "all", isGroup: true), participants: others))
    }

    private mutating func user() -> UserID { dice.pick(accounts).id }

    private mutating func draft() -> Draft {
        let author = user()
        let conversation = dice.pick(conversations)
        let target =
            messages.isEmpty
            ? (conversation, MessageID("nothing")) : messages[max(0, messages.count - 1 - dice.roll(12))]
        let key = dice.roll(3) == 0 ? ClientID("key \(dice.roll(30))") : nil
        switch dice.roll(24) {
        case 0, 1:
            let id = ConversationID("conversation \(dice.next() % 1000)")
            let details = ConversationDetails(name: "n\(dice.roll(9))", isGroup: dice.roll(3) > 0)
            return make(author, id, .create(details, participants: (0..<dice.roll(4)).map { _ in user() }))
        case 2, 3: return make(author, target.0, .edit(target.1, content: "edit \(dice.roll(99))"))
        case 4: return make(author, target.0, .delete(target.1))
        case 5, 6:
            return make(author, target.0, .react(target.1, key: "r\(dice.roll(3))", on: dice.roll(3) > 0))
        case 7:
            let retention = dice.roll(2) == 0 ? Retention(messages: dice.roll(8)) : nil
            return make(
                author, conversation, .update(name: "n\(dice.roll(3))", description: nil, retention: retention))
        case 8, 9, 10: return make(author, conversation, .add(user(), dice.pick(Role.allCases)))
        case 11: return make(author, conversation, .remove(user()))
        case 12: return make(author, conversation, .remove(author))
        case 13, 14: return make(author, conversation, .read(through: Seq(dice.roll(60))))
        case 15: return make(author, target.0, .post(content: "re", clientID: key, replyTo: target.1))
        default:
            return make(author, conversation, .post(content: "text \(dice.roll(4))", clientID: key, replyTo: nil))
        }
    }

    private mutating func make(_ author: UserID, _ id: ConversationID, _ proposal: Draft.Proposal) -> Draft {
        // Sometimes limits that such a history soon meets.
        let limits =
            dice.roll(3) == 0
            ? MembershipLimits(conversationsPerUser: 1 + dice.roll(6), membersPerConversation: 2 + dice.roll(4))
            : MembershipLimits()
        return Draft(conversation: id, author: author, proposal: proposal, entropy: dice.next(), limits: limits)
    }

    package mutating func reads(count: Int) -> [Read] {
        (0..<count).map { _ in
            let id = dice.pick(conversations)
            let limit = dice.roll(20)
            switch dice.roll(9) {
            case 0: return .entries(.conversation(id, after: Seq(dice.roll(40) - 2)), limit)
            case 1:
                let among = dice.roll(3) == 0 ? Set((0..<dice.roll(4)).map { _ in dice.pick(conversations) }) : nil
                return .entries(.user(user(), after: Pos(dice.roll(Int(pos) + 5) - 2), among: among), limit)
            case 2: return .standing(user(), id)
            case 3: return .conversation(id, user())
            case 4: return .conversations(user(), nil, limit)
            case 6:
                let mark = ConversationMark(
                    updatedAt: Timestamp(microseconds: now.microseconds - Int64(dice.roll(100_000))), id: id)
                return .conversations(user(), mark, limit)
            case 5:
                let words = dice.pick(["text", "re", "edi*", "text \(dice.roll(4))", "\"edit \(dice.roll(99))\""])
                return .search(words, user(), dice.roll(2) == 0 ? id : nil, limit)
            case 7 where !messages.isEmpty: return .messages(.id(dice.pick(messages).1), 1)
            default:
                let spans = dice.roll(2) == 0 ? [Span(from: 1)] : [Span(from: 3, through: 9), Span(from: 15)]
                let seq = Seq(dice.roll(40))
                switch dice.roll(3) {
                case 0: return .messages(.newest(id, spans: spans, offset: dice.roll(10)), limit)
                case 1: return .messages(.before(seq, id, spans: spans), limit)
                default: return .messages(.after(seq, id, spans: spans), limit)
                }
            }
        }
    }
}
