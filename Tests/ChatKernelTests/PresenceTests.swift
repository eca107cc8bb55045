import Testing

@testable import ChatKernel

private let room = ConversationID("room")
private let second: Int64 = 1_000_000_000

private func words(_ notices: [PresenceNotice]) -> [String] { notices.map(\.words) }

@Suite("Presence")
struct PresenceTests {
    @Test("In a quiet conversation it is told at once")
    func atOnce() {
        var presence = Presence()
        #expect(words(presence.enter(ann, room, now: 0)) == ["+ann [ann]"])
        #expect(words(presence.enter(bob, room, now: second)) == ["+bob [ann bob]"])
        #expect(words(presence.leave(ann.id, room, now: 2 * second)) == ["-ann [bob]"])
        #expect(presence.activeUsers(in: room) == [bob.id])
    }

    @Test("Per user, not per connection")
    func perUser() {
        var presence = Presence()
        _ = presence.enter(ann, room, now: 0)
        #expect(words(presence.enter(ann, room, now: second)) == [])
        #expect(words(presence.leave(ann.id, room, now: 2 * second)) == [])
        #expect(presence.activeUsers(in: room) == [ann.id])
        #expect(words(presence.leave(ann.id, room, now: 3 * second)) == ["-ann []"])
    }

    @Test("A second connection is told who is here, and nobody else is told anything")
    func secondConnection() {
        var presence = Presence()
        _ = presence.enter(ann, room, by: Session.ID(1), now: 0)
        _ = presence.enter(bob, room, by: Session.ID(2), now: second)
        let notices = presence.enter(ann, room, by: Session.ID(3), now: 2 * second)
        #expect(words(notices) == ["=ann [ann bob]"])
        #expect(notices.map(\.audience) == [[Session.ID(3)]])
        #expect(words(presence.tick(now: 3 * second)) == [])
    }

    @Test("A second connection while the first is yet to be told of hears what all hear, and no more")
    func secondOfUnannounced() {
        var presence = Presence()
        _ = presence.enter(ann, room, by: Session.ID(1), now: 0)
        #expect(words(presence.enter(bob, room, by: Session.ID(2), now: 1)) == [])
        #expect(words(presence.enter(bob, room, by: Session.ID(3), now: 2)) == [])
        #expect(words(presence.tick(now: second)) == ["+bob [ann bob]"])
        #expect(words(presence.tick(now: 2 * second)) == [])
    }

    @Test("Second connections that come in a herd share a notice, and need none when one for all goes out")
    func secondHerd() {
        var presence = Presence()
        for number in 0..<100 {
            let user = UserReference(id: UserID("u\(number)"), username: "u")
            _ = presence.enter(user, room, by: Session.ID(UInt64(number)), now: 0)
        }
        _ = presence.tick(now: second)
        var notices: [PresenceNotice] = []
        for number in 0..<100 {
            let user = UserReference(id: UserID("u\(number)"), username: "u")
            notices += presence.enter(user, room, by: Session.ID(UInt64(1000 + number)), now: 2 * second)
        }
        notices += presence.tick(now: 3 * second)
        #expect(notices.map(\.event) == [.present, .present])
        #expect(Set(notices.compactMap(\.audience).joined()).count == 100)
        _ = presence.enter(ann, room, by: Session.ID(1), now: 4 * second)
        _ = presence.enter(ann, room, by: Session.ID(2), now: 4 * second + 1)
        _ = presence.enter(bob, room, by: Session.ID(3), now: 4 * second + 2)
        #expect(presence.tick(now: 5 * second).map(\.event) == [.joined])
    }

    @Test("Users are listed once each, by when they came")
    func order() {
        var presence = Presence()
        for user in [cat, ann, bob, ann] { _ = presence.enter(user, room, now: 0) }
        #expect(presence.activeUsers(in: room) == [cat.id, ann.id, bob.id])
    }

    @Test("A herd is told in two notices, not in a thousand")
    func herd() {
        var presence = Presence()
        var notices: [PresenceNotice] = []
        for number in 0..<1000 {
            let user = UserReference(id: UserID("u\(number)"), username: "u")
            notices += presence.enter(user, room, now: Int64(number))
        }
        #expect(notices.count == 1)
        #expect(presence.isWaiting)
        let merged = presence.tick(now: second)
        #expect(merged.count == 1)
        #expect(merged.first?.activeUsers.count == 1000)
        #expect(merged.first?.user.id == UserID("u999"))
        #expect(!presence.isWaiting)
    }

