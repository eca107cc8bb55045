import ChatKernel

extension StoreConformance {
    static let batches: [ConformanceCase] = [
        ConformanceCase("Returns one result a draft, in the order of the drafts") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let results = try await scene.commit(
                (0..<50).map { scene.text($0 % 2 == 0 ? Scene.ada : Scene.bob, id, "\($0)") })
            for (index, result) in results.enumerated() {
                try expect(try result.get().entry?.content, equals: "\(index)", "result \(index)")
            }
        },
        ConformanceCase("an empty batch changes nothing") { harness in
            let scene = try await Scene.open(harness)
            let before = try await scene.store.head()
            try expect(try await scene.commit([]).count, equals: 0, "its results")
            try expect(try await scene.store.head(), equals: before, "the head")
        },
        ConformanceCase("each draft sees what those before it did") { harness in
            let scene = try await Scene.open(harness)
            let id = ConversationID("made-in-this-batch")
            let results = try await scene.commit([
                scene.draft(Scene.ada, id, .create(ConversationDetails(isGroup: true), participants: [])),
                scene.text(Scene.bob, id, "too early"),
                scene.draft(Scene.ada, id, .add(Scene.bob, .member)),
                scene.text(Scene.bob, id, "in time"),
                scene.draft(Scene.ada, id, .remove(Scene.bob)),
                scene.text(Scene.bob, id, "too late"),
            ])
            let codes = results.map { if case .failure(let error) = $0 { error.code } else { nil as ChatError.Code? } }
            try expect(codes, equals: [nil, .notAMember, nil, nil, nil, .notAMember], "the refusals")
            try expect(try await scene.log(id).compactMap(\.content), equals: ["in time"], "what was said")
        },
        ConformanceCase("a message can be answered, edited and deleted in the batch that brought it") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            // Its identifier follows from what the batch will be; a client cannot know it, but two hosts' drafts may.
            let pos = try await scene.store.head().pos + 1
            let draft = scene.text(Scene.ada, id, "a")
            let message = UUIDv7.message(at: scene.now.advanced(bySeconds: 1), pos: pos, random: draft.entropy)
            let results = try await scene.commit([
                draft, scene.text(Scene.bob, id, "re", to: message),
                scene.draft(Scene.ada, id, .edit(message, content: "b")),
                scene.draft(Scene.bob, id, .react(message, key: "+", on: true)),
                scene.draft(Scene.ada, id, .delete(message)),
                scene.draft(Scene.ada, id, .edit(message, content: "c")),
            ])
            try expect(
                results.map { (try? $0.get()) != nil }, equals: [true, true, true, true, true, false], "what stands")
            let found = try require(try await scene.store.message(message), "the message")
            try expect(found.isDeleted && found.content.isEmpty && found.reactions.isEmpty, "it is \(found)")
        },
        ConformanceCase("A refused draft must leave no trace and must not disturb its neighbours") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let before = try await scene.store.head().pos
            let results = try await scene.commit([
                scene.text(Scene.ada, id, "first"), scene.text(Scene.bob, id, "not a member", as: "key"),
                scene.draft(Scene.ada, ConversationID("nowhere"), .read(through: 1)),
                scene.draft(Scene.ada, id, .edit(MessageID("nothing"), content: "x")),
                scene.text(Scene.ada, id, "second"),
            ])
            try expect(
                results.map { (try? $0.get()) != nil }, equals: [true, false, false, false, true], "what stands")
            try expect(try await scene.log(id, after: 1).map(\.content), equals: ["first", "second"], "the log")
            try expect(try await scene.store.head().pos, equals: before + 2, "the head")
            try expect(try await scene.store.conversation(ConversationID("nowhere"), for: Scene.ada), equals: nil, "it")
        },
        ConformanceCase("An entry must be readable before commit returns, in every way of reading") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            for index in 0..<20 {
                let entry = try await scene.post(Scene.ada, id, "\(index)")
                try expect(try await scene.log(id).last, equals: entry, "the last of the conversation")
                try expect(try await scene.feed(Scene.bob).last, equals: entry, "the last of a member's")
                try expect(try await scene.contents(.id(entry.messageID)), equals: ["\(index)"], "the message")
                try expect(
                    try await scene.contents(.newest(id, spans: .everything, offset: 0), limit: 1),
                    equals: ["\(index)"], "the newest")
                let seen = try await scene.see(id, as: Scene.bob)
                try expect(seen.lastMessage?.content, equals: "\(index)", "the conversation's last message")
                try expect(seen.lastSeq, equals: entry.seq, "its last seq")
                try expect(seen.updatedAt, equals: entry.at, "its time")
                try expect(
                    try await scene.store.standing(of: Scene.bob, in: id)?.lastSeq, equals: entry.seq, "a standing")
            }
        },
        ConformanceCase("Reads, concurrent with a commit, must never show part of a batch") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let store = scene.store
            // Each batch brings two messages, so that any other number of them is part of one.
            let watching = Task {
                var seen = 0
                while seen < 120 {
                    let conversation = try await store.conversation(id, for: Scene.bob)
                    let unread = conversation?.unreadCount ?? 0
                    try expect(unread % 2, equals: 0, "unread messages, odd")
                    let newest = try await store.messages(.newest(id, spans: .everything, offset: 0), limit: 1000)
                    try expect(newest.count % 2, equals: 0, "messages on a page, odd")
                    let log = try await store.entries(in: .conversation(id, after: 1), limit: 1000)
                    try expect(log.count % 2, equals: 0, "entries of the conversation, odd")
                    let feed = try await store.entries(in: .user(Scene.bob, after: 1), limit: 1000)
                    try expect(feed.count % 2, equals: 0, "entries of a member, odd")
                    try expect(feed.count >= log.count, "a later read shows less")
                    seen = newest.count
                }
            }
            for index in 0..<60 {
                _ = try await scene.commit([scene.text(Scene.ada, id, "\(index)"), scene.text(Scene.ada, id, "and")])
            }
            try await watching.value
        },
        ConformanceCase("a large batch over many conversations is numbered as one by one") { harness in
            let scene = try await Scene.open(harness)
            var ids: [ConversationID] = []
            for _ in 0..<8 { ids.append(try await scene.make(with: [Scene.bob])) }
            for round in 0..<5 {
                _ = try await scene.commit((0..<96).map { scene.text(Scene.ada, ids[$0 % 8], "\(round) \($0)") })
            }
            for id in ids {
                try expect(try await scene.log(id).map(\.seq), equals: Array(1...61), "the seqs of \(id)")
                try expect(try await scene.unread(id, by: Scene.bob), equals: 60, "unread in \(id)")
            }
            let positions = try await scene.feed(Scene.bob).map(\.pos)
            try expect(positions, equals: Array(positions[0]..<positions[0] + 488), "the positions")
        },
    ]
}
