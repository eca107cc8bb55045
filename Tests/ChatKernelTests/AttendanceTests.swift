import ChatKernel
import ChatSimulation
import Testing

@Suite("Attendance")
struct AttendanceTests {
    @Test("Who attends is here in all of its conversations, in those it comes into, and nowhere when it ends")
    func attends() throws {
        let house = try House()
        let (room, other) = (try house.room(bob), try house.room(cat))
        let ear = Ear()
        _ = try house.session(of: ann, in: room, on: ear)
        let attendance = house.kernel.attendance(of: bob)
        try house.ask { _ in await attendance.begin() }
        house.pass(milliseconds: 200)
        #expect(ear.presence == ["+ann [ann]", "+bob [ann bob]"])
        #expect(house.kernel.activeUsers(in: other) == [])
        let new = try house.room(bob)
        attendance.enter(new)
        #expect(house.kernel.activeUsers(in: new) == [bob.id])
        attendance.leave(new)
        #expect(house.kernel.activeUsers(in: new) == [])
        attendance.end()
        house.pass(milliseconds: 200)
        #expect(ear.presence == ["-bob [ann]"])
        attendance.enter(room)
        #expect(house.kernel.activeUsers(in: room) == [ann.id])
    }

    @Test("A connection and an attendance of one user are one presence")
    func once() throws {
        let house = try House()
        let room = try house.room(bob)
        let ear = Ear()
        let session = try house.session(of: bob, in: room, on: ear)
        var attendance: Attendance? = house.kernel.attendance(of: bob)
        let begun = attendance
        try house.ask { _ in await begun?.begin() }
        #expect(house.kernel.activeUsers(in: room) == [bob.id])
        session.close()
        #expect(house.kernel.activeUsers(in: room) == [bob.id])
        attendance?.end()
        attendance = nil
        #expect(house.kernel.activeUsers(in: room) == [])
    }

    @Test("Who is removed from a conversation, or let in again, while the list of them is read, is not here, or is")
    func meanwhile() throws {
        let house = try House()
        let (lost, kept) = (try house.room(bob), try house.room(bob))
        let attendance = house.kernel.attendance(of: bob)
        house.store.whileConversationIsRead {
            attendance.leave(lost)
            attendance.leave(kept)
            attendance.enter(kept)
        }
        try house.ask { _ in await attendance.begin() }
        house.store.whileConversationIsRead(nil)
        #expect(house.kernel.activeUsers(in: lost) == [])
        #expect(house.kernel.activeUsers(in: kept) == [bob.id])
        attendance.end()
        #expect(house.kernel.activeUsers(in: kept) == [])
    }
}
