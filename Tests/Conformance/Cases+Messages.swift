import ChatKernel

extension StoreConformance {
    static let messages: [ConformanceCase] = [
        ConformanceCase("a message is as it was sent") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let first = try await scene.post(Scene.ada, id, "first")
            let entry = try await scene.post(Scene.bob, id, "Größe 🙂 \u{0}\n", as: "k", to: first.messageID)
            let wanted = Message(
                id: entry.messageID, conversation: id, seq: 3,
                sender: UserReference(id: Scene.bob, username: "bob"), content: "Größe 🙂 \u{0}\n", createdAt: entry.at,
                clientID: ClientID("k"), replyTo: first.messageID)
            try expect(try await scene.store.message(entry.messageID), equals: wanted, "the message")
            try expect(try await scene.see(id, as: Scene.ada).lastMessage, equals: wanted, "the last message")
            guard try await scene.reopen() else { return }
            try expect(try await scene.store.message(entry.messageID), equals: wanted, "after reopening")
            try expect(try await scene.log(id, after: 2), equals: [entry], "its entry")
        },
        ConformanceCase("an edited message shows its newest edit; the log keeps them all") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let entry = try await scene.post(Scene.ada, id, "1")
            try await scene.perform(Scene.ada, id, .edit(entry.messageID, content: "2"))
            let last = try await scene.perform(Scene.ada, id, .edit(entry.messageID, content: "3"))
            let found = try require(try await scene.store.message(entry.messageID), "the message")
            try expect(found.content, equals: "3", "its content")
            try expect(found.isEdited && !found.isDeleted, "it is \(found)")
            try expect(found.createdAt, equals: entry.at, "when it was made")
            try expect(found.updatedAt, equals: last.at, "when it was changed")
            try expect(try await scene.log(id, after: 1).map(\.content), equals: ["1", "2", "3"], "the log")
        },
        ConformanceCase("A deleted message must come without content and marked so, and so must its edits") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let entry = try await scene.post(Scene.ada, id, "secret", as: "k")
            try await scene.perform(Scene.ada, id, .edit(entry.messageID, content: "still secret"))
            try await scene.perform(Scene.ada, id, .edit(entry.messageID, content: "and more"))
            try await scene.perform(Scene.bob, id, .react(entry.messageID, key: "+", on: true))
            let deletion = try await scene.perform(Scene.ada, id, .delete(entry.messageID))
            for _ in 0..<2 {
                let found = try require(try await scene.store.message(entry.messageID), "the message")
                try expect(found.isDeleted && found.content.isEmpty && found.reactions.isEmpty, "it is \(found)")
                try expect(found.seq == entry.seq && found.clientID?.text == "k", "its shell is \(found)")
                try expect(found.updatedAt, equals: deletion.at, "when it was changed")
                for replay in [try await scene.log(id, after: 1), Array(try await scene.feed(Scene.bob).dropFirst())] {
                    try expect(replay.compactMap(\.content), equals: ["", "", ""], "contents in a replay")
                    guard case .message(let posted) = replay.first?.change else {
                        throw ConformanceFailure("the replay begins with \(String(describing: replay.first))")
                    }
                    try expect(posted.isDeleted, "the replay does not mark it deleted")
                    try expect(posted.clientID, equals: ClientID("k"), "its client_id")
                }
                guard try await scene.reopen() else { break }
            }
        },
        ConformanceCase("what is deleted is there no more: no edit, no reaction, no second deletion") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let message = try await scene.post(Scene.ada, id, "a").messageID
            try await scene.perform(Scene.ada, id, .delete(message))
            for proposal: Draft.Proposal in [
                .edit(message, content: "b"), .react(message, key: "+", on: true), .delete(message),
            ] {
                try expect(try await scene.refusal(of: Scene.ada, id, proposal), equals: .unknownMessage, "\(proposal)")
            }
        },
        ConformanceCase("only its sender edits a message; an admin deletes any") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob, Scene.cai])
            let message = try await scene.post(Scene.bob, id, "a").messageID
            try expect(
                try await scene.refusal(of: Scene.ada, id, .edit(message, content: "b")), equals: .forbidden,
                "an owner's edit")
            try expect(
                try await scene.refusal(of: Scene.cai, id, .delete(message)), equals: .forbidden, "a member's deletion")
            try await scene.perform(Scene.ada, id, .delete(message))
        },
        ConformanceCase("a message of another conversation, or of before one's time, is unknown") { harness in
            let scene = try await Scene.open(harness)
            let (a, b) = (try await scene.make(with: []), try await scene.make(with: []))
            let message = try await scene.post(Scene.ada, a, "a").messageID
            try await scene.perform(Scene.ada, a, .add(Scene.bob, .admin))
            for (user, id) in [(Scene.ada, b), (Scene.bob, a)] {
                for proposal: Draft.Proposal in [
                    .delete(message), .react(message, key: "+", on: true),
                    .post(content: "re", clientID: nil, replyTo: message),
                ] {
                    try expect(
                        try await scene.refusal(of: user, id, proposal), equals: .unknownMessage,
                        "\(proposal) by \(user)")
                }
            }
        },
        ConformanceCase("reactions keep the order in which keys came into use, and in which users came") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob, Scene.cai])
            let message = try await scene.post(Scene.ada, id, "a").messageID
            for (user, key, on) in [
                (Scene.ada, "z", true), (Scene.bob, "a", true), (Scene.bob, "z", true), (Scene.cai, "m", true),
                (Scene.cai, "a", true), (Scene.ada, "z", false), (Scene.cai, "m", false), (Scene.ada, "m", true),
                (Scene.ada, "z", true),
            ] {
                try await scene.perform(user, id, .react(message, key: key, on: on))
            }
            let wanted = [
                Reactions(key: "z", users: [Scene.bob, Scene.ada]), Reactions(key: "a", users: [Scene.bob, Scene.cai]),
                Reactions(key: "m", users: [Scene.ada]),
            ]
            try expect(try await scene.store.message(message)?.reactions, equals: wanted, "the reactions")
            try expect(
                try await scene.reply(Scene.ada, id, .react(message, key: "m", on: true)), equals: .unchanged,
                "a second")
            try expect(
                try await scene.reply(Scene.ada, id, .react(message, key: "q", on: false)), equals: .unchanged,
                "taking back what was not there")
            if try await scene.reopen() {
                try expect(try await scene.store.message(message)?.reactions, equals: wanted, "after reopening")
            }
        },
        ConformanceCase("reactions are of bytes: two spellings of a letter are two keys") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let message = try await scene.post(Scene.ada, id, "a").messageID
            for key in ["\u{E9}", "e\u{301}"] {
                try await scene.perform(Scene.ada, id, .react(message, key: key, on: true))
            }
            let found = try require(try await scene.store.message(message), "the message").reactions
            try expect(found.map { Array($0.key.utf8) }, equals: [[0xC3, 0xA9], [0x65, 0xCC, 0x81]], "the keys")
        },
        ConformanceCase("a reaction changes neither a message's content nor its time") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let entry = try await scene.post(Scene.ada, id, "a")
            try await scene.perform(Scene.ada, id, .react(entry.messageID, key: "+", on: true))
            let found = try require(try await scene.store.message(entry.messageID), "the message")
            try expect(found.updatedAt == entry.at && !found.isEdited, "it is \(found)")
        },
        ConformanceCase("the last message is shown as it stands, deleted or edited") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            try await scene.post(Scene.ada, id, "before")
            let message = try await scene.post(Scene.ada, id, "a").messageID
            try await scene.perform(Scene.ada, id, .edit(message, content: "b"))
            try expect(try await scene.see(id, as: Scene.ada).lastMessage?.content, equals: "b", "after an edit")
            try await scene.perform(Scene.ada, id, .delete(message))
            let last = try await scene.see(id, as: Scene.ada).lastMessage
            try expect(
                last?.id == message && last?.isDeleted == true, "after a deletion it is \(String(describing: last))")
        },
    ]
}
