import ChatKernel
import ChatSimulation
import Testing

@Suite("Dismissal")
struct DismissalTests {
    @Test(
        "Who is disabled while connected is named to the outlets within two seconds, once, behind what was committed before"
    )
    func disabled() throws {
        let house = try House()
        let room = try house.room(bob)
        let (ear, other) = (Ear(), Ear())
        _ = try house.session(of: bob, in: room, on: ear)
        _ = try house.session(of: ann, in: room, on: other)
        house.settle()
        _ = ear.batches.takeAll()
        var account = try #require(try house.ask { try await $0.store.user(bob.id) })
        account.isActive = false
        account.updatedAt = house.time.wall()
        let disabled = account
        try house.ask { try await $0.store.save(disabled) }
        _ = try house.post("before", in: room)
        house.pass(milliseconds: 2100)
        let batches = ear.batches.takeAll()
        #expect(batches.map(\.dismissals) == [[], [bob.id]])
        #expect(batches.first?.parcels.count == 1)
        house.pass(milliseconds: 10_000)
        #expect(ear.batches.takeAll().allSatisfy { $0.dismissals.isEmpty })
        // Enabled, and disabled again.
        account.isActive = true
        account.updatedAt = house.time.wall()
        let enabled = account
        try house.ask { try await $0.store.save(enabled) }
        house.pass(milliseconds: 2100)
        account.isActive = false
        account.updatedAt = house.time.wall()
        let again = account
        try house.ask { try await $0.store.save(again) }
        house.pass(milliseconds: 2100)
        #expect(ear.batches.takeAll().flatMap(\.dismissals) == [bob.id])
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
