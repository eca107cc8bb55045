import ChatKernel
import ChatSimulation
import Testing

@Suite("Subscription")
struct SubscriptionTests {
    /// Reads in the background; what it got is in the mailbox, and nil is the end.
    private func read(
        _ room: ConversationID, as user: UserReference, after: Seq, in house: House
    ) -> (heard: Tray<Seq?>, task: Task<Void, Never>) {
        let heard = Tray<Seq?>()
        let task = house.executor.start { [kernel = house.kernel] in
            do {
                for try await entry in try await kernel.entries(in: room, as: user.id, after: after) {
                    // A gap is heard by its last number, negative.
                    if case .gap = entry.change { heard.put(-entry.seq) } else { heard.put(entry.seq) }
                }
            } catch {
                heard.put(.min)
            }
            heard.put(nil)
        }
        house.settle()
        return (heard, task)
    }

    @Test("First what is stored, then what comes live, without a hole")
    func spliced() throws {
        let house = try House { $0.pageEntries = 2 }
        let room = try house.room(bob)
        for text in ["a", "b", "c"] { try _ = house.post(text, in: room) }
        let (heard, task) = read(room, as: bob, after: 1, in: house)
        #expect(heard.takeAll() == [2, 3, 4])
        try _ = house.post("d", in: room)
        house.settle()
        #expect(heard.takeAll() == [5])
        task.cancel()
        house.settle()
        #expect(heard.takeAll() == [nil])
        #expect(house.kernel.metrics.read().openSessions == 0)
    }

    @Test("The removal is the last that is heard")
    func removal() throws {
        let house = try House()
        let room = try house.room(bob)
        let (heard, _) = read(room, as: bob, after: 0, in: house)
        try _ = house.post("a", in: room)
        try house.perform(.removeMember(room, bob.id), as: ann)
        try _ = house.post("behind his back", in: room)
        house.settle()
        #expect(heard.takeAll() == [1, 2, 3, nil])
        #expect(house.kernel.connectionCount(in: room) == 0)
    }

    @Test("Each stay of one who came back is heard, and of what was between that it is not")
    func stays() throws {
        let house = try House()
        let room = try house.room(bob)
        try house.perform(.removeMember(room, bob.id), as: ann)
        try _ = house.post("behind his back", in: room)
        try house.perform(.addMember(room, bob.id, .member), as: ann)
        try _ = house.post("welcome", in: room)
        let (heard, task) = read(room, as: bob, after: 0, in: house)
        #expect(heard.takeAll() == [1, 2, -3, 4, 5])
        task.cancel()
    }

    @Test("A slow reader misses nothing and costs a bounded amount of memory")
    func slow() throws {
        let house = try House {
            $0.heldEntries = 4
            $0.pageEntries = 3
            $0.messagesPerUserPerSecond = 0
        }
        let room = try house.room(bob)
        let subscription = try house.ask { try await $0.entries(in: room, as: bob.id, after: 0) }
        func read(_ count: Int) throws -> [Seq] {
            try house.executor.finish {
                var (reader, heard) = (subscription.makeAsyncIterator(), [Seq]())
                while heard.count < count, let entry = try await reader.next() { heard.append(entry.seq) }
                return heard
            }
        }
        #expect(try read(1) == [1])
        for number in 0..<40 { try _ = house.post("\(number)", in: room) }
        // What was kept for it comes although the store gives nothing any more; then the store has to be asked.
        house.store.failure = StoreError(.unavailable, "no")
        #expect(try read(5) == Array(2...6))
        #expect(throws: ChatError.self) { try read(1) }
        house.store.failure = nil
        #expect(try read(35) == Array(7...41))
    }

    @Test("It ends when its user is dismissed, with what was delivered before")
    func dismissed() throws {
        let house = try House()
        let room = try house.room(bob)
        let (heard, _) = read(room, as: bob, after: 0, in: house)
        try _ = house.post("before", in: room)
        house.settle()
        house.kernel.dismiss([bob.id])
        house.settle()
        try _ = house.post("after", in: room)
        house.settle()
        #expect(heard.takeAll() == [1, 2, nil])
    }

    @Test("Two who read from one share what comes, and neither is left waiting")
    func shared() throws {
        let house = try House()
        let room = try house.room(bob)
        let subscription = try house.ask { try await $0.entries(in: room, as: bob.id, after: 1) }
        let heard = Tray<Seq?>()
        for _ in 1...2 {
            _ = house.executor.start {
                var iterator = subscription.makeAsyncIterator()
                while let entry = try? await iterator.next() { heard.put(entry.seq) }
                heard.put(nil)
            }
        }
        house.settle()
        for text in ["a", "b"] {
            try _ = house.post(text, in: room)
            house.settle()
        }
        #expect(heard.takeAll() == [2, 3])
        try house.perform(.removeMember(room, bob.id), as: ann)
        house.settle()
        #expect(heard.takeAll() == [4, nil, nil])
    }

    @Test("A position past the end is refused, and a stranger is")
    func refused() throws {
        let house = try House()
        let room = try house.room(bob)
        func code(_ user: UserReference, after: Seq, in room: ConversationID) -> ChatError.Code? {
            do {
                _ = try house.ask { try await $0.entries(in: room, as: user.id, after: after) }
                return nil
            } catch {
                return (error as? ChatError)?.code
            }
        }
        #expect(code(bob, after: 2, in: room) == .cursorAhead)
        #expect(code(bob, after: .max, in: room) == .cursorAhead)
        #expect(code(cat, after: 0, in: room) == .notAMember)
        #expect(code(bob, after: 0, in: ConversationID("nowhere")) == .unknownConversation)
        #expect(code(bob, after: -5, in: room) == nil)
        #expect(house.kernel.metrics.read().openSessions == 0)
        #expect(house.kernel.connectionCount(in: room) == 0)
    }

    @Test("A failed read is thrown, and the next one goes on where it stood")
    func failedRead() throws {
        let house = try House()
        let room = try house.room(bob)
        try _ = house.post("a", in: room)
        let subscription = try house.ask { try await $0.entries(in: room, as: bob.id, after: 0) }
        house.store.failure = StoreError(.unavailable, "no disk")
        #expect(throws: ChatError.self) {
            try house.executor.finish {
                var iterator = subscription.makeAsyncIterator()
                _ = try await iterator.next()
            }
        }
        house.store.failure = nil
        let first = try house.executor.finish {
            var iterator = subscription.makeAsyncIterator()
            return try await iterator.next()?.seq
        }
        #expect(first == 1)
    }
}
