import ChatKernel

extension StoreConformance {
    static let idempotency: [ConformanceCase] = [
        ConformanceCase("a message sent twice under one client_id is there once") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let entry = try await scene.post(Scene.ada, id, "a", as: "key")
            let head = try await scene.store.head()
            let again = try await scene.reply(
                Scene.ada, id, .post(content: "a", clientID: ClientID("key"), replyTo: nil))
            try expect(again, equals: .repeated(entry), "the answer to the second")
            try expect(try await scene.store.head(), equals: head, "the head")
        },
        ConformanceCase("of two with one client_id in one batch the second repeats the first") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let results = try await scene.commit([
                scene.text(Scene.ada, id, "a", as: "key"), scene.text(Scene.ada, id, "a", as: "key"),
                scene.text(Scene.ada, id, "b", as: "key"),
            ])
            let first = try require(try results[0].get().entry, "the first's entry")
            try expect(try results[1].get(), equals: .repeated(first), "the second")
            try expect(results[2].refusal, equals: .idempotencyMismatch, "the third, with other content")
        },
        ConformanceCase("a client_id with other content, or as a reply to another, is a mismatch") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let other = try await scene.post(Scene.ada, id, "other").messageID
            _ = try await scene.post(Scene.ada, id, "a", as: "key")
            let key = ClientID("key")
            try expect(
                try await scene.refusal(of: Scene.ada, id, .post(content: "b", clientID: key, replyTo: nil)),
                equals: .idempotencyMismatch, "other content")
            _ = try await scene.post(Scene.ada, id, "\u{E9}", as: "accent")
            try expect(
                try await scene.refusal(
                    of: Scene.ada, id, .post(content: "e\u{301}", clientID: ClientID("accent"), replyTo: nil)),
                equals: .idempotencyMismatch, "the same letter in other bytes")
            try expect(
                try await scene.refusal(of: Scene.ada, id, .post(content: "a", clientID: key, replyTo: other)),
                equals: .idempotencyMismatch, "another reply_to")
        },
        ConformanceCase("whoever may only read by now is told of the message it sent before") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let entry = try await scene.post(Scene.bob, id, "a", as: "key")
            try await scene.perform(Scene.ada, id, .add(Scene.bob, .reader))
            let again = try await scene.reply(
                Scene.bob, id, .post(content: "a", clientID: ClientID("key"), replyTo: nil))
            try expect(again, equals: .repeated(entry), "the answer to the second")
        },
        ConformanceCase("the scope of a client_id is the user and the conversation") { harness in
            let scene = try await Scene.open(harness)
            let (a, b) = (try await scene.make(with: [Scene.bob]), try await scene.make(with: []))
            try await scene.post(Scene.ada, a, "1", as: "key")
            try await scene.post(Scene.bob, a, "2", as: "key")
            try await scene.post(Scene.ada, b, "3", as: "key")
            try expect(try await scene.log(a, after: 1).map(\.content), equals: ["1", "2"], "one conversation")
        },
        ConformanceCase("a refused message does not use up its client_id") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let post = Draft.Proposal.post(content: "a", clientID: ClientID("key"), replyTo: nil)
            try expect(try await scene.refusal(of: Scene.bob, id, post), equals: .notAMember, "before")
            try await scene.perform(Scene.ada, id, .add(Scene.bob, .member))
            try await scene.perform(Scene.bob, id, post)
        },
        ConformanceCase("a client_id is compared with what was sent, not with what an edit made of it") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let entry = try await scene.post(Scene.ada, id, "a", as: "key")
            try await scene.perform(Scene.ada, id, .edit(entry.messageID, content: "b"))
            let post = { Draft.Proposal.post(content: $0, clientID: ClientID("key"), replyTo: nil) }
            try expect(try await scene.reply(Scene.ada, id, post("a")), equals: .repeated(entry), "what was sent")
            try expect(
                try await scene.refusal(of: Scene.ada, id, post("b")), equals: .idempotencyMismatch, "the edit's")
        },
        ConformanceCase("a repetition of a message deleted since is recognised, and brings no content back") {
            harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let entry = try await scene.post(Scene.ada, id, "secret", as: "key")
            try await scene.perform(Scene.ada, id, .delete(entry.messageID))
            let again = try await scene.reply(
                Scene.ada, id, .post(content: "secret", clientID: ClientID("key"), replyTo: nil))
            guard case .repeated(let shell) = again, case .message(let posted) = shell.change else {
                throw ConformanceFailure("the repetition was answered with \(again)")
            }
            try expect(posted.id, equals: entry.messageID, "the message it names")
            try expect(posted.isDeleted && posted.content.isEmpty, "it brings \(posted)")
        },
        ConformanceCase("client_ids survive reopening, and many messages after them") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let early = try await scene.post(Scene.ada, id, "early", as: "early")
            _ = try await scene.commit((0..<40).map { scene.text(Scene.bob, id, "\($0)", as: "\($0)") })
            let late = try await scene.post(Scene.ada, id, "late", as: "late")
            guard try await scene.reopen() else { return }
            for entry in [early, late] {
                let post = Draft.Proposal.post(
                    content: entry.content ?? "", clientID: entry.content.map { ClientID($0) }, replyTo: nil)
                try expect(try await scene.reply(Scene.ada, id, post), equals: .repeated(entry), "a repetition")
            }
        },
    ]
}

extension Result<Reply, ChatError> {
    var refusal: ChatError.Code? { if case .failure(let error) = self { error.code } else { nil } }
}
