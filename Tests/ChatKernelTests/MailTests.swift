import ChatKernel
import ChatSimulation
import Testing

@Suite("Mail")
struct MailTests {
    @Test("A followed user gets what happens wherever it is a member, new conversations included, and nothing else")
    func follows() throws {
        let house = try House()
        let lane = Lane(house)
        try lane.follow(bob)
        let room = try house.room(bob)
        let other = try house.room(cat)
        _ = try house.post("a", in: room)
        _ = try house.post("not for bob", in: other)
        house.settle()
        #expect(try lane.shown(to: bob) == "1 created;3 a;")
        #expect(try lane.shown(to: bob, after: 1) == "3 a;")
        #expect(try lane.shown(to: bob, after: 4) == "")
    }

    @Test("What is quickly known of a box is what is in it", arguments: [3, Mailbox.items + 50])
    func quickly(_ batches: Int) throws {
        func parcel(_ pos: Pos, _ change: Change, in room: ConversationID) -> Parcel {
            let entry = Entry(
                conversation: room, seq: pos, pos: pos, at: Timestamp(microseconds: 0), author: ann, change: change)
            return Parcel(conversation: room, entries: [entry])
        }
        func message(_ pos: Pos) -> Change {
            .message(Change.Posted(id: MessageID("m\(pos)"), content: "x"))
        }
        let (room, other) = (ConversationID("room"), ConversationID("other"))
        var box = Mailbox(after: 10)
        var parcels: [Parcel] = []
        func check() {
            for pos in max(0, box.after - 2)...(box.after + Pos(2 * batches) + 2) {
                let items = box.items(after: pos)
                #expect(box.isRead(through: pos) == items?.isEmpty ?? false)
                for parcel in parcels.suffix(3) {
                    let isOnly = items?.count == 1 && items?.first?.parcels.count == 1
                    #expect(box.holdsOnly(parcel, after: pos) == (isOnly && items?.first?.parcels[0] === parcel))
                }
            }
        }
        func put(_ parcel: Parcel, of batch: Pos) {
            parcels.append(parcel)
            box.put(parcel, of: batch)
        }
        check()
        // A batch for each second position, some of them with mail of two conversations.
        for pos in stride(from: 12, through: 10 + Pos(2 * batches), by: 2) {
            put(parcel(pos, message(pos), in: room), of: pos)
            if pos % 8 == 0 { put(parcel(pos, message(pos), in: other), of: pos) }
            if batches < 10 { check() }
        }
        check()
        let end = 10 + 2 * Pos(batches)
        put(parcel(end + 2, .deleted(MessageID("m\(end)")), in: room), of: end + 2)
        check()
        box.lose(through: end + 4)
        check()
        put(parcel(end + 6, message(end + 6), in: room), of: end + 6)
        check()
    }

    @Test("Of what came it is quickly known who lacks one whole parcel, and nothing else", arguments: 1...30)
    func arrivals(_ seed: UInt64) throws {
        let house = try House { $0.messagesPerUserPerSecond = 0 }
        let rooms = [try house.room(bob), try house.room(bob, cat)]
        let lane = Lane(house)
        for user in [ann, bob, cat] { try lane.follow(user) }
        var random = SplitMix64(seed: seed)
        var (quick, slow) = (0, 0)
        for round in 0..<40 {
            house.store.isHolding = true
            for number in 0..<Int.random(in: 1...4, using: &random) {
                let room = rooms[Int.random(in: 0..<rooms.count, using: &random)]
                let command: Command =
                    switch Int.random(in: 0..<8, using: &random) {
                    case 0: .addMember(room, cat.id, .member)
                    case 1: .removeMember(room, cat.id)
                    case 2: .read(room, through: Seq(round))
                    default: .post(room, content: "\(round).\(number)")
                    }
                house.begin(command, as: ann)
                // The first is alone in its batch, what comes while that is written is the next.
                house.settle()
            }
            house.store.isHolding = false
            house.settle()
            _ = lane.takeIn { arrival, user, batch in
                for pos in max(0, arrival.before - 2)...batch.through {
                    let run = lane.known(for: user, after: pos)
                    guard let whole = arrival.whole.map({ batch.mail[$0].parcel }), pos >= arrival.before,
                        pos < whole.firstPos
                    else {
                        slow += 1
                        continue
                    }
                    quick += 1
                    #expect(run?.through == batch.through)
                    #expect(run?.pieces.map { Array($0.bytes[$0.range]) } == [spelled(whole).bytes])
                }
            }
        }
        #expect(quick > 0 && slow > 0)
    }

