import ChatKernel

extension StoreConformance {
    static let limits: [ConformanceCase] = [
        ConformanceCase("a message is edited a thousand times, and not once more; then it is deleted") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let (first, second) = (
                try await scene.post(Scene.ada, id, "a").messageID, try await scene.post(Scene.ada, id, "b").messageID
            )
            for message in [first, second] {
                let results = try await scene.commit(
                    (0...Rules.editsPerMessage).map { scene.draft(Scene.ada, id, .edit(message, content: "\($0)")) })
                try expect(results.dropLast().allSatisfy { $0.refusal == nil }, "an edit of the first is refused")
                try expect(results.last?.refusal, equals: .conflict, "one more")
            }
            try await scene.perform(Scene.ada, id, .delete(first))
            let contents = try await scene.log(id, after: 3).compactMap {
                if case .edited(first, let content) = $0.change { content } else { nil }
            }
            try expect(
                contents, equals: Array(repeating: "", count: Rules.editsPerMessage), "what is left of the edits")
            guard try await scene.reopen() else { return }
            try expect(
                try await scene.refusal(of: Scene.ada, id, .edit(second, content: "c")), equals: .conflict,
                "one more, after reopening")
        },
        ConformanceCase("a user comes into a conversation a thousand times, and not once more") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let turns = (1...Rules.staysPerMember).flatMap { _ in
                [scene.draft(Scene.ada, id, .add(Scene.bob, .member)), scene.draft(Scene.ada, id, .remove(Scene.bob))]
            }
            let results = try await scene.commit(turns)
            try expect(results.allSatisfy { $0.refusal == nil }, "one of the first is refused")
            try expect(
                try await scene.refusal(of: Scene.ada, id, .add(Scene.bob, .member)), equals: .conflict, "one more")
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .member))
        },
        ConformanceCase("a message has a hundred different reactions, and room again when one is taken back") {
            harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let message = try await scene.post(Scene.ada, id, "a").messageID
            func react(_ user: UserID, _ key: Int, _ on: Bool = true) -> Draft {
                scene.draft(user, id, .react(message, key: "\(key)", on: on))
            }
            let last = Rules.reactionKeysPerMessage
            let results = try await scene.commit((1...last + 1).map { react(Scene.ada, $0) })
            try expect(results.dropLast().allSatisfy { $0.refusal == nil }, "one of the first is refused")
            try expect(results.last?.refusal, equals: .conflict, "one more")
            // A key that is there is none more; a user that has nothing else, too, is in.
            let more = try await scene.commit([
                react(Scene.bob, last), react(Scene.bob, 0), react(Scene.ada, 1, false), react(Scene.bob, 0),
            ])
            try expect(more.map(\.refusal), equals: [nil, .conflict, nil, nil], "who comes later")
        },
        ConformanceCase("a user owns as many conversations as it may, and one more when it has left one") { harness in
            let scene = try await Scene.open(harness)
            scene.limits.conversationsPerUser = 2
            let first = try await scene.make(with: [Scene.bob])
            _ = try await scene.make(with: [Scene.bob])
            try await scene.refuse(Scene.ada, .conflict, .conversationsPerUser)
            // To be a member is not to own.
            _ = try await scene.make(by: Scene.bob, with: [Scene.ada])
            try await scene.perform(Scene.ada, first, .remove(Scene.bob))
            try await scene.perform(Scene.ada, first, .remove(Scene.ada))
            _ = try await scene.make(with: [])
            try await scene.refuse(Scene.ada, .conflict, .conversationsPerUser)
            if try await scene.reopen() { try await scene.refuse(Scene.ada, .conflict, .conversationsPerUser) }
        },
        ConformanceCase("nobody is made an owner past the limit, and handing over makes room") { harness in
            let scene = try await Scene.open(harness)
            scene.limits.conversationsPerUser = 1
            let id = try await scene.make(with: [Scene.bob])
            let bobs = try await scene.make(by: Scene.bob, with: [Scene.ada])
            try expect(
                try await scene.refusal(of: Scene.ada, id, .add(Scene.bob, .owner)), equals: .conflict, "a promotion")
            try expect(
                try await scene.reply(Scene.bob, bobs, .add(Scene.bob, .owner)), equals: .unchanged,
                "what bob is already")
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .owner))
            try await scene.perform(Scene.ada, id, .add(Scene.ada, .member))
            try await scene.perform(Scene.cai, id, .add(Scene.dee, .owner))
            _ = try await scene.make(with: [])
            for user in [Scene.cai, Scene.dee] { try await scene.refuse(user, .conflict, .conversationsPerUser) }
        },
        ConformanceCase("drafts of one batch do not pass a limit together") { harness in
            let scene = try await Scene.open(harness)
            scene.limits = MembershipLimits(conversationsPerUser: 2, membersPerConversation: 2)
            let id = try await scene.make(with: [])
            func new(_ name: String) -> Draft {
                scene.draft(
                    Scene.ada, ConversationID(name), .create(ConversationDetails(isGroup: true), participants: []))
            }
            let results = try await scene.commit([
                new("second"), new("third"), scene.draft(Scene.ada, id, .add(Scene.bob, .member)),
                scene.draft(Scene.ada, id, .add(Scene.cai, .member)), scene.draft(Scene.ada, id, .remove(Scene.bob)),
                scene.draft(Scene.ada, id, .add(Scene.cai, .member)),
            ])
            let limits = results.map { result -> Limit? in
                if case .failure(let error) = result { error.limit } else { nil }
            }
            try expect(
                limits, equals: [nil, .conversationsPerUser, nil, .membersPerConversation, nil, nil], "the refusals")
        },
        ConformanceCase("a conversation has as many members as it may, and room again when one has gone") { harness in
            let scene = try await Scene.open(harness)
            scene.limits.membersPerConversation = 3
            try await scene.refuse(
                Scene.ada, .invalidField, .membersPerConversation, with: [Scene.bob, Scene.cai, Scene.dee])
            // Who is named twice is one.
            let id = try await scene.make(with: [Scene.bob, Scene.bob, Scene.cai, Scene.ada])
            let addition = Draft.Proposal.add(Scene.dee, .member)
            try expect(try await scene.refusal(of: Scene.ada, id, addition), equals: .conflict, "one too many")
            try await scene.perform(Scene.ada, id, .add(Scene.bob, .admin))
            try await scene.perform(Scene.cai, id, .remove(Scene.cai))
            try await scene.perform(Scene.bob, id, addition)
            try expect(
                try await scene.refusal(of: Scene.ada, id, .add(Scene.cai, .member)), equals: .conflict, "a return")
            if try await scene.reopen() {
                try expect(
                    try await scene.refusal(of: Scene.ada, id, .add(Scene.cai, .member)), equals: .conflict,
                    "after reopening")
            }
        },
        ConformanceCase("what there is stays when a limit is lowered") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob, Scene.cai])
            _ = try await scene.make(with: [])
            scene.limits = MembershipLimits(conversationsPerUser: 1, membersPerConversation: 2)
            try await scene.refuse(Scene.ada, .conflict, .conversationsPerUser)
            try await scene.post(Scene.cai, id, "still here")
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .admin))
            try expect(try await scene.see(id, as: Scene.cai).participants.count, equals: 3, "members")
        },
        ConformanceCase("a pair that exists is found at the limit too") { harness in
            let scene = try await Scene.open(harness)
            scene.limits.conversationsPerUser = 1
            let id = try await scene.make(with: [Scene.bob], isGroup: false)
            let again = Draft.Proposal.create(ConversationDetails(isGroup: false), participants: [Scene.bob])
            try expect(
                try await scene.reply(Scene.ada, ConversationID("other"), again), equals: .existing(id), "ada's pair")
        },
    ]
}

extension Scene {
    /// Making one more conversation is refused, because of this limit.
    fileprivate func refuse(
        _ user: UserID, _ code: ChatError.Code, _ limit: Limit, with others: [UserID] = []
    ) async throws {
        let proposal = Draft.Proposal.create(ConversationDetails(isGroup: true), participants: others)
        guard case .failure(let error) = try await commit([draft(user, ConversationID("too many"), proposal)])[0] else {
            throw ConformanceFailure("\(user) made one conversation too many")
        }
        try expect(error.code, equals: code, "the code")
        try expect(error.limit, equals: limit, "the limit")
    }
}
