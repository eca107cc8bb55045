import ChatKernel

extension StoreConformance {
    static let numbering: [ConformanceCase] = [
        ConformanceCase("a conversation begins with its creation, entry 1") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let first = try require(try await scene.log(id).first, "the first entry")
            try expect(first.seq, equals: 1, "its seq")
            let members = [(Scene.ada, "ada", Role.owner), (Scene.bob, "bob", .member)].map {
                Member(user: UserReference(id: $0.0, username: $0.1), role: $0.2)
            }
            let details = ConversationDetails(name: "n", isGroup: true)
            try expect(first.change, equals: .created(details, members: members), "what it says")
        },
        ConformanceCase(
            "An appended entry must get the next seq of its conversation and the next pos of the store"
        ) { harness in
            let scene = try await Scene.open(harness)
            let (a, b) = (try await scene.make(with: [Scene.bob]), try await scene.make(with: []))
            let before = try await scene.store.head().pos
            let results = try await scene.commit([
                scene.text(Scene.ada, a, "1"), scene.text(Scene.ada, b, "2"), scene.text(Scene.bob, a, "3"),
            ])
            let entries = try results.map { try $0.get().entry }
            try expect(entries.map { $0?.seq }, equals: [2, 2, 3], "the seqs")
            try expect(entries.map { $0?.pos }, equals: [before + 1, before + 2, before + 3], "the positions")
            try expect(try await scene.store.head().pos, equals: before + 3, "the head")
        },
        ConformanceCase("numbers go on without a hole over every kind of entry") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let message = try await scene.post(Scene.ada, id, "a").messageID
            try await scene.perform(Scene.ada, id, .edit(message, content: "b"))
            try await scene.perform(Scene.bob, id, .react(message, key: "+", on: true))
            try await scene.perform(Scene.bob, id, .react(message, key: "+", on: false))
            try await scene.perform(Scene.ada, id, .update(name: "new", description: nil))
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .reader))
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .member))
            try await scene.perform(Scene.ada, id, .remove(Scene.cai))
            try await scene.perform(Scene.bob, id, .remove(Scene.bob))
            try await scene.perform(Scene.ada, id, .delete(message))
            try expect(try await scene.log(id).map(\.seq), equals: Array(1...11), "the seqs")
        },
        ConformanceCase("a read mark takes a pos but no seq, and is not in the conversation's entries") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let message = try await scene.post(Scene.ada, id, "a")
            let mark = try await scene.perform(Scene.bob, id, .read(through: message.seq))
            try expect(mark.seq, equals: 0, "its seq")
            try expect(mark.pos, equals: message.pos + 1, "its pos")
            try expect(try await scene.post(Scene.ada, id, "b").seq, equals: message.seq + 1, "the next seq")
            try expect(try await scene.log(id).contains { $0.seq == 0 }, equals: false, "whether it is among them")
        },
        ConformanceCase("times must not go backwards") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let later = try await scene.post(Scene.ada, id, "later").at
            scene.now = scene.now.advanced(bySeconds: -3600)
            let earlier = try await scene.post(Scene.ada, id, "earlier").at
            try expect(earlier, equals: later, "the time of an entry made after the clock was set back")
            if try await scene.reopen() {
                scene.now = scene.now.advanced(bySeconds: -7200)
                try expect(try await scene.post(Scene.ada, id, "c").at, equals: later, "and after reopening")
            }
        },
        ConformanceCase("a message's identifier is its own, and finds it") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let one = try await scene.post(Scene.ada, id, "one")
            let two = try await scene.post(Scene.ada, id, "two")
            try expect(one.messageID != two.messageID, "two messages have one identifier")
            try expect(try await scene.store.message(two.messageID)?.content, equals: "two", "the message found")
            try expect(try await scene.store.message(MessageID("no-such")), equals: nil, "one that is not there")
            let forged = UUIDv7.message(at: two.at, pos: two.pos, random: 1)
            try expect(try await scene.store.message(forged), equals: nil, "one that only looks like it")
        },
    ]
}
