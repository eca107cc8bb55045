import ChatSimulation
import Testing

@testable import ChatKernel

@Suite("Limits")
struct LimitTests {
    private func count(_ limit: Limit, _ house: House) -> Int { house.kernel.metrics.read().limited[limit] ?? 0 }

    @Test("Read marks have an allowance of their own")
    func marks() throws {
        let house = try House { $0.messagesPerUserPerSecond = 3 }
        let room = try house.room(bob)
        house.time.advance(seconds: 2)
        for _ in 0..<3 { #expect(house.refusal(.read(room, through: 1), as: bob) == nil) }
        #expect(house.refusal(.read(room, through: 1), as: bob) == .rateLimited)
        #expect(house.refusal(.post(room, content: "still"), as: bob) == nil)
        #expect(count(.readMarksPerUser, house) == 1)
        house.time.advance(seconds: 1)
        #expect(house.refusal(.read(room, through: 1), as: bob) == nil)
    }

    @Test("Typing is limited for a user, over all of its ways in")
    func typing() throws {
        let house = try House { $0.typingPerUserPerSecond = 4 }
        let room = try house.room(bob)
        let ear = Ear()
        let listener = try house.session(of: ann, in: room, on: Ear())
        defer { listener.close() }
        let sessions = [try house.session(of: bob, in: room, on: ear), try house.session(of: bob, in: room, on: ear)]
        for session in sessions { try session.type(in: room, on: true) }
        for _ in 0..<2 { #expect(house.refusal(.typing(room, on: true), as: bob) == nil) }
        #expect(house.refusal(.typing(room, on: true), as: bob) == .rateLimited)
        #expect(throws: ChatError.self) { try sessions[0].type(in: room, on: false) }
        #expect(house.refusal(.typing(room, on: true), as: ann) == nil)
        #expect(count(.typingPerUser, house) == 2)
        house.time.advance(seconds: 1)
        try sessions[1].type(in: room, on: true)
        for session in sessions { session.close() }
    }

    @Test("What is refused is counted by its limit")
    func counted() throws {
        let house = try House { limits in
            limits.messagesPerUserPerSecond = 3
            limits.sessionsPerUser = 1
            limits.messageBytes = 10
            limits.membership = MembershipLimits(conversationsPerUser: 1, membersPerConversation: 2)
        }
        let room = try house.room(bob)
        let create = Command.createConversation(ConversationDetails(isGroup: true), participants: [])
        #expect(house.refusal(create, as: ann) == .conflict)
        #expect(house.refusal(.addMember(room, cat.id, .member), as: ann) == .conflict)
        #expect(house.refusal(.post(room, content: "and now?"), as: ann) == .rateLimited)
        #expect(house.refusal(.post(room, content: "much too long"), as: bob) == .messageTooLarge)
        #expect(house.refusal(.post(room, content: "not here"), as: cat) == .notAMember)
        let session = try house.kernel.open(Identity(user: bob), delivering: Ear())
        #expect(throws: ChatError.self) { try house.kernel.open(Identity(user: bob), delivering: Ear()) }
        session.close()
        let expected: [Limit: Int] = [
            .conversationsPerUser: 1, .membersPerConversation: 1, .messagesPerUser: 1, .messageBytes: 1,
            .connectionsPerUser: 1,
        ]
        #expect(house.kernel.metrics.read().limited == expected)
    }

    @Test("A refusal by a rate says when to come back")
    func retry() throws {
        let house = try House { $0.messagesPerUserPerSecond = 2 }
        let room = try house.room(bob)
        _ = try house.post("one", in: room)
        let refusal = #expect(throws: ChatError.self) { try house.post("two", in: room) }
        let wait = try #require(refusal?.retryAfterMilliseconds)
        house.time.advance(milliseconds: Int64(wait))
        _ = try house.post("two", in: room)
    }
}

@Suite("Turns")
struct TurnTests {
    private let executor = ManualExecutor()
    private let turns = Turns(width: 2)
    private let begun = Tray<String>()
    private let gate = Tray<CheckedContinuation<Void, Never>>()

    private func ask(_ name: String, for user: UserReference) {
        executor.start { [turns, begun, gate] in
            await turns.take(for: user.id) {
                begun.put(name)
                await withCheckedContinuation { gate.put($0) }
            }
        }
        executor.runUntilIdle()
    }

    private func endOne() {
        gate.take()?.resume()
        executor.runUntilIdle()
    }

    @Test("One user's questions wait for one another, in order, and for nobody else's")
    func fair() {
        for number in 1...5 { ask("ann \(number)", for: ann) }
        ask("bob 1", for: bob)
        #expect(begun.takeAll() == ["ann 1", "ann 2", "bob 1"])
        endOne()
        #expect(begun.takeAll() == ["ann 3"])
        endOne()
        #expect(begun.takeAll() == ["ann 4"])
        for _ in 0..<3 { endOne() }
        #expect(begun.takeAll() == ["ann 5"])
        endOne()
        ask("ann 6", for: ann)
        ask("ann 7", for: ann)
        ask("ann 8", for: ann)
        #expect(begun.takeAll() == ["ann 6", "ann 7"])
        for _ in 0..<3 { endOne() }
        #expect(begun.takeAll() == ["ann 8"])
    }

    @Test("A question that fails gives its turn back")
    func failing() throws {
        for _ in 0..<5 {
            #expect(throws: ChatError.self) {
                try executor.finish { [turns] in
                    try await turns.take(for: ann.id) { () async throws(ChatError) in
                        throw ChatError(.internal, "no")
                    }
                }
            }
        }
        ask("ann", for: ann)
        #expect(begun.takeAll() == ["ann"])
        endOne()
    }
}
