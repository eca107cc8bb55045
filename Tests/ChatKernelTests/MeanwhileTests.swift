import ChatKernel
import ChatSimulation
import Testing

/// A question takes two reads of the store, and something is committed between them. Found by the simulation.
@Suite("Meanwhile")
struct MeanwhileTests {
    private let house: House
    private let room: ConversationID

    init() throws {
        house = try House()
        room = try house.room(bob)
    }

    private func draft(_ proposal: Draft.Proposal) -> Draft {
        Draft(conversation: room, author: ann.id, proposal: proposal, entropy: 1)
    }

    private var removal: Draft { draft(.remove(bob.id)) }
    private var gossip: Draft { draft(.post(content: "behind his back", clientID: nil, replyTo: nil)) }
    private var welcome: Draft { draft(.add(bob.id, .member)) }

    @Test("A reader removed while it reads is not parted before it has its removal")
    func removedWhileReading() throws {
        try _ = house.post("a", in: room)
        house.store.meanwhile(gossip, removal)
        let page = try house.ask { [room] in try await $0.log(of: room, as: bob.id, after: 0) }
        #expect(page.entries.map(\.seq) == [1, 2])
        #expect(page.isLast)
        #expect(!page.endsMembership)
        let rest = try house.ask { [room] in try await $0.log(of: room, as: bob.id, after: 2) }
        #expect(rest.entries.map(\.seq) == [3, 4])
        #expect(rest.endsMembership)
    }

    @Test("A reader let in again while it reads does not go live over what was said between")
    func letInAgainWhileReading() throws {
        try house.perform(.removeMember(room, bob.id), as: ann)
        house.store.meanwhile(gossip, welcome)
        let page = try house.ask { [room] in try await $0.log(of: room, as: bob.id, after: 0) }
        #expect(page.entries.map(\.seq) == [1, 2])
        #expect(page.endsMembership)
    }

    @Test("A page of messages shows nothing of after the moment its reader was judged")
    func messages() throws {
        try _ = house.post("a", in: room)
        house.store.meanwhile(removal, gossip)
        let page = try house.ask { [room] in try await $0.messages(in: room, as: bob.id, limit: 9) }
        #expect(page.map(\.content) == ["a"])
    }
}
