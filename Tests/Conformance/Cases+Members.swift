import ChatKernel

extension StoreConformance {
    static let members: [ConformanceCase] = [
        ConformanceCase("An entry and the membership change it implies must become visible together") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let added = try await scene.perform(Scene.ada, id, .add(Scene.bob, .member))
            let standing = try require(try await scene.store.standing(of: Scene.bob, in: id), "bob's standing")
            try expect(standing.membership?.spans, equals: [Span(from: added.seq)], "bob's stay")
            try expect(standing.membership?.role, equals: .member, "bob's role")
            try expect(standing.lastSeq, equals: added.seq, "the head")
            try expect(try await scene.feed(Scene.bob), equals: [added], "what bob may see")
        },
        ConformanceCase("a standing has no membership for one who never was a member") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [])
            let standing = try await scene.store.standing(of: Scene.bob, in: id)
            try expect(standing, equals: Standing(membership: nil, lastSeq: 1), "bob's")
            let seen = try await scene.see(id, as: Scene.bob)
            try expect(seen.unreadCount == 0 && seen.lastMessage == nil, "bob sees \(seen)")
        },
        ConformanceCase("a stay ends with the removal's own entry, and a return begins another") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])  // 1
            try await scene.post(Scene.ada, id, "seen")  // 2
            try await scene.perform(Scene.ada, id, .remove(Scene.bob))  // 3
            try await scene.post(Scene.ada, id, "hidden")  // 4
            try expect(
                try await scene.spans(Scene.bob, in: id), equals: [Span(from: 1, through: 3)], "after the removal")
            try await scene.perform(Scene.ada, id, .add(Scene.bob, .reader))  // 5
            let later = try await scene.post(Scene.ada, id, "seen again")  // 6
            try await scene.perform(Scene.bob, id, .remove(Scene.bob))  // 7
            let wanted = [Span(from: 1, through: 3), Span(from: 5, through: 7)]
            try expect(try await scene.spans(Scene.bob, in: id), equals: wanted, "after leaving")
            try expect(try await scene.feed(Scene.bob).map(\.seq), equals: [1, 2, 3, 5, 6, 7], "what bob may see")
            try expect(
                try await scene.see(id, as: Scene.bob).lastMessage?.seq, equals: later.seq, "the last message for bob")
            if try await scene.reopen() {
                try expect(try await scene.spans(Scene.bob, in: id), equals: wanted, "after reopening")
            }
        },
        ConformanceCase("who is no member may do nothing, who was one may do nothing any more") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            let message = try await scene.post(Scene.bob, id, "mine").messageID
            try await scene.perform(Scene.ada, id, .remove(Scene.bob))
            let proposals: [Draft.Proposal] = [
                .post(content: "x", clientID: nil, replyTo: nil), .edit(message, content: "x"), .delete(message),
                .react(message, key: "+", on: true), .update(name: "x", description: nil), .add(Scene.dee, .member),
                .remove(Scene.ada), .read(through: 1),
            ]
            for user in [Scene.bob, Scene.cai] {
                for proposal in proposals {
                    try expect(
                        try await scene.refusal(of: user, id, proposal), equals: .notAMember, "\(proposal) by \(user)")
                }
            }
        },
        ConformanceCase("roles let their holders do what they may") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .reader))
            try expect(
                try await scene.refusal(of: Scene.cai, id, .post(content: "x", clientID: nil, replyTo: nil)),
                equals: .forbidden, "a reader's message")
            try expect(
                try await scene.refusal(of: Scene.bob, id, .add(Scene.dee, .member)), equals: .forbidden,
                "a member adding one")
            try await scene.perform(Scene.ada, id, .add(Scene.bob, .admin))
            try await scene.perform(Scene.bob, id, .add(Scene.dee, .member))
            try expect(
                try await scene.refusal(of: Scene.bob, id, .add(Scene.dee, .owner)), equals: .forbidden,
                "an admin making an owner")
            try expect(
                try await scene.refusal(of: Scene.ada, id, .remove(Scene.ada)), equals: .conflict,
                "the last owner going")
            try await scene.perform(Scene.ada, id, .add(Scene.dee, .owner))
            try await scene.perform(Scene.ada, id, .remove(Scene.ada))
            let roles = try await scene.see(id, as: Scene.dee).participants.map(\.role)
            try expect(roles, equals: [.admin, .reader, .owner], "the roles left")
        },
        ConformanceCase("an owner's change of role counts among the owners") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            try await scene.perform(Scene.ada, id, .add(Scene.bob, .owner))
            try await scene.perform(Scene.bob, id, .add(Scene.ada, .member))
            try expect(
                try await scene.refusal(of: Scene.bob, id, .add(Scene.bob, .member)), equals: .conflict,
                "the last owner stepping down")
            guard try await scene.reopen() else { return }
            try expect(
                try await scene.refusal(of: Scene.bob, id, .remove(Scene.bob)), equals: .conflict,
                "the last owner going, after reopening")
        },
        ConformanceCase("read marks only move forward, and not past the head") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            for _ in 0..<3 { try await scene.post(Scene.ada, id, "x") }
            let mark = { try await scene.store.standing(of: Scene.bob, in: id)?.membership?.readSeq }
            try expect(try await mark(), equals: 1, "on joining")
            try await scene.perform(Scene.bob, id, .read(through: 3))
            try expect(try await mark(), equals: 3, "after reading")
            try expect(try await scene.reply(Scene.bob, id, .read(through: 2)), equals: .unchanged, "reading less")
            try expect(try await mark(), equals: 3, "after reading less")
            let entry = try await scene.perform(Scene.bob, id, .read(through: 99))
            try expect(entry.change, equals: .read(through: 4), "reading past the head")
            if try await scene.reopen() { try expect(try await mark(), equals: 4, "after reopening") }
        },
        ConformanceCase("sending moves the sender's mark, without an event") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            for _ in 0..<3 { try await scene.post(Scene.ada, id, "x") }
            let sent = try await scene.post(Scene.bob, id, "mine")
            let standing = try await scene.store.standing(of: Scene.bob, in: id)
            try expect(standing?.membership?.readSeq, equals: sent.seq, "the mark")
            try expect(try await scene.feed(Scene.bob).last, equals: sent, "the last entry")
            if try await scene.reopen() {
                try expect(try await scene.unread(id, by: Scene.bob), equals: 0, "unread after reopening")
            }
        },
        ConformanceCase("unread counts others' messages past the mark that are not deleted") { harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            var sent: [MessageID] = []
            for index in 0..<6 { sent.append(try await scene.post(Scene.ada, id, "\(index)").messageID) }
            try await scene.perform(Scene.ada, id, .react(sent[1], key: "+", on: true))
            try await scene.perform(Scene.ada, id, .edit(sent[2], content: "x"))
            try expect(try await scene.unread(id, by: Scene.bob), equals: 6, "of six")
            try expect(try await scene.unread(id, by: Scene.ada), equals: 0, "of one's own")
            try await scene.perform(Scene.ada, id, .delete(sent[0]))
            try await scene.perform(Scene.ada, id, .delete(sent[4]))
            try expect(try await scene.unread(id, by: Scene.bob), equals: 4, "after two deletions")
            try await scene.perform(Scene.bob, id, .read(through: 3))
            try expect(try await scene.unread(id, by: Scene.bob), equals: 3, "after reading two, one of them deleted")
            try await scene.perform(Scene.ada, id, .update(name: "x", description: nil))
            try await scene.perform(Scene.bob, id, .read(through: 99))
            try expect(try await scene.unread(id, by: Scene.bob), equals: 0, "after reading all")
            try await scene.post(Scene.ada, id, "one more")
            try expect(try await scene.unread(id, by: Scene.bob), equals: 1, "after one more")
            if try await scene.reopen() {
                try expect(try await scene.unread(id, by: Scene.bob), equals: 1, "after reopening")
            }
        },
        ConformanceCase("unread leaves out what came before a late member, and what came while one was away") {
            harness in
            let scene = try await Scene.open(harness)
            let id = try await scene.make(with: [Scene.bob])
            for _ in 0..<3 { try await scene.post(Scene.ada, id, "x") }
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .member))
            try expect(try await scene.unread(id, by: Scene.cai), equals: 0, "for one just added")
            try expect(try await scene.see(id, as: Scene.cai).lastMessage, equals: nil, "the last message for it")
            try await scene.post(Scene.ada, id, "y")
            try expect(try await scene.unread(id, by: Scene.cai), equals: 1, "after a message")
            try await scene.perform(Scene.ada, id, .remove(Scene.cai))
            try await scene.post(Scene.ada, id, "z")
            try expect(try await scene.unread(id, by: Scene.cai), equals: 1, "after leaving, with one unread")
            try await scene.perform(Scene.ada, id, .add(Scene.cai, .member))
            try expect(try await scene.unread(id, by: Scene.cai), equals: 0, "after coming back")
            try expect(try await scene.see(id, as: Scene.cai).lastMessage?.content, equals: "y", "the last it saw")
            try expect(try await scene.unread(id, by: Scene.bob), equals: 5, "for one who was there all along")
        },
    ]
}
