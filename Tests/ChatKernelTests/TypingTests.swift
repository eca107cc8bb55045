import ChatKernel
import Testing

private let room = ConversationID("room")
private let second: Int64 = 1_000_000_000

@Suite("Typing")
struct TypingTests {
    private func ended(_ typing: inout Typing, at now: Int64) -> [UserID] { typing.tick(now: now).map(\.user.id) }

    @Test("It ends by itself after six seconds")
    func ends() {
        var typing = Typing()
        let told = typing.set(ann, in: room, on: true, now: 0)
        #expect(told)
        #expect(ended(&typing, at: 6 * second - 1) == [])
        #expect(typing.isWaiting)
        #expect(ended(&typing, at: 6 * second) == [ann.id])
        #expect(!typing.isWaiting)
        #expect(ended(&typing, at: 7 * second) == [])
    }

    @Test("Typing on puts the end off")
    func renewed() {
        var typing = Typing()
        _ = typing.set(ann, in: room, on: true, now: 0)
        _ = typing.set(ann, in: room, on: true, now: 4 * second)
        #expect(ended(&typing, at: 6 * second) == [])
        #expect(ended(&typing, at: 10 * second) == [ann.id])
    }

    @Test("Who says that it stops has stopped, and is not told of again")
    func stops() {
        var typing = Typing()
        _ = typing.set(ann, in: room, on: true, now: 0)
        let told = typing.set(ann, in: room, on: false, now: second)
        let again = typing.set(ann, in: room, on: false, now: second)
        #expect(told)
        #expect(!again)
        #expect(ended(&typing, at: 6 * second) == [])
    }

    @Test("Several end in the order in which they began")
    func order() {
        var typing = Typing()
        _ = typing.set(bob, in: room, on: true, now: 0)
        _ = typing.set(ann, in: room, on: true, now: 1)
        _ = typing.set(cat, in: room, on: true, now: 2)
        #expect(ended(&typing, at: 6 * second + 1) == [bob.id, ann.id])
        #expect(ended(&typing, at: 7 * second) == [cat.id])
    }

    @Test("Each conversation has its own")
    func separate() {
        var typing = Typing()
        _ = typing.set(ann, in: room, on: true, now: 0)
        let told = typing.set(ann, in: ConversationID("other"), on: false, now: 1)
        #expect(!told)
        #expect(ended(&typing, at: 6 * second) == [ann.id])
    }

    @Test("A flood of renewals is bounded, and still ends")
    func flood() {
        var typing = Typing()
        var told = 0
        for _ in 0..<200_000 where typing.set(ann, in: room, on: true, now: 0) { told += 1 }
        #expect(told < 200_000)
        #expect(ended(&typing, at: 6 * second) == [ann.id])
        let again = typing.set(ann, in: room, on: true, now: 7 * second)
        #expect(again)
    }
}