    @Test("Nothing is told before the pause is over")
    func pause() {
        var presence = Presence()
        _ = presence.enter(ann, room, now: 0)
        _ = presence.enter(bob, room, now: 1)
        let due = Presence.pause(present: 1)
        #expect(words(presence.tick(now: due - 1)) == [])
        #expect(words(presence.tick(now: due)) == ["+bob [ann bob]"])
        #expect(words(presence.tick(now: due + second)) == [])
    }

    @Test("The pause grows with the list, and so a large room costs no more than a small one")
    func longerPause() {
        #expect(Presence.pause(present: 1000) > Presence.pause(present: 1))
        #expect(Presence.pause(present: 1000) == 250_000_000)
    }

    @Test("Who came and went between two notices was never there")
    func unseen() {
        var presence = Presence()
        _ = presence.enter(ann, room, now: 0)
        _ = presence.enter(bob, room, now: 1)
        _ = presence.leave(bob.id, room, now: 2)
        #expect(words(presence.tick(now: second)) == [])
    }

    @Test("Who went and came back between two notices never left")
    func backAgain() {
        var presence = Presence()
        _ = presence.enter(ann, room, now: 0)
        _ = presence.enter(bob, room, now: second)
        _ = presence.leave(bob.id, room, now: second + 1)
        _ = presence.enter(bob, room, now: second + 2)
        #expect(words(presence.tick(now: 2 * second)) == [])
        #expect(presence.activeUsers(in: room) == [ann.id, bob.id])
    }

    @Test("Merged, first those who went and then those who came, with the same list")
    func merged() {
        var presence = Presence()
        _ = presence.enter(ann, room, now: 0)
        _ = presence.leave(ann.id, room, now: 1)
        _ = presence.enter(bob, room, now: 2)
        #expect(words(presence.tick(now: second)) == ["-ann [bob]", "+bob [bob]"])
    }

    @Test("A lease lasts until it runs out")
    func lease() {
        var presence = Presence()
        #expect(words(presence.lease(ann, room, until: 10 * second, now: 0)) == ["+ann [ann]"])
        #expect(words(presence.tick(now: 9 * second)) == [])
        #expect(presence.isWaiting)
        #expect(words(presence.tick(now: 10 * second)) == ["-ann []"])
        #expect(!presence.isWaiting)
    }

    @Test("A renewed lease lasts until its new end")
    func renewed() {
        var presence = Presence()
        _ = presence.lease(ann, room, until: 10 * second, now: 0)
        _ = presence.lease(ann, room, until: 20 * second, now: 5 * second)
        #expect(words(presence.tick(now: 11 * second)) == [])
        #expect(words(presence.tick(now: 20 * second)) == ["-ann []"])
    }

    @Test("A connection outlasts a lease, and a lease a connection")
    func both() {
        var presence = Presence()
        _ = presence.enter(ann, room, now: 0)
        _ = presence.lease(ann, room, until: 5 * second, now: second)
        #expect(words(presence.tick(now: 6 * second)) == [])
        #expect(presence.activeUsers(in: room) == [ann.id])
        _ = presence.lease(ann, room, until: 20 * second, now: 7 * second)
        #expect(words(presence.leave(ann.id, room, now: 8 * second)) == [])
        #expect(words(presence.tick(now: 20 * second)) == ["-ann []"])
    }

    @Test("Who leaves without having come changes nothing")
    func stranger() {
        var presence = Presence()
        #expect(words(presence.leave(bob.id, room, now: 0)) == [])
        _ = presence.enter(ann, room, now: 0)
        #expect(words(presence.leave(bob.id, room, now: second)) == [])
        #expect(presence.activeUsers(in: room) == [ann.id])
    }

    @Test("Conversations do not disturb one another")
    func separate() {
        var presence = Presence()
        let other = ConversationID("other")
        _ = presence.enter(ann, room, now: 0)
        #expect(words(presence.enter(ann, other, now: 0)) == ["+ann [ann]"])
        #expect(words(presence.leave(ann.id, other, now: second)) == ["-ann []"])
        #expect(presence.activeUsers(in: room) == [ann.id])
    }
}
