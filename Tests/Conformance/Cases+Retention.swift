import ChatKernel

/// For a store that has the ability; of another, they ask nothing, unless its harness names the ability.
extension StoreConformance {
    static let retention: [ConformanceCase] = [
        offering("what stands before the newest so many messages goes, with all that stands between") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [Scene.bob])
            for number in 1...4 {
                let message = try await scene.post(Scene.ada, id, "\(number)").messageID
                try await scene.perform(Scene.bob, id, .react(message, key: "+", on: true))
            }
            // 1 made; 2 "1", 3 +; 4 "2", 5 +; 6 "3", 7 +; 8 "4", 9 +
            let gone = try await store.expire(Retention(messages: 2), at: scene.now)
            try expect(gone, equals: [Expiry(conversation: id, firstSeq: 6)], "what went")
            try expect(
                try await scene.contents(.newest(id, spans: .everything, offset: 0)), equals: ["3", "4"], "left")
            let again = try await store.expire(Retention(messages: 2), at: scene.now)
            try expect(again, equals: [], "what went the second time")
        },
        offering("what is older than so many days goes, and nothing younger") {
            (scene, store: any StoreWithRetention) in
            let (a, b) = (try await scene.make(with: []), try await scene.make(with: []))
            try await scene.post(Scene.ada, a, "old")
            let old = scene.now
            scene.now = scene.now.advanced(bySeconds: 1000)
            try await scene.post(Scene.ada, b, "young")
            let horizon = old.advanced(bySeconds: 86_400 * 3 + 1)
            let gone = try await store.expire(Retention(days: 3), at: horizon)
            let wanted = [Expiry(conversation: a, firstSeq: 3), Expiry(conversation: b, firstSeq: 2)]
            try expect(gone.sorted { $0.conversation < $1.conversation }, equals: wanted, "what went")
            try expect(try await scene.see(a, as: Scene.ada).lastMessage, equals: nil, "the last message")
            try expect(try await scene.contents(.after(0, b, spans: .everything)), equals: ["young"], "what is left")
        },
        offering("a conversation's own rule can let go of more than the host's, and never of less") {
            (scene, store: any StoreWithRetention) in
            let (strict, lax, plain) = (
                try await scene.make(with: []), try await scene.make(with: []), try await scene.make(with: [])
            )
            try await scene.perform(
                Scene.ada, strict, .update(name: nil, description: nil, retention: Retention(messages: 1)))
            try await scene.perform(
                Scene.ada, lax, .update(name: nil, description: nil, retention: Retention(messages: 100)))
            for number in 1...4 { for id in [strict, lax, plain] { try await scene.post(Scene.ada, id, "\(number)") } }
            _ = try await store.expire(Retention(messages: 3), at: scene.now)
            for (id, left) in [(strict, ["4"]), (lax, ["2", "3", "4"]), (plain, ["2", "3", "4"])] {
                try expect(
                    try await scene.contents(.newest(id, spans: .everything, offset: 0)), equals: left, "left in \(id)")
            }
            try await scene.perform(
                Scene.ada, strict, .update(name: nil, description: nil, retention: Retention()))
            let details = try await scene.see(strict, as: Scene.ada).details
            try expect(details.retention, equals: nil, "the rule once taken away")
        },
        offering("The first number must never go down, also when a rule is relaxed later") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [])
            for number in 1...5 { try await scene.post(Scene.ada, id, "\(number)") }
            _ = try await store.expire(Retention(messages: 1), at: scene.now)
            try expect(
                try await store.expire(Retention(messages: 4), at: scene.now), equals: [], "what a laxer rule raised")
            try expect(try await scene.see(id, as: Scene.ada).firstSeq, equals: 6, "the first number")
            let standing = try await store.standing(of: Scene.ada, in: id)
            try expect(standing?.firstSeq, equals: 6, "the first number of a standing")
        },
        offering("In a conversation the gap must reach from the number asked for to the last that is gone") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [])
            for number in 1...5 { try await scene.post(Scene.ada, id, "\(number)") }
            _ = try await store.expire(Retention(messages: 2), at: scene.now)
            for after: Seq in [-5, 0, 1, 3, 4, 5, 6] {
                let log = try await scene.log(id, after: after)
                let start = max(0, after) + 1
                let gap = start <= 4 ? ["\(start)...4"] : []
                let rest = (5...6).filter { $0 >= start }.map { "\($0)" }
                try expect(log.map(\.place), equals: gap + rest, "the log after \(after)")
            }
            try expect(try await scene.log(id, limit: 1).map(\.place), equals: ["1...4"], "a page of one")
        },
        offering("a conversation of which all is gone goes on with the next number") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [])
            try await scene.post(Scene.ada, id, "gone")
            _ = try await store.expire(Retention(days: 1), at: scene.now.advanced(bySeconds: 90_000))
            try expect(try await scene.see(id, as: Scene.ada).firstSeq, equals: 3, "the first number")
            try expect(try await scene.log(id).map(\.place), equals: ["1...2"], "the log")
            try expect(try await scene.post(Scene.ada, id, "new").seq, equals: 3, "the next number")
            try expect(try await scene.log(id).map(\.place), equals: ["1...2", "3"], "the log")
            try expect(try await scene.contents(.before(9, id, spans: .everything)), equals: ["new"], "the messages")
        },
        offering("pages that follow from one another must tell of each number once, among other conversations too") {
            (scene, store: any StoreWithRetention) in
            let (a, b) = (try await scene.make(with: [Scene.bob]), try await scene.make(with: [Scene.bob]))
            for number in 1...9 {
                for id in [a, b] where number % 3 > 0 || id == a { try await scene.post(Scene.ada, id, "t") }
            }
            try await scene.perform(
                Scene.ada, a, .update(name: nil, description: nil, retention: Retention(messages: 4)))
            _ = try await store.expire(Retention(), at: scene.now)
            let first = try await scene.see(a, as: Scene.bob).firstSeq
            for limit in 1...6 {
                var (told, came, after): ([Seq], [Seq], Pos) = ([], [], 0)
                while true {
                    let page = try await scene.feed(Scene.bob, after: after, limit: limit)
                    try expect(page.count <= limit, "a page of \(page.count)")
                    for entry in page where entry.conversation == a {
                        if case .gap(let gap) = entry.change {
                            told += gap.from...entry.seq
                        } else {
                            came.append(entry.seq)
                        }
                    }
                    try expect(page.allSatisfy { $0.pos > after }, "a page that goes back")
                    after = page.last?.pos ?? after
                    if page.count < limit { break }
                }
                try expect(told, equals: Array(1..<first), "what is gone, by pages of \(limit)")
                try expect(came, equals: Array(first...first + 4), "what is kept, by pages of \(limit)")
            }
        },
        offering("of what is gone a user must be told within its stays, and of nothing else") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [])
            try await scene.post(Scene.ada, id, "before")
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .member))
            try await scene.post(Scene.ada, id, "during")
            try await scene.perform(Scene.ada, id, .remove(Scene.cai))
            try await scene.post(Scene.ada, id, "after")
            _ = try await store.expire(Retention(days: 1), at: scene.now.advanced(bySeconds: 90_000))
            try expect(try await scene.feed(Scene.cai).map(\.place), equals: ["3...5"], "who was there for a while")
            try expect(try await scene.feed(Scene.ada).map(\.place), equals: ["1...6"], "who was always there")
            try expect(try await scene.feed(Scene.dee).map(\.place), equals: [], "a stranger")
        },
        offering("messages, search, the last message and the unread ones must know nothing of it") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [Scene.bob])
            for number in 1...5 { try await scene.post(Scene.ada, id, "tea \(number)") }
            let old = try await scene.log(id)[1].messageID
            try expect(try await scene.unread(id, by: Scene.bob), equals: 5, "unread")
            _ = try await store.expire(Retention(messages: 2), at: scene.now)
            try expect(try await scene.unread(id, by: Scene.bob), equals: 2, "unread")
            try expect(try await scene.found("tea"), equals: ["tea 5", "tea 4"], "what is found")
            try expect(try await store.message(old), equals: nil, "a message that is gone")
            for query: MessageQuery in [
                .newest(id, spans: .everything, offset: 1), .before(6, id, spans: .everything),
                .before(4, id, spans: .everything), .after(0, id, spans: .everything),
            ] {
                let found = try await scene.contents(query)
                try expect(!found.contains { ["tea 1", "tea 2", "tea 3"].contains($0) }, "\(query) gives \(found)")
            }
        },
        offering("what is gone must not be edited, deleted, reacted to or answered") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [])
            let old = try await scene.post(Scene.ada, id, "old").messageID
            try await scene.post(Scene.ada, id, "new")
            _ = try await store.expire(Retention(messages: 1), at: scene.now)
            for proposal: Draft.Proposal in [
                .edit(old, content: "x"), .delete(old), .react(old, key: "+", on: true),
                .post(content: "re", clientID: nil, replyTo: old),
            ] {
                try expect(
                    try await scene.refusal(of: Scene.ada, id, proposal), equals: .unknownMessage, "\(proposal)")
            }
        },
        offering("LedgerView must know a message that is gone by its name, as if it had been deleted") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [])
            let old = try await scene.post(Scene.ada, id, "old", as: "key")
            try await scene.post(Scene.ada, id, "new")
            _ = try await store.expire(Retention(messages: 1), at: scene.now)
            let reply = try await scene.reply(
                Scene.ada, id, .post(content: "old", clientID: ClientID("key"), replyTo: nil))
            guard case .repeated(let entry) = reply, case .message(let posted) = entry.change else {
                throw ConformanceFailure("the repetition was not recognised: \(reply)")
            }
            try expect(entry.pos, equals: old.pos, "where it stands")
            try expect(posted.content, equals: "", "what is left of it")
            try expect(posted.isDeleted, "it is not said to be erased")
        },
        offering("memberships, roles, details and read marks stay as they are") {
            (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [Scene.bob])
            try await scene.perform(Scene.ada, id, .update(name: "kept", description: "too"))
            try await scene.perform(Scene.ada, id, .add(Scene.bob, .admin))
            try await scene.post(Scene.ada, id, "gone")
            try await scene.perform(Scene.bob, id, .read(through: 4))
            let before = try await scene.see(id, as: Scene.bob)
            _ = try await store.expire(Retention(days: 1), at: scene.now.advanced(bySeconds: 90_000))
            let after = try await scene.see(id, as: Scene.bob)
            try expect(after.details, equals: before.details, "details")
            try expect(after.participants, equals: before.participants, "participants")
            try expect(after.lastSeq, equals: before.lastSeq, "the last number")
            let marks = Set(try await store.readMarks(in: id))
            try expect(
                marks, equals: [ReadMark(user: Scene.ada, seq: 4), ReadMark(user: Scene.bob, seq: 4)], "read marks")
            try expect(try await scene.spans(Scene.bob, in: id), equals: .everything, "the stay")
        },
        offering("what is gone stays gone when the store is opened again") { (scene, store: any StoreWithRetention) in
            let id = try await scene.make(with: [])
            for number in 1...5 { try await scene.post(Scene.ada, id, "\(number)") }
            try await scene.perform(
                Scene.ada, id, .update(name: nil, description: nil, retention: Retention(days: 7, messages: 2)))
            _ = try await store.expire(Retention(), at: scene.now)
            guard try await scene.reopen() else { return }
            try expect(try await scene.log(id).map(\.place), equals: ["1...4", "5", "6", "7"], "the log")
            try expect(
                try await scene.see(id, as: Scene.ada).details.retention, equals: Retention(days: 7, messages: 2),
                "the rule")
        },
    ]
}

extension Entry {
    /// `7`, or `3...6` of a gap.
    fileprivate var place: String {
        if case .gap(let gap) = change { "\(gap.from)...\(seq)" } else { "\(seq)" }
    }
}
