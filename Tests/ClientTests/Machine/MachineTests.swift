import ChatKernel
import Testing

@testable import ChatClient

@Suite("The machine: which way, and when")
struct MachineTests {
    @Test("without a cursor it asks how things stand first, then goes live from there")
    func snapshot() {
        var script = Script()
        #expect(script.begin() == [.poll(1, cursor: nil, seconds: 0, token: "t")])
        let snapshot = ClientSnapshot(conversations: [], hasMore: false)
        #expect(script.when(.polled(1, PollAnswer(cursor: "c5", snapshot: snapshot))) == [.open(2, token: "t")])
        #expect(script.told == [.snapshot(snapshot)])
        #expect(script.cursor == "c5")
        script.enter(2)
        #expect(script.told.last == .caughtUp)
        #expect(script.states == [.connecting, .live])
    }

    @Test("what a snapshot holds already is not told again, and still moves the cursor")
    func covered() {
        var script = Script()
        _ = script.begin()
        let state = ClientSnapshot.State(conversation: conversation(lastSeq: 7), messages: [], readMarks: [:])
        let snapshot = ClientSnapshot(conversations: [state], hasMore: false)
        script.when(.polled(1, PollAnswer(cursor: "c5", snapshot: snapshot)))
        script.enter(2)
        script.when(.frame(2, wrote("in the snapshot", pos: 17, seq: 7)))
        #expect(script.cursor == "c17")
        script.when(.frame(2, wrote("after it", pos: 18, seq: 8)))
        #expect(script.contents == ["after it"])
    }

    @Test("an event that comes twice, by whichever way, is told once")
    func duplicates() {
        var script = Script(cursor: "c1")
        let number = script.live()
        for pos in [2, 3, 3, 2] { script.when(.frame(number, wrote("\(pos)", pos: Pos(pos)))) }
        script.when(.closed(number, code: nil))
        _ = script.later()
        script.enter(2)
        for pos in [3, 4] { script.when(.frame(2, wrote("\(pos)", pos: Pos(pos)))) }
        #expect(script.contents == ["2", "3", "4"])
        #expect(script.cursor == "c4")
    }

    @Test("a connection that is lost is sought again soon, by WebSocket, from where it was")
    func lost() {
        var script = Script(cursor: "c1")
        let number = script.live()
        script.when(.frame(number, wrote("two", pos: 2)))
        #expect(script.when(.closed(number, code: nil)).isEmpty)
        #expect((500...1000).contains(script.pause ?? 0))
        #expect(script.later() == [.open(2, token: "t")])
        script.when(.opened(2))
        #expect(script.when(.frame(2, .hello(cursor: "head"))) == [.send(2, .hello(cursor: "c2"))])
    }

    @Test("the pauses between attempts double up to a bound, and being caught up ends that")
    func backoff() {
        var script = Script(cursor: "c1")
        let number = script.live()
        script.when(.closed(number, code: nil))
        var next = 2
        for longest in [1000, 2000, 4000, 8000, 8000, 8000] as [Int64] {
            #expect((longest / 2...longest).contains(script.pause ?? 0))
            #expect(script.later() == [.open(next, token: "t")])
            script.when(.unreachable(next))
            next += 1
        }
        #expect(script.later() == [.open(next, token: "t")])
        script.enter(next)
        script.when(.closed(next, code: nil))
        #expect((500...1000).contains(script.pause ?? 0))
    }

    @Test("two clients do not come back at the same moment")
    func jitter() {
        var pauses: Set<Int64> = []
        for seed in 0..<20 {
            var backoff = Backoff(first: 1_000_000_000, longest: 8_000_000_000)
            var dice = SplitMix64(seed: UInt64(seed))
            pauses.insert(backoff.next(&dice))
        }
        #expect(pauses.count > 15)
    }

    @Test("a server that drains is given the time that it asked for")
    func draining() {
        var script = Script(cursor: "c1")
        let number = script.live()
        script.when(.frame(number, .draining(retryAfterMilliseconds: 5000)))
        script.when(.closed(number, code: 4503))
        #expect((5500...6000).contains(script.pause ?? 0))
    }