    @Test("A box that nobody takes from is kept while there is room, and then begins anew when it wakes")
    func rest() {
        func put(_ pos: Pos, into box: inout Mailbox) {
            let posted = Change.Posted(id: MessageID("m\(pos)"), content: "x")
            let entry = Entry(
                conversation: ConversationID("room"), seq: pos, pos: pos, at: Timestamp(microseconds: 0), author: ann,
                change: .message(posted))
            box.put(Parcel(conversation: entry.conversation, entries: [entry]), of: pos)
        }
        var box = Mailbox(after: 0)
        put(1, into: &box)
        box.rest()
        for pos in 2...Pos(Mailbox.items) { put(pos, into: &box) }
        #expect(box.items(after: 0)?.count == Mailbox.items)
        for pos in 1...10 { put(Pos(Mailbox.items + pos), into: &box) }
        let end = Pos(Mailbox.items + 10)
        #expect(box.items(after: end - 1) == nil)
        #expect(box.items(after: end)?.count == 0)
        box.wake()
        put(end + 1, into: &box)
        #expect(box.items(after: end - 1) == nil)
        #expect(box.items(after: end)?.map(\.through) == [end + 1])
    }

    @Test("Who was in the conversation before anybody was followed is known from the store")
    func known() throws {
        let house = try House()
        let room = try house.room(bob)
        let lane = Lane(house)
        try lane.follow(bob)
        try lane.follow(cat)
        _ = try house.post("a", in: room)
        house.settle()
        #expect(lane.takeIn() == [bob.id])
        #expect(try lane.shown(to: bob, after: 1) == "2 a;")
        // What was before it was followed, only the store knows.
        #expect(try lane.shown(to: bob, after: 0) == nil)
    }

    @Test("A stay is shown to the entry that ends it, also within one batch; how another begins, the store knows")
    func stays() throws {
        let house = try House()
        let room = try house.room(bob)
        let lane = Lane(house)
        for user in [bob, cat] { try lane.follow(user) }
        house.store.isHolding = true
        house.begin(.post(room, content: "first"), as: ann)
        house.settle()
        for command: Command in [
            .post(room, content: "a"), .addMember(room, cat.id, .member), .post(room, content: "b"),
            .removeMember(room, bob.id), .removeMember(room, cat.id), .post(room, content: "c"),
            .addMember(room, cat.id, .member), .post(room, content: "d"),
        ] {
            house.begin(command, as: ann)
        }
        house.settle()
        house.store.isHolding = false
        house.settle()
        #expect(try lane.shown(to: bob, after: 1) == "2 first;3 a;4 cat added;5 b;6 bob removed;")
        #expect(try lane.shown(to: cat, after: 1) == nil)
        let page = try house.ask { try await $0.events(of: cat.id, after: 1, limit: 10) }
        #expect(
            page.entries.map(spelled).joined()
                == "0 not 1 to 3;4 cat added;5 b;6 bob removed;7 cat removed;0 not 8 to 8;9 cat added;10 d;")
        // And the next batch goes by what this one left.
        _ = try house.post("e", in: room)
        house.settle()
        #expect(lane.takeIn() == [cat.id])
    }

    @Test("Read marks come as mail: of each user the newest of a batch")
    func marks() throws {
        let house = try House()
        let room = try house.room(bob)
        for text in ["a", "b"] { _ = try house.post(text, in: room) }
        let lane = Lane(house)
        try lane.follow(ann)
        house.store.isHolding = true
        house.begin(.post(room, content: "first"), as: ann)
        house.settle()
        house.begin(.read(room, through: 2), as: bob)
        house.begin(.read(room, through: 3), as: bob)
        house.begin(.post(room, content: "c"), as: ann)
        house.settle()
        house.store.isHolding = false
        house.settle()
        #expect(try lane.shown(to: ann, after: 3) == "4 first;6 bob read 3;7 c;")
    }

    @Test(
        "Events of several conversations in one batch are shown in the order of their positions, or some of them only")
    func interleaved() throws {
        let house = try House()
        let (one, two) = (try house.room(bob), try house.room(bob))
        let lane = Lane(house)
        try lane.follow(bob)
        house.store.isHolding = true
        house.begin(.post(one, content: "first"), as: ann)
        house.settle()
        for (at, room) in [one, two, one, two].enumerated() { house.begin(.post(room, content: "m\(at)"), as: ann) }
        house.settle()
        house.store.isHolding = false
        house.settle()
        #expect(try lane.shown(to: bob, after: 3) == "4 m0;5 m1;6 m2;7 m3;")
        #expect(try lane.shown(to: bob, after: 5) == "6 m2;7 m3;")
        #expect(try lane.shown(to: bob, after: 3, among: [two]) == "5 m1;7 m3;")
        #expect(try lane.run(for: bob, after: 3, among: [two])?.hasMore == false)
        #expect(try lane.run(for: bob, after: 3, among: [])?.through == 7)
    }

    @Test("A limit cuts where it must, says that there is more only if there is, and goes on behind it")
    func limits() throws {
        let house = try House()
        let room = try house.room(bob)
        let lane = Lane(house)
        try lane.follow(bob)
        for text in ["a", "b", "c"] { _ = try house.post(text, in: room) }
        house.settle()
        let two = try #require(try lane.run(for: bob, after: 1, limit: 2))
        #expect(two.count == 2)
        #expect(two.through == 3)
        #expect(two.hasMore)
        let three = try #require(try lane.run(for: bob, after: 1, limit: 3))
        #expect(three.through == 4)
        #expect(!three.hasMore)
    }

    @Test("The oldest goes when there is too much, and then only the store knows it")
    func bounded() throws {
        let house = try House { $0.messagesPerUserPerSecond = 0 }
        let room = try house.room(bob)
        let lane = Lane(house)
        try lane.follow(bob)
        for number in 0..<Mailbox.items + 10 { _ = try house.post("\(number)", in: room) }
        house.settle()
        #expect(try lane.shown(to: bob, after: 1) == nil)
        #expect(
            try lane.shown(to: bob, after: Pos(Mailbox.items + 10)) == "\(Mailbox.items + 11) \(Mailbox.items + 9);")
        #expect(try lane.run(for: bob, after: 11)?.count == Mailbox.items)
        let large = String(repeating: "x", count: 60_000)
        for _ in 0..<40 { _ = try house.post(large, in: room) }
        #expect(try lane.run(for: bob, after: 11) == nil)
    }

    @Test("What has been deleted is not shown from memory any more")
    func erased() throws {
        let house = try House()
        let room = try house.room(bob)
        let lane = Lane(house)
        try lane.follow(bob)
        let entry = try house.post("a secret", in: room)
        _ = try house.post("b", in: room)
        guard case .message(let posted) = entry.change else { throw House.NoEntry() }
        try house.perform(.delete(posted.id), as: ann)
        house.settle()
        #expect(try lane.shown(to: bob, after: 1) == nil)
        #expect(try lane.shown(to: bob, after: 2) == "3 b;4 deleted;")
    }

    @Test("When the members cannot be read the mail is said to lack, and the store is asked instead")
    func lacking() throws {
        let house = try House()
        let room = try house.room(bob)
        let lane = Lane(house)
        try lane.follow(bob)
        house.store.conversationFailure = StoreError(.unavailable, "no")
        _ = try house.post("a", in: room)
        house.settle()
        #expect(try lane.shown(to: bob, after: 1) == nil)
        #expect(try lane.shown(to: bob, after: 2) == "")
        house.store.conversationFailure = nil
        _ = try house.post("b", in: room)
        house.settle()
        #expect(try lane.shown(to: bob, after: 2) == "3 b;")
    }

    @Test("When the last follower goes while the members are read, what was read is not kept for the next")
    func stalled() throws {
        let house = try House()
        let room = try house.room(bob, cat)
        let lane = Lane(house)
        try lane.follow(bob)
        house.store.whileConversationIsRead { try? lane.leave(bob) }
        _ = try house.post("a", in: room)
        house.store.whileConversationIsRead(nil)
        try house.perform(.removeMember(room, cat.id), as: ann)
        try lane.follow(cat)
        _ = try house.post("not for cat", in: room)
        house.settle()
        #expect(lane.takeIn() == [])
    }

    @Test("Who follows no more gets no more, and its place may be another's")
    func unfollowed() throws {
        let house = try House()
        let room = try house.room(bob, cat)
        let lane = Lane(house)
        try lane.follow(bob)
        _ = try house.post("a", in: room)
        house.settle()
        // On its way when the place changes hands.
        try lane.leave(bob)
        try lane.follow(cat)
        #expect(lane.takeIn() == [])
        _ = try house.post("b", in: room)
        house.settle()
        #expect(try lane.shown(to: cat, after: 2) == "3 b;")
    }
}

