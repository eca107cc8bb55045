import ChatKernel
import ChatSimulation
import Testing

/// Who may do what, as a table: each action by each role, judged by the commit.
@Suite("Rules")
struct RulesTests {
    private let house: House
    private let room: ConversationID
    private let anns: MessageID
    private let bobs: MessageID

    /// ann owns; bob gets the role in question; cat is a member.
    init() throws {
        house = try House()
        room = try house.room(bob, cat)
        anns = try Self.id(house.post("ann's", in: room))
        bobs = try Self.id(house.post("bob's", in: room, as: bob))
    }

    private static func id(_ entry: Entry) throws -> MessageID {
        guard case .message(let posted) = entry.change else { throw House.NoEntry() }
        return posted.id
    }

    private func become(_ role: Role?) throws {
        if let role {
            try house.perform(.addMember(room, bob.id, role), as: ann)
        } else {
            try house.perform(.removeMember(room, bob.id), as: ann)
        }
    }

    enum Action: String, CaseIterable, Sendable {
        case post, editOwn, editOther, deleteOwn, deleteOther, react, update, read
        case addMember, addAdmin, promote, demoteOwner, removeMember, removeOwner, leave
    }

    private func command(_ action: Action) -> Command {
        switch action {
        case .post: .post(room, content: "hello")
        case .editOwn: .edit(bobs, content: "new")
        case .editOther: .edit(anns, content: "new")
        case .deleteOwn: .delete(bobs)
        case .deleteOther: .delete(anns)
        case .react: .react(anns, key: "up", on: true)
        case .update: .updateDetails(room, name: "new", description: nil)
        case .read: .read(room, through: 3)
        case .addMember: .addMember(room, UserID("dan"), .member)
        case .addAdmin: .addMember(room, UserID("dan"), .admin)
        case .promote: .addMember(room, cat.id, .admin)
        case .demoteOwner: .addMember(room, ann.id, .member)
        case .removeMember: .removeMember(room, cat.id)
        case .removeOwner: .removeMember(room, ann.id)
        case .leave: .removeMember(room, bob.id)
        }
    }

    /// Which roles may; everybody else is forbidden it.
    private static let allowed: [Action: Set<Role>] = [
        .post: [.member, .admin, .owner],
        .editOwn: [.member, .admin, .owner],
        .editOther: [],
        .deleteOwn: [.member, .admin, .owner],
        .deleteOther: [.admin, .owner],
        .react: [.member, .admin, .owner],
        .update: [.admin, .owner],
        .read: [.reader, .member, .admin, .owner],
        .addMember: [.admin, .owner],
        .addAdmin: [.owner],
        .promote: [.owner],
        .demoteOwner: [.owner],
        .removeMember: [.admin, .owner],
        .removeOwner: [.owner],
        .leave: [.reader, .member, .admin, .owner],
    ]

    @Test("By role", arguments: Role.allCases, Action.allCases)
    func byRole(role: Role, action: Action) throws {
        let dan = User(id: UserID("dan"), username: "Dan", createdAt: house.time.wall())
        try house.executor.finish { [store = house.store] in try await store.save(dan) }
        try become(role)
        let expected: ChatError.Code? = Self.allowed[action]?.contains(role) == true ? nil : .forbidden
        #expect(house.refusal(command(action), as: bob) == expected)
    }

    @Test("Who was removed may nothing", arguments: Action.allCases)
    func removed(action: Action) throws {
        try become(nil)
        #expect(house.refusal(command(action), as: bob) == .notAMember)
    }

    @Test("Who never was a member may nothing", arguments: Action.allCases)
    func stranger(action: Action) throws {
        let dan = UserReference(id: UserID("dan"), username: "Dan")
        #expect(house.refusal(command(action), as: dan) == .notAMember)
    }

    @Test("What is deleted can be neither edited, nor deleted, nor reacted to")
    func deleted() throws {
        try house.perform(.delete(bobs), as: bob)
        #expect(house.refusal(.edit(bobs, content: "x"), as: bob) == .unknownMessage)
        #expect(house.refusal(.delete(bobs), as: bob) == .unknownMessage)
        #expect(house.refusal(.react(bobs, key: "up", on: true), as: bob) == .unknownMessage)
    }

    @Test("The last owner neither leaves nor steps down")
    func lastOwner() throws {
        #expect(house.refusal(.removeMember(room, ann.id), as: ann) == .conflict)
        #expect(house.refusal(.addMember(room, ann.id, .admin), as: ann) == .conflict)
        try become(.owner)
        #expect(house.refusal(.removeMember(room, ann.id), as: ann) == nil)
    }

    @Test("A pair is closed, and there is one")
    func pair() throws {
        let create = Command.createConversation(ConversationDetails(isGroup: false), participants: [bob.id])
        let pair = try house.entry(try house.perform(create, as: ann)).conversation
        let back = Command.createConversation(ConversationDetails(isGroup: false), participants: [ann.id])
        #expect(try house.perform(back, as: bob) == .existing(pair))
        #expect(house.refusal(.addMember(pair, cat.id, .member), as: ann) == .conflict)
        #expect(house.refusal(.removeMember(pair, bob.id), as: bob) == .conflict)
    }

    @Test("Who joined late neither sees nor answers what was before")
    func late() throws {
        try become(nil)
        let hidden = try Self.id(house.post("behind bob's back", in: room))
        try become(.member)
        #expect(house.refusal(.post(room, content: "?", replyTo: hidden), as: bob) == .unknownMessage)
        #expect(house.refusal(.react(hidden, key: "up", on: true), as: bob) == .unknownMessage)
        #expect(house.refusal(.post(room, content: "!", replyTo: anns), as: bob) == nil)
    }

    @Test("The same again changes nothing")
    func unchanged() throws {
        try house.perform(.react(anns, key: "up", on: true), as: bob)
        #expect(try house.perform(.react(anns, key: "up", on: true), as: bob) == .unchanged)
        #expect(try house.perform(.react(anns, key: "down", on: false), as: bob) == .unchanged)
        #expect(try house.perform(.addMember(room, bob.id, .member), as: ann) == .unchanged)
        #expect(try house.perform(.updateDetails(room, name: "room", description: nil), as: ann) == .unchanged)
        #expect(try house.perform(.read(room, through: 1), as: bob) == .unchanged)
    }

    @Test("A key makes a message once, in its user's scope")
    func keys() throws {
        let key = ClientID("k")
        let first = try house.entry(try house.perform(.post(room, content: "a", clientID: key), as: bob))
        #expect(try house.perform(.post(room, content: "a", clientID: key), as: bob) == .repeated(first))
        #expect(house.refusal(.post(room, content: "b", clientID: key), as: bob) == .idempotencyMismatch)
        #expect(house.refusal(.post(room, content: "b", clientID: key), as: cat) == nil)
    }

    @Test("An unknown user cannot be added, nor begin a conversation")
    func unknownUser() throws {
        #expect(house.refusal(.addMember(room, UserID("nobody"), .member), as: ann) == .unknownUser)
        let create = Command.createConversation(ConversationDetails(isGroup: true), participants: [])
        let nobody = UserReference(id: UserID("nobody"), username: "Nobody")
        #expect(house.refusal(create, as: nobody) == .unknownUser)
    }
}
