import ChatKernel

extension StoreConformance {
    static let conversations: [ConformanceCase] = [
        ConformanceCase("a conversation is shown with its members in the order in which they came") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(by: Scene.cai, with: [Scene.bob, Scene.ada])
            try await scene.perform(Scene.bob, id, .remove(Scene.bob))
            try await scene.perform(Scene.cai, id, .add(Scene.dee, .reader))
            try await scene.perform(Scene.cai, id, .add(Scene.bob, .admin))
            let seen = try await scene.see(id, as: Scene.ada)
            try expect(
                seen.participants.map(\.user.username), equals: ["cai", "ada", "dee", "bob"], "the members")
            try expect(seen.participants.map(\.role), equals: [.owner, .member, .reader, .admin], "their roles")
            try expect(seen.createdAt < seen.updatedAt, "it was made at \(seen.createdAt)")
        },
        ConformanceCase("details that change are new in the conversation and old in the log") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            try await scene.perform(Scene.ada, id, .update(name: "new", description: "why"))
            try await scene.perform(Scene.ada, id, .update(name: nil, description: "because"))
            let wanted = ConversationDetails(name: "new", description: "because", isGroup: true)
            try expect(try await scene.see(id, as: Scene.bob).details, equals: wanted, "the details")
            let changes = try await scene.log(id, after: 1).map(\.change)
            let first = ConversationDetails(name: "new", description: "why", isGroup: true)
            try expect(changes, equals: [.updated(first), .updated(wanted)], "the log")
            try expect(
                try await scene.reply(Scene.ada, id, .update(name: "new", description: nil)), equals: .unchanged,
                "an update that changes nothing")
            for name in ["caf\u{E9}", "cafe\u{301}"] {
                try await scene.perform(Scene.ada, id, .update(name: name, description: nil))
                let found = try await scene.see(id, as: Scene.bob).details.name.map { Array($0.utf8) }
                try expect(found, equals: Array(name.utf8), "the name, spelled this way")
            }
            try expect(
                try await scene.refusal(of: Scene.bob, id, .update(name: "x", description: nil)), equals: .forbidden,
                "a member's")
        },
        ConformanceCase("two users have one conversation that is not a group") { harness in
            let scene = try await Scene.open(harness)
            let pair = try await scene.make(with: [Scene.bob], isGroup: false)
            let proposal = { Draft.Proposal.create(ConversationDetails(isGroup: false), participants: [$0]) }
            for (author, other) in [(Scene.ada, Scene.bob), (Scene.bob, Scene.ada)] {
                try expect(
                    try await scene.reply(author, ConversationID("again"), proposal(other)), equals: .existing(pair),
                    "the answer to \(author)")
            }
            try await scene.perform(Scene.ada, ConversationID("other"), proposal(Scene.cai))
            try expect(
                try await scene.refusal(of: Scene.ada, pair, .add(Scene.cai, .member)), equals: .conflict, "a third")
            try expect(try await scene.refusal(of: Scene.ada, pair, .remove(Scene.ada)), equals: .conflict, "to leave")
            if try await scene.reopen() {
                try expect(
                    try await scene.reply(Scene.bob, ConversationID("again"), proposal(Scene.ada)),
                    equals: .existing(pair), "the answer after reopening")
            }
        },
        ConformanceCase("of two drafts that make one pair in one batch the second finds the first") { harness in
            let scene = try await Scene.open(harness)
            let (a, b) = (ConversationID("a"), ConversationID("b"))
            let results = try await scene.commit([
                scene.draft(Scene.ada, a, .create(ConversationDetails(isGroup: false), participants: [Scene.bob])),
                scene.draft(Scene.bob, b, .create(ConversationDetails(isGroup: false), participants: [Scene.ada])),
            ])
            try expect(try results[1].get(), equals: .existing(a), "the second")
        },
        ConformanceCase("an identifier of a conversation is taken once") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            try expect(
                try await scene.refusal(
                    of: Scene.bob, id, .create(ConversationDetails(isGroup: true), participants: [])),
                equals: .conflict, "a second one")
        },
        ConformanceCase("a conversation with an unknown or disabled user is refused") { harness in
            let scene = try await Scene.open(harness)
            var dee = try require(try await scene.store.user(Scene.dee), "dee")
            dee.isActive = false
            try await scene.store.save(dee)
            for other in [Scene.dee, UserID("nobody")] {
                let create = Draft.Proposal.create(ConversationDetails(isGroup: true), participants: [other])
                let id = ConversationID("with-\(other)")
                try expect(try await scene.refusal(of: Scene.ada, id, create), equals: .unknownUser, "with \(other)")
                try expect(try await scene.store.conversation(id, for: Scene.ada), equals: nil, "what is there")
            }
        },
        ConformanceCase("a user's conversations come newest activity first, and in pages by mark") { harness in
            let scene = try await Scene.open(harness)
            var ids: [ConversationID] = []
            for _ in 0..<6 { ids.append(try await scene.make(with: [Scene.bob])) }
            let foreign = try await scene.make(with: [])
            for at in [3, 0, 4] { try await scene.post(Scene.ada, ids[at], "x") }
            // Two in one batch have one time: then the identifier decides, descending.
            _ = try await scene.commit([scene.text(Scene.ada, ids[1], "x"), scene.text(Scene.ada, ids[2], "x")])
            let wanted = [2, 1, 4, 0, 3, 5].map { ids[$0] }
            let all = try await scene.store.conversations(of: Scene.bob, after: nil, limit: 100)
            try expect(all.map(\.id), equals: wanted, "the conversations")
            let named = try await scene.store.conversationIDs(of: Scene.bob, limit: 100)
            try expect(Set(named), equals: Set(wanted), "which they are")
            let newest = try await scene.store.conversationIDs(of: Scene.bob, limit: 3)
            try expect(Set(newest), equals: Set(wanted.prefix(3)), "the newest three of them")
            try expect(all.contains { $0.id == foreign }, equals: false, "whether another's is among them")
            var paged: [ConversationID] = []
            var mark: ConversationMark?
            while paged.count < 10 {
                let page = try await scene.store.conversations(of: Scene.bob, after: mark, limit: 2)
                guard let last = page.last else { break }
                paged += page.map(\.id)
                mark = ConversationMark(updatedAt: last.updatedAt, id: last.id)
            }
            try expect(paged, equals: wanted, "the pages")
            try expect(
                all.first, equals: try await scene.see(wanted[0], as: Scene.bob), "an item beside the conversation")
        },
        ConformanceCase("a read mark is no activity; any other entry is") { harness in
            let scene = try await Scene.open(harness)
            let (a, b) = (try await scene.make(with: [Scene.bob]), try await scene.make(with: [Scene.bob]))
            for id in [a, b] { try await scene.post(Scene.ada, id, "x") }
            try await scene.perform(Scene.bob, a, .read(through: 2))
            let list = { try await scene.store.conversations(of: Scene.bob, after: nil, limit: 9).map(\.id) }
            try expect(try await list(), equals: [b, a], "after a read mark")
            try await scene.perform(Scene.ada, a, .update(name: "x", description: nil))
            try expect(try await list(), equals: [a, b], "after a change of the details")
        },
        ConformanceCase("a conversation that a user has left is in its list no more") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            try await scene.perform(Scene.bob, id, .remove(Scene.bob))
            let list = try await scene.store.conversations(of: Scene.bob, after: nil, limit: 9)
            try expect(list, equals: [], "the list")
        },
        ConformanceCase("what nobody has made is not there") { harness in
            let scene = try await Scene.open(harness)
            let id = ConversationID("nowhere")
            try expect(try await scene.store.conversation(id, for: Scene.ada), equals: nil, "the conversation")
            try expect(try await scene.store.standing(of: Scene.ada, in: id), equals: nil, "a standing in it")
            try expect(try await scene.log(id), equals: [], "its entries")
            try expect(try await scene.contents(.newest(id, spans: .everything, offset: 0)), equals: [], "its messages")
            try expect(
                try await scene.refusal(of: Scene.ada, id, .read(through: 1)), equals: .unknownConversation,
                "to read it")
            try expect(try await scene.feed(UserID("nobody")), equals: [], "what nobody may see")
        },
    ]
}
