import ChatKernel
import ChatSimulation
import Testing

@Suite("Dismissal")
struct DismissalTests {
    @Test("Who is disabled while connected is named to the outlets within two seconds, behind what was committed")
    func disabled() throws {
        let house = try House()
        let room = try house.room(bob)
        let (ear, other) = (Ear(), Ear())
        _ = try house.session(of: bob, in: room, on: ear)
        _ = try house.session(of: ann, in: room, on: other)
        house.settle()
        _ = ear.batches.takeAll()
        try house.set(bob, active: false)
        _ = try house.post("before", in: room)
        house.pass(milliseconds: 2100)
        let batches = ear.batches.takeAll()
        #expect(batches.map(\.dismissals) == [[], [bob.id]])
        #expect(batches.first?.parcels.count == 1)
    }

    @Test("Whoever comes back on what was believed before is named again, two seconds later")
    func believed() throws {
        let house = try House()
        let room = try house.room(bob)
        let (first, second) = (Ear(), Ear())
        let session = try house.session(of: bob, in: room, on: first)
        try house.set(bob, active: false)
        house.pass(milliseconds: 2100)
        #expect(first.batches.takeAll().flatMap(\.dismissals) == [bob.id])
        session.close()
        // An authenticator that knew bob a moment ago has not asked since.
        _ = try house.session(of: bob, in: room, on: second)
        house.pass(milliseconds: 2100)
        #expect(second.batches.takeAll().flatMap(\.dismissals) == [bob.id])
    }

    @Test("Who is enabled again is left in peace, and so is everybody a minute after")
    func over() throws {
        let house = try House()
        let room = try house.room(bob, cat)
        let (his, hers) = (Ear(), Ear())
        _ = try house.session(of: bob, in: room, on: his)
        try house.set(bob, active: false)
        house.pass(milliseconds: 2100)
        try house.set(bob, active: true)
        _ = his.batches.takeAll()
        house.pass(milliseconds: 4100)
        #expect(his.batches.takeAll().flatMap(\.dismissals).isEmpty)
        // Nobody asks for ever about who will never come back.
        _ = try house.session(of: cat, in: room, on: hers)
        try house.set(cat, active: false)
        house.pass(milliseconds: 70_000)
        #expect(!hers.batches.takeAll().flatMap(\.dismissals).isEmpty)
        house.pass(milliseconds: 10_000)
        #expect(hers.batches.takeAll().flatMap(\.dismissals).isEmpty)
    }

    @Test("Where nobody is, nobody is told")
    func nobody() throws {
        let house = try House()
        let ear = Ear()
        let session = try house.kernel.open(Identity(user: bob), delivering: ear)
        session.close()
        house.kernel.dismiss([bob.id])
        house.settle()
        #expect(ear.batches.takeAll().isEmpty)
    }
}

extension House {
    /// Disables an account, or takes that back.
    fileprivate func set(_ user: UserReference, active isActive: Bool) throws {
        var account = try #require(try ask { try await $0.store.user(user.id) })
        account.isActive = isActive
        account.updatedAt = time.wall()
        let changed = account
        try ask { try await $0.store.save(changed) }
    }
}