@Suite("Events of a user")
struct EventTests {
    @Test("A page is complete up to where it says, and passes over what is not the user's")
    func pages() throws {
        let house = try House()
        let (room, other) = (try house.room(bob), try house.room(cat))
        _ = try house.post("a", in: room)
        _ = try house.post("not bob's", in: other)
        let page = try house.ask { try await $0.events(of: bob.id, after: 0, limit: 10) }
        #expect(page.entries.map(\.pos) == [1, 3])
        #expect(page.through == 4)
        #expect(page.isLast)
        let first = try house.ask { try await $0.events(of: bob.id, after: 0, limit: 1) }
        #expect(first.through == 1)
        #expect(!first.isLast)
        let none = try house.ask { try await $0.events(of: bob.id, after: 0, among: [other], limit: 10) }
        #expect(none.entries.isEmpty)
        #expect(none.through == 4)
    }

    @Test("A cursor that cannot be served is answered with why")
    func cursors() throws {
        let house = try House()
        let room = try house.room(bob)
        _ = try house.post("a", in: room)
        func code(_ text: String?) -> ChatError.Code? {
            do {
                _ = try house.ask { try await $0.position(of: text) }
                return nil
            } catch {
                return (error as? ChatError)?.code
            }
        }
        #expect(try house.ask { try await $0.position(of: "1.7.2") } == 2)
        #expect(try house.ask { try await $0.position(of: "") } == nil)
        #expect(code("1.7.3") == .cursorAhead)
        #expect(code("1.8.1") == .epochChanged)
        #expect(code("2.7.1") == .cursorInvalid)
        #expect(code("nonsense") == .cursorInvalid)
    }
}
