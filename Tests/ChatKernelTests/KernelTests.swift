import ChatKernel
import ChatSimulation
import Testing

@Suite("Kernel")
struct KernelTests {
    @Test("What is posted is in the history, and reaches who listens")
    func post() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear()
        let session = try house.session(of: bob, in: room, on: ear)
        let entry = try house.post("hello", in: room)
        #expect(entry.seq == 2)
        #expect(ear.entries == [entry])
        let page = try house.ask { try await $0.messages(in: room, as: bob.id, limit: 10) }
        #expect(page.map(\.content) == ["hello"])
        session.close()
    }

    @Test("Who does not follow hears nothing; who left hears no more")
    func leaving() throws {
        let house = try House()
        let (room, other) = (try house.room(bob), try house.room(bob))
        let ear = Ear()
        let session = try house.session(of: bob, in: room, on: ear)
        try _ = house.post("elsewhere", in: other)
        #expect(ear.batches.count == 0)
        session.leave(room)
        try _ = house.post("too late", in: room)
        #expect(ear.batches.count == 0)
        #expect(house.kernel.connectionCount(in: room) == 0)
    }

    @Test("Nothing is shown before the commit has returned, nor when it fails")
    func notBeforeCommit() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear()
        let session = try house.session(of: bob, in: room, on: ear)
        house.store.isHolding = true
        let answer = Tray<Result<Reply, ChatError>>()
        house.executor.start { [kernel = house.kernel] in
            do throws(ChatError) {
                answer.put(.success(try await kernel.perform(.post(room, content: "hello"), as: ann.id)))
            } catch {
                answer.put(.failure(error))
            }
        }
        house.settle()
        #expect(ear.batches.count == 0)
        #expect(answer.count == 0)
        house.store.failure = StoreError(.full, "no room")
        house.store.isHolding = false
        house.settle()
        #expect(ear.batches.count == 0)
        guard case .failure(let error) = answer.take() else {
            Issue.record("acknowledged, and not kept")
            return
        }
        #expect(error.code == .storeUnavailable)
        #expect(error.retryAfterMilliseconds != nil)
        house.store.failure = nil
        #expect(try house.post("again", in: room).seq == 2)
        session.close()
    }

    @Test("What gathers while a batch is written travels as one")
    func gathers() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear()
        let session = try house.session(of: bob, in: room, on: ear)
        house.store.isHolding = true
        for text in ["a", "b", "c", "d"] {
            house.executor.start { [kernel = house.kernel] in
                _ = try? await kernel.perform(.post(room, content: text), as: ann.id)
            }
            house.settle()
        }
        house.store.isHolding = false
        house.settle()
        let sizes = ear.batches.takeAll().map { $0.parcels.reduce(0) { $0 + $1.entries.count } }
        #expect(sizes == [1, 3])
        session.close()
    }

    @Test("An outlet that never reports holds a commit no longer than the bound")
    func gateBound() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear(reports: false)
        let session = try house.session(of: bob, in: room, on: ear)
        try _ = house.post("first", in: room)
        house.executor.start { [kernel = house.kernel] in
            _ = try? await kernel.perform(.post(room, content: "second"), as: ann.id)
        }
        house.settle()
        #expect(ear.batches.count == 1)
        house.pass(milliseconds: 25)
        #expect(ear.batches.count == 2)
        session.close()
    }

    @Test("Answers go to the session that asked, in order, and silence to who wants none")
    func settlements() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear()
        let session = try house.session(of: bob, in: room, on: ear)
        func prepared(_ text: String, _ tag: UInt64, reply: Bool) throws -> Submission {
            try session.prepare(
                .post(content: text, clientID: nil, replyTo: nil), in: room, tag: tag, wantsReply: reply)
        }
        let refused = try session.prepare(
            .update(name: "mine", description: nil), in: room, tag: 4, wantsReply: false)
        try house.kernel.submit([
            try prepared("a", 1, reply: true), try prepared("b", 2, reply: false), try prepared("c", 3, reply: true),
            refused,
        ])
        house.settle()
        let batches = ear.batches.takeAll()
        #expect(batches.flatMap(\.settlements).map(\.tag) == [1, 3, 4])
        #expect(batches.flatMap(\.parcels).flatMap(\.entries).map(\.seq) == [2, 3, 4])
        session.close()
    }

    @Test("A removed member hears its removal, marked as its departure")
    func departure() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear()
        let session = try house.session(of: bob, in: room, on: ear)
        try house.perform(.removeMember(room, bob.id), as: ann)
        let parcel = ear.batches.take()?.parcels.first
        #expect(parcel?.departures.map(\.user) == [bob.id])
        #expect(parcel?.departures.map(\.seq) == [2])
        session.close()
        #expect(house.refusal(.post(room, content: "still here"), as: bob) == .notAMember)
    }

    @Test("A stranger may not join, and leaves no trace of having tried")
    func stranger() throws {
        let house = try House()
        let room = try house.room(bob)
        let session = try house.kernel.open(Identity(user: cat), delivering: Ear())
        #expect(throws: ChatError.self) { try house.executor.finish { _ = try await session.join(room) } }
        #expect(house.kernel.connectionCount(in: room) == 0)
        session.close()
        #expect(house.kernel.metrics.read().openSessions == 0)
    }

    @Test("Presence is per user, told to those who are here, and ends with the last connection")
    func presence() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear()
        let mine = try house.session(of: ann, in: room, on: ear)
        #expect(ear.presence == ["+ann [ann]"])
        house.pass(milliseconds: 100)
        let first = try house.session(of: bob, in: room, on: Ear())
        #expect(ear.presence == ["+bob [ann bob]"])
        house.pass(milliseconds: 100)
        let late = Ear()
        let second = try house.session(of: bob, in: room, on: late)
        #expect(late.presence(for: second) == ["=bob [ann bob]"])
        first.close()
        first.close()
        house.pass(milliseconds: 100)
        #expect(ear.presence == [])
        second.close()
        #expect(ear.presence == ["-bob [ann]"])
        #expect(house.kernel.activeUsers(in: room) == [ann.id])
        mine.close()
        #expect(house.kernel.activeUsers(in: room) == [])
    }

    @Test("Who is not announced is not here")
    func unannounced() throws {
        let house = try House()
        let room = try house.room(bob)
        let session = try house.kernel.open(Identity(user: bob), delivering: Ear())
        _ = try house.executor.finish { try await session.join(room) }
        #expect(house.kernel.activeUsers(in: room) == [])
        session.close()
    }

    @Test("Typing ends by itself after six seconds")
    func typing() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear()
        let session = try house.session(of: bob, in: room, on: ear)
        _ = ear.signals.takeAll()
        try house.perform(.typing(room, on: true), as: ann)
        #expect(ear.typing == ["ann on"])
        house.pass(milliseconds: 5990)
        #expect(ear.typing == [])
        house.pass(milliseconds: 15)
        #expect(ear.typing == ["ann off"])
        session.close()
    }

    @Test("A stranger's typing is refused")
    func strangerTypes() throws {
        let house = try House()
        let room = try house.room(bob)
        #expect(house.refusal(.typing(room, on: true), as: cat) == .notAMember)
    }

    @Test("The rate of one user is limited, and nobody else's")
    func rates() throws {
        let house = try House { $0.messagesPerUserPerSecond = 3 }
        let room = try house.room(bob)
        house.time.advance(seconds: 2)
        for text in ["a", "b", "c"] { try _ = house.post(text, in: room) }
        #expect(house.refusal(.post(room, content: "d"), as: ann) == .rateLimited)
        #expect(house.refusal(.read(room, through: 1), as: ann) == nil)
        #expect(house.refusal(.post(room, content: "e"), as: bob) == nil)
        house.time.advance(seconds: 1)
        #expect(house.refusal(.post(room, content: "f"), as: ann) == nil)
    }

    @Test("A user has as many sessions as it may, and gets one back by closing one")
    func sessions() throws {
        let house = try House { $0.sessionsPerUser = 2 }
        let first = try house.kernel.open(Identity(user: bob), delivering: Ear())
        let second = try house.kernel.open(Identity(user: bob), delivering: Ear())
        #expect(throws: ChatError.self) { try house.kernel.open(Identity(user: bob), delivering: Ear()) }
        first.close()
        first.close()
        let third = try house.kernel.open(Identity(user: bob), delivering: Ear())
        #expect(throws: ChatError.self) { try house.kernel.open(Identity(user: bob), delivering: Ear()) }
        second.close()
        third.close()
    }

    @Test("A full queue says when to try again")
    func overloaded() throws {
        let house = try House { $0.queuedCommands = 1 }
        let room = try house.room(bob)
        house.store.isHolding = true
        for text in ["on its way", "waiting"] {
            house.executor.start { [kernel = house.kernel] in
                _ = try? await kernel.perform(.post(room, content: text), as: ann.id)
            }
            house.settle()
        }
        #expect(house.refusal(.post(room, content: "too many"), as: ann) == .overloaded)
        house.store.isHolding = false
        house.settle()
        #expect(house.refusal(.post(room, content: "now"), as: ann) == nil)
    }

    @Test("A draining kernel takes nothing more, answers what it took, and returns")
    func draining() throws {
        let house = try House()
        let room = try house.room(bob)
        house.store.isHolding = true
        let answer = Tray<Reply?>()
        house.executor.start { [kernel = house.kernel] in
            answer.put(try? await kernel.perform(.post(room, content: "accepted"), as: ann.id))
        }
        house.settle()
        house.kernel.drain()
        #expect(house.refusal(.post(room, content: "too late"), as: ann) == .draining)
        house.stop()
        #expect(!house.hasReturned)
        house.store.isHolding = false
        house.settle()
        #expect(answer.take()??.entry?.seq == 2)
        #expect(house.hasReturned)
    }

    @Test("A kernel stops though an outlet holds the gate")
    func stopsWhenHeld() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear(reports: false)
        let session = try house.session(of: bob, in: room, on: ear)
        try _ = house.post("first", in: room)
        house.executor.start { [kernel = house.kernel] in
            _ = try? await kernel.perform(.post(room, content: "held"), as: ann.id)
        }
        house.settle()
        house.stop()
        #expect(house.hasReturned)
        #expect(ear.entries.count == 2)
        session.close()
    }

    @Test("Nobody but its members sees a conversation")
    func queries() throws {
        let house = try House()
        let room = try house.room(bob)
        let entry = try house.post("secret", in: room)
        guard case .message(let posted) = entry.change else { throw House.NoEntry() }
        #expect(throws: ChatError.self) { try house.ask { _ = try await $0.conversation(room, as: cat.id) } }
        #expect(throws: ChatError.self) { try house.ask { _ = try await $0.messages(in: room, as: cat.id, limit: 9) } }
        #expect(throws: ChatError.self) { try house.ask { _ = try await $0.message(posted.id, as: cat.id) } }
        #expect(try house.ask { try await $0.conversations(of: cat.id, limit: 9) }.isEmpty)
        let log = try house.ask { try await $0.log(of: room, as: cat.id, after: 0) }
        #expect(log.entries.isEmpty)
        #expect(log.endsMembership)
        #expect(try house.ask { try await $0.conversation(room, as: bob.id) }.unreadCount == 1)
    }

    @Test(
        "Any history a client can name is a page",
        arguments: [
            .before(.min), .before(0), .before(.max), .after(.min), .after(.max), .newest(offset: .max),
            .newest(offset: .min),
        ] as [Kernel.MessagePage])
    func anyPage(page: Kernel.MessagePage) throws {
        let house = try House()
        let room = try house.room(bob)
        try _ = house.post("hello", in: room)
        for limit in [Int.min, 0, 1, .max] {
            let history = try house.ask { try await $0.history(of: room, as: bob.id, page, limit: limit).entries }
            #expect(history.count <= max(0, limit))
        }
    }
}