    @Test("where WebSocket is refused it polls, and tries WebSocket again now and then, and comes back")
    func fallback() {
        var script = Script(cursor: "c1")
        #expect(script.begin() == [.open(1, token: "t")])
        #expect(
            script.when(.notUpgraded(1, refusal(404, .invalidField)))
                == [.poll(2, cursor: "c1", seconds: 0, token: "t")])
        #expect(
            script.when(.polled(2, PollAnswer(frames: [wrote("two", pos: 2)], cursor: "c2")))
                == [.poll(3, cursor: "c2", seconds: 25, token: "t")])
        #expect(script.states.last == .polling)
        #expect((10_000...20_000).contains(script.pause ?? 0))
        #expect(script.later() == [.open(4, token: "t")])
        #expect(script.states.last == .polling)
        script.when(.opened(4))
        #expect(
            script.when(.frame(4, .hello(cursor: "head"))) == [.send(4, .hello(cursor: "c2")), .cancel(3)])
        // What the poll brought all the same is not heard.
        script.when(.polled(3, PollAnswer(frames: [wrote("three", pos: 3)], cursor: "c3")))
        script.when(.frame(4, wrote("three", pos: 3)))
        #expect(script.contents == ["two", "three"])
        #expect(script.states.last == .live)
    }

    @Test("by polls, too, it says when all that had happened has come: once, and again after an outage")
    func caughtUpByPolls() {
        var script = Script(cursor: "c1", webSocket: false)
        _ = script.begin()
        let more = PollAnswer(frames: [wrote("two", pos: 2)], cursor: "c2", hasMore: true)
        #expect(script.when(.polled(1, more)) == [.poll(2, cursor: "c2", seconds: 0, token: "t")])
        #expect(!script.told.contains(.caughtUp))
        let last = PollAnswer(frames: [wrote("three", pos: 3)], cursor: "c3")
        #expect(script.when(.polled(2, last)) == [.poll(3, cursor: "c3", seconds: 25, token: "t")])
        #expect(script.told.last == .caughtUp)
        script.when(.polled(3, PollAnswer(frames: [wrote("four", pos: 4)], cursor: "c4")))
        script.when(.pollFailed(4))
        #expect(script.later() == [.poll(5, cursor: "c4", seconds: 0, token: "t")])
        script.when(.polled(5, PollAnswer(cursor: "c4")))
        #expect(script.told.filter { $0 == .caughtUp }.count == 2)
        #expect(script.told.last == .caughtUp)
    }

    @Test("by polls alone a snapshot is followed by what happened meanwhile, and then it is caught up")
    func caughtUpBehindSnapshot() {
        var script = Script(webSocket: false)
        _ = script.begin()
        let snapshot = ClientSnapshot(conversations: [], hasMore: false)
        let asked = script.when(.polled(1, PollAnswer(cursor: "c5", snapshot: snapshot)))
        #expect(asked == [.poll(2, cursor: "c5", seconds: 0, token: "t")])
        script.when(.polled(2, PollAnswer(cursor: "c5")))
        #expect(script.told == [.snapshot(snapshot), .caughtUp])
    }

    @Test("a proxy that lets the upgrade through and then is mute means polling, too")
    func mute() {
        var script = Script(cursor: "c1")
        _ = script.begin()
        script.when(.opened(1))
        #expect(script.when(.closed(1, code: nil)) == [.poll(2, cursor: "c1", seconds: 0, token: "t")])
    }

    @Test("a client that begins where nobody is says that it waits")
    func nobody() {
        var script = Script()
        _ = script.begin()
        #expect(script.when(.pollFailed(1)).isEmpty)
        guard case .waiting = script.states.last else { return #expect(Bool(false), "\(script.states)") }
        guard case .poll(2, nil, _, _) = script.later().first else { return #expect(Bool(false)) }
    }

    @Test("a server that nobody reaches is not polled besides")
    func unreachable() {
        var script = Script(cursor: "c1")
        _ = script.begin()
        #expect(script.when(.unreachable(1)).isEmpty)
        guard case .waiting = script.states.last else { return #expect(Bool(false), "\(script.states)") }
    }

    @Test("close codes that say “not unchanged” send it to polls, and the others back")
    func codes() {
        for code in [1002, 1003, 1009, 4403, 4499] as [UInt16] {
            var script = Script(cursor: "c1")
            let number = script.live()
            #expect(
                script.when(.closed(number, code: code)) == [.poll(2, cursor: "c1", seconds: 0, token: "t")], "\(code)")
        }
        for code in [1001, 1012, 1013, 4500, 4503, 4529, 4599] as [UInt16] {
            var script = Script(cursor: "c1")
            let number = script.live()
            #expect(script.when(.closed(number, code: code)).isEmpty, "\(code)")
            #expect((500...1000).contains(script.pause ?? 0), "\(code)")
        }
    }

    @Test("a poll whose answer is lost is sent again, and what comes twice by that is told once")
    func lostAnswer() {
        var script = Script(cursor: "c1", webSocket: false)
        #expect(script.begin() == [.poll(1, cursor: "c1", seconds: 0, token: "t")])
        script.when(.polled(1, PollAnswer(frames: [wrote("two", pos: 2)], cursor: "c2")))
        #expect(script.when(.pollFailed(2)).isEmpty)
        #expect(script.later() == [.poll(3, cursor: "c2", seconds: 0, token: "t")])
        script.when(.polled(3, PollAnswer(frames: [wrote("two", pos: 2), wrote("three", pos: 3)], cursor: "c3")))
        #expect(script.contents == ["two", "three"])
    }

    @Test("Retry-After is obeyed")
    func retryAfter() {
        var script = Script(cursor: "c1", webSocket: false)
        _ = script.begin()
        script.when(.pollRefused(1, refusal(503, .overloaded, retryAfter: 30_000)))
        #expect(script.pause == 30_000)
    }

    @Test("a position that the server does not know: the app is told, and is shown how things stand")
    func startingOver() {
        for code in [ChatError.Code.epochChanged, .cursorAhead, .cursorInvalid] {
            var script = Script(cursor: "old")
            let number = script.live()
            script.when(.frame(number, wrote("two", pos: 200)))
            let asked = script.when(.frame(number, .refused(id: "hello", ChatError(code, "no"))))
            #expect(asked == [.poll(2, cursor: nil, seconds: 0, token: "t")])
            let snapshot = ClientSnapshot(conversations: [], hasMore: false)
            let entered = script.when(.polled(2, PollAnswer(cursor: "n1", snapshot: snapshot)))
            #expect(entered == [.send(number, .hello(cursor: "n1"))])
            // Positions of the new store begin again.
            script.when(.frame(number, wrote("of the new store", pos: 2)))
            #expect(script.told.suffix(3).first == .startingOver(code))
            #expect(script.contents.last == "of the new store")
        }
    }

    @Test("a server that never knows the position it has just given is not asked in a circle")
    func circle() {
        var script = Script(cursor: "old", webSocket: false)
        _ = script.begin()
        var number = 1
        var polls = 0
        let end = script.now + 60_000_000_000
        while script.now < end, polls < 1000 {
            polls += 1
            let actions: [ClientMachine.Action]
            if script.machine.cursor == nil {
                let snapshot = ClientSnapshot(conversations: [], hasMore: false)
                actions = script.when(.polled(number, PollAnswer(cursor: "n", snapshot: snapshot)))
            } else {
                actions = script.when(.pollRefused(number, refusal(409, .epochChanged)))
            }
            guard case .poll(let next, _, _, _) = actions.first ?? script.later().first else { break }
            number = next
        }
        #expect(polls < 50)
    }

    @Test("a server without polls has its connection say where to begin")
    func withoutPolls() {
        var script = Script()
        _ = script.begin()
        #expect(script.when(.pollRefused(1, refusal(404, .invalidField))) == [.open(2, token: "t")])
        script.when(.opened(2))
        #expect(script.when(.frame(2, .hello(cursor: "head"))) == [.send(2, .hello(cursor: "head"))])
        #expect(script.cursor == "head")
    }

    @Test("an app that does not keep up is not read for; when it does, it goes on where it was")
    func room() {
        var script = Script(cursor: "c1", webSocket: false)
        _ = script.begin()
        script.when(.room(false))
        #expect(script.when(.polled(1, PollAnswer(frames: [wrote("two", pos: 2)], cursor: "c2"))).isEmpty)
        #expect(script.machine.deadline == nil)
        #expect(script.when(.room(true)) == [.poll(2, cursor: "c2", seconds: 25, token: "t")])
    }

    private func conversation(lastSeq: Seq) -> Conversation {
        let start = Timestamp(microseconds: 0)
        return Conversation(
            id: tea, details: ConversationDetails(name: "Tea", isGroup: true), createdAt: start, updatedAt: start,
            participants: [], lastSeq: lastSeq, unreadCount: 0, lastMessage: nil)
    }
}
