import ChatKernel
import ChatSimulation
import Testing

@Suite("What is not kept")
struct RetentionTests {
    private func words(_ entries: [Entry]) -> [String] {
        entries.map { entry in
            switch entry.change {
            case .gap(let gap): "\(gap.from)...\(entry.seq) \(gap.reason)"
            case .message(let posted): posted.content
            case .member(let action, let member): "\(member.user.id) \(action)"
            case .created: "created"
            default: "changed"
            }
        }
    }

    private func fill(_ room: ConversationID, in house: House, _ texts: ClosedRange<Int>) throws {
        for number in texts { _ = try house.post("\(number)", in: room) }
    }

    @Test("goes by itself within a minute, and readers are told of a gap")
    func byItself() throws {
        let house = try House { $0.retention = Retention(messages: 2) }
        let room = try house.room(bob)
        try fill(room, in: house, 1...5)
        house.time.advance(seconds: 59)
        house.settle()
        #expect(try house.ask { try await $0.conversation(room, as: bob.id).firstSeq } == 1)
        house.time.advance(seconds: 1)
        house.settle()
        #expect(try house.ask { try await $0.conversation(room, as: bob.id).firstSeq } == 5)
        #expect(house.kernel.metrics.read().expiries == 1)
        let wanted = ["1...4 retention", "4", "5"]
        #expect(words(try house.ask { try await $0.log(of: room, as: bob.id, after: 0) }.entries) == wanted)
        #expect(words(try house.ask { try await $0.events(of: bob.id, after: 0, limit: 9) }.entries) == wanted)
        let list = try house.ask { try await $0.messages(in: room, as: bob.id, limit: 9) }
        #expect(list.map(\.content) == ["4", "5"])
    }

    @Test("by age: thirty days by the wall clock")
    func byAge() throws {
        let house = try House { $0.retention = Retention(days: 30) }
        let room = try house.room(bob)
        try fill(room, in: house, 1...2)
        house.time.advance(seconds: 29 * 86_400)
        _ = try house.post("young", in: room)
        #expect(try house.ask { try await $0.expire() } == [])
        house.time.advance(seconds: 86_401)
        house.settle()
        #expect(try house.ask { try await $0.conversation(room, as: bob.id).firstSeq } == 4)
    }

    @Test(
        "a rule out of bounds is refused",
        arguments: [Retention(days: -1), Retention(days: 36_501), Retention(messages: -1), Retention(messages: .max)])
    func bounds(rule: Retention) throws {
        let house = try House()
        let room = try house.room()
        #expect(
            house.refusal(.updateDetails(room, name: nil, description: nil, retention: rule), as: ann) == .invalidField)
        let details = ConversationDetails(isGroup: true, retention: rule)
        #expect(house.refusal(.createConversation(details, participants: []), as: ann) == .invalidField)
    }

    @Test("only admins and owners make a rule, and everybody is told of it")
    func rule() throws {
        let house = try House()
        let room = try house.room(bob)
        let command = Command.updateDetails(room, name: nil, description: nil, retention: Retention(days: 7))
        #expect(house.refusal(command, as: bob) == .forbidden)
        let told = try house.entry(try house.perform(command, as: ann)).change
        #expect(told == .updated(ConversationDetails(name: "room", isGroup: true, retention: Retention(days: 7))))
        let gone = try house.perform(
            .updateDetails(room, name: nil, description: nil, retention: Retention()), as: ann)
        #expect(try house.entry(gone).change == .updated(ConversationDetails(name: "room", isGroup: true)))
        #expect(try house.perform(command, as: ann) != .unchanged)
    }

    @Test("mail that is still in memory is forgotten too")
    func mail() throws {
        let house = try House { $0.retention = Retention(messages: 1) }
        let room = try house.room(bob)
        let lane = Lane(house)
        try lane.follow(bob)
        try fill(room, in: house, 1...3)
        house.settle()
        #expect(try lane.shown(to: bob, after: 1) == "2 1;3 2;4 3;")
        try house.ask { _ = try await $0.expire() }
        house.settle()
        #expect(try lane.shown(to: bob, after: 1) == nil)
        #expect(try lane.shown(to: bob, after: 3) == "4 3;")
    }

    @Test("a page of history has one gap for all that is gone, and nothing is behind it")
    func history() throws {
        let house = try House { $0.retention = Retention(messages: 4) }
        let room = try house.room(bob)
        try fill(room, in: house, 1...9)
        try house.ask { _ = try await $0.expire() }
        func page(_ page: Kernel.MessagePage, _ limit: Int) throws -> ([String], Bool) {
            let found = try house.ask { try await $0.history(of: room, as: bob.id, page, limit: limit) }
            return (words(found.entries), found.hasMore)
        }
        #expect(try page(.newest(), 2) == (["8", "9"], true))
        #expect(try page(.newest(), 4) == (["1...6 retention", "6", "7", "8", "9"], false))
        #expect(try page(.before(9), 3) == (["1...6 retention", "6", "7"], false))
        #expect(try page(.before(7), 3) == (["1...6 retention"], false))
        #expect(try page(.after(2), 6) == (["3...6 retention", "6", "7"], true))
        #expect(try page(.after(2), 3) == (["3...5 retention"], true))
        #expect(try page(.before(4), 2) == (["1...3 retention"], false))
    }

    @Test("what was before a stay is told in a gap, live and from the store")
    func stays() throws {
        let house = try House()
        let room = try house.room()
        let lane = Lane(house)
        try lane.follow(bob)
        let head = try house.ask { try await $0.head().pos }
        try fill(room, in: house, 1...3)
        try house.perform(.addMember(room, bob.id, .member), as: ann)
        try fill(room, in: house, 4...4)
        house.settle()
        #expect(try lane.shown(to: bob, after: head) == nil, "only the store knows how the stay began")
        let page = try house.ask { try await $0.events(of: bob.id, after: head, limit: 1) }
        #expect(words(page.entries) == ["1...4 membership", "bob added"])
        #expect(try lane.shown(to: bob, after: page.through) == "6 4;")
        let log = try house.ask { try await $0.log(of: room, as: bob.id, after: 2) }
        #expect(words(log.entries) == ["3...4 membership", "bob added", "4"])
    }

    @Test("a stay that began in what is gone is told of too")
    func goneStay() throws {
        let house = try House { $0.retention = Retention(messages: 1) }
        let room = try house.room()
        try fill(room, in: house, 1...2)
        try house.perform(.addMember(room, bob.id, .member), as: ann)
        try fill(room, in: house, 3...5)
        try house.ask { _ = try await $0.expire() }
        let wanted = ["1...3 membership", "4...6 retention", "5"]
        #expect(words(try house.ask { try await $0.events(of: bob.id, after: 0, limit: 9) }.entries) == wanted)
        #expect(words(try house.ask { try await $0.log(of: room, as: bob.id, after: 0) }.entries) == wanted)
    }
}
