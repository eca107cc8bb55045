import ChatKernel
import Testing

@testable import ChatClient

/// The numbers that a gap of the conversation leaves out.
private func gap(_ seqs: ClosedRange<Seq>, fillable: Bool = true) -> Gap {
    Gap(conversation: tea, seqs: seqs, reason: "test", isFillable: fillable)
}

/// Messages with these numbers, of which each says its own. Their `pos` is below that of all others.
private func page(_ seqs: ClosedRange<Seq>) -> [ServerFrame] { seqs.map { wrote("\($0)", pos: $0, seq: $0) } }

extension Script {
    /// Messages by their content, and gaps as `5-7`.
    fileprivate var heard: [String] {
        told.compactMap { event in
            switch event {
            case .entry(let entry): if case .message(let posted) = entry.change { posted.content } else { nil }
            case .gap(let gap): "\(gap.seqs.lowerBound)-\(gap.seqs.upperBound)"
            case .caughtUp: "caught up"
            default: nil
            }
        }
    }

    /// Live behind c100, with what was said before forgotten.
    fileprivate mutating func listening() -> Int {
        machine.pos = 100
        let number = live()
        told = []
        return number
    }

    fileprivate mutating func meet(_ gap: Gap, _ number: Int = 1) -> [ClientMachine.Action] {
        when(.frame(number, .gap(gap, cursor: "c101")))
    }
}

@Suite("The machine: gaps")
struct GapTests {
    @Test("one that cannot be filled is told, and the client stands behind it")
    func told() {
        var script = Script(cursor: "c100")
        let number = script.listening()
        #expect(script.meet(gap(5...7, fillable: false)) == [])
        #expect(script.cursor == "c101")
        script.when(.closed(number, code: nil))
        _ = script.later()
        script.when(.opened(2))
        #expect(script.when(.frame(2, .hello(cursor: "head"))) == [.send(2, .hello(cursor: "c101"))])
        #expect(script.heard == ["5-7"])
    }

    @Test("one that can be filled comes from the history, page by page, before what follows it")
    func filled() {
        var script = Script(cursor: "c100")
        let number = script.listening()
        #expect(script.meet(gap(5...350)) == [.send(number, .history(2, tea, after: 4))])
        script.when(.frame(number, wrote("behind", pos: 102, seq: 351)))
        script.when(.frame(number, .caughtUp))
        #expect(script.heard == [])
        #expect(
            script.when(.frame(number, .page(id: "h:2", page(5...204), isAll: false)))
                == [.send(number, .history(3, tea, after: 204))])
        // Nothing of it is safe before all of it is.
        #expect(script.cursor == nil)
        #expect(script.when(.frame(number, .page(id: "h:3", page(205...404), isAll: true))) == [])
        #expect(script.heard == (5...350).map { "\($0)" } + ["behind", "caught up"])
        #expect(script.cursor == "c102")
    }

    @Test("what cannot wait passes by, and messages of the app are sent and recognised meanwhile")
    func meanwhile() {
        var script = Script(cursor: "c100")
        let number = script.listening()
        _ = script.meet(gap(5...6))
        let bob = UserReference(id: UserID("bob"), username: "bob")
        script.when(.frame(number, .typing(tea, bob, on: true)))
        #expect(script.told == [.typing(tea, bob, on: true)])
        let item = OutboxItem(to: tea, content: "mine")
        #expect(script.when(.submit(item)) == [.send(number, .message(item))])
        let own = wrote("mine", pos: 50, seq: 6, clientID: item.clientID)
        let settled = script.when(.frame(number, .page(id: "h:2", page(5...5) + [own], isAll: true)))
        #expect(settled == [.forget(item)])
        #expect(script.heard == ["5", "mine"])
    }

    @Test("when the connection is lost meanwhile, only the rest is asked for again, and nothing comes twice")
    func lost() {
        var script = Script(cursor: "c100")
        let number = script.listening()
        _ = script.meet(gap(5...300))
        script.when(.frame(number, wrote("behind", pos: 102, seq: 301)))
        _ = script.when(.frame(number, .page(id: "h:2", page(5...204), isAll: false)))
        script.when(.closed(number, code: nil))
        guard case .open(let next, _) = script.later().first else { return #expect(Bool(false)) }
        script.when(.opened(next))
        #expect(script.when(.frame(next, .hello(cursor: "head"))) == [.send(next, .hello(cursor: "c100"))])
        let asked = script.meet(gap(5...300), next)
        guard case .send(next, .history(let question, tea, after: 204)) = asked.first else {
            return #expect(Bool(false), "\(asked)")
        }
        script.when(.frame(next, wrote("behind", pos: 102, seq: 301)))
        script.when(.frame(next, .page(id: "h:\(question)", page(205...300), isAll: true)))
        #expect(script.heard == (5...300).map { "\($0)" } + ["behind"])
    }

    @Test("what waits is bounded: past it the client comes back with its cursor, and goes on in the hole")
    func bounded() {
        var script = Script(cursor: "c100")
        let number = script.listening()
        _ = script.meet(gap(5...300))
        _ = script.when(.frame(number, .page(id: "h:2", page(5...204), isAll: false)))
        var closed: [ClientMachine.Action] = []
        for count in 1...2000 {
            closed += script.when(.frame(number, wrote("flood", pos: 101 + Pos(count), seq: 300 + Seq(count))))
        }
        #expect(closed == [.close(number)])
        #expect((500...1000).contains(script.pause ?? 0))
        guard case .open(let next, _) = script.later().first else { return #expect(Bool(false)) }
        script.when(.opened(next))
        #expect(script.when(.frame(next, .hello(cursor: "head"))) == [.send(next, .hello(cursor: "c100"))])
        let asked = script.meet(gap(5...300), next)
        guard case .send(next, .history(_, tea, after: 204)) = asked.first else {
            return #expect(Bool(false), "\(asked)")
        }
        #expect(script.heard == (5...204).map { "\($0)" })
    }

    @Test("what the server will not give is told as a gap, with what did come before it")
    func refused() {
        for (answer, rest) in [
            (.frame(1, .refused(id: "h:3", ChatError(.notAMember, "no"))), "205-300"),
            (.frame(1, .page(id: "h:3", page(205...210), isAll: true)), "211-300"),
            (.frame(1, .page(id: "h:3", [], isAll: false)), "205-300"),
            (.frame(1, .page(id: "h:3", [.gap(gap(1...299, fillable: false), cursor: nil)], isAll: true)), "205-299"),
        ] as [(ClientMachine.Input, String)] {
            var script = Script(cursor: "c100")
            let number = script.listening()
            _ = script.meet(gap(5...300))
            script.when(.frame(number, wrote("behind", pos: 102, seq: 301)))
            _ = script.when(.frame(number, .page(id: "h:2", page(5...204), isAll: false)))
            script.when(answer)
            #expect(script.heard.contains(rest))
            #expect(script.heard.last == "behind")
            #expect(script.cursor == "c102")
        }
    }

    @Test("a refusal that may pass is waited for; a server that fails every time is not asked for ever")
    func putOff() {
        var script = Script(cursor: "c100")
        let number = script.listening()
        _ = script.meet(gap(5...6))
        let busy = ChatError(.storeUnavailable, "later", retryAfterMilliseconds: 3000)
        #expect(script.when(.frame(number, .refused(id: "h:2", busy))) == [])
        #expect(script.pause == 3000)
        #expect(script.later() == [.send(number, .history(3, tea, after: 4))])
        for question in 3...20 {
            #expect(script.when(.frame(number, .refused(id: "h:\(question)", busy))).isEmpty)
            #expect(script.later() == [.send(number, .history(question + 1, tea, after: 4))])
        }
        #expect(script.heard == [])
        let failure = ChatError(.internal, "oh")
        for question in 21..<(20 + GapFill.failureLimit) {
            script.when(.frame(number, .refused(id: "h:\(question)", failure)))
            #expect(script.later() == [.send(number, .history(question + 1, tea, after: 4))])
        }
        script.when(.frame(number, .refused(id: "h:\(20 + GapFill.failureLimit)", failure)))
        #expect(script.heard == ["5-6"])
    }

    @Test("pages that nobody answers say nothing about the hole, however many")
    func unanswered() {
        var script = Script(cursor: "c100", webSocket: false)
        script.machine.pos = 100
        _ = script.begin()
        var asked = script.when(.polled(1, PollAnswer(frames: [.gap(gap(5...6), cursor: "c101")], cursor: "c101")))
        for _ in 1...20 {
            guard case .page(let number, tea, 4, _) = asked.first else { return #expect(Bool(false), "\(asked)") }
            script.when(.pageFailed(number))
            asked = script.later()
        }
        guard case .page(let number, _, _, _) = asked.first else { return #expect(Bool(false), "\(asked)") }
        #expect(script.when(.pageRefused(number, refusal(503, .overloaded))).isEmpty)
        guard case .page(let next, _, _, _) = script.later().first else { return #expect(Bool(false)) }
        script.when(.paged(next, page(5...6), isAll: true))
        #expect(script.heard == ["5", "6", "caught up"])
    }

    @Test("two holes, one behind the other, are filled one after the other")
    func two() {
        var script = Script(cursor: "c100")
        let number = script.listening()
        _ = script.meet(gap(5...6))
        script.when(.frame(number, wrote("7", pos: 102, seq: 7)))
        script.when(.frame(number, .gap(gap(8...9), cursor: "c103")))
        script.when(.frame(number, wrote("10", pos: 104, seq: 10)))
        #expect(
            script.when(.frame(number, .page(id: "h:2", page(5...6), isAll: false)))
                == [.send(number, .history(3, tea, after: 7))])
        script.when(.frame(number, .page(id: "h:3", page(8...9), isAll: false)))
        #expect(script.heard == (5...10).map { "\($0)" })
        #expect(script.cursor == "c104")
    }

    @Test("by polls the messages of it come from REST, and the next poll waits until they have")
    func polls() {
        var script = Script(cursor: "c100", webSocket: false)
        script.machine.pos = 100
        _ = script.begin()
        let answer = PollAnswer(
            frames: [.gap(gap(5...300), cursor: "c101"), wrote("behind", pos: 102, seq: 301)], cursor: "c102")
        #expect(script.when(.polled(1, answer)) == [.page(2, tea, after: 4, token: "t")])
        #expect(script.when(.pageFailed(2)) == [])
        guard case .page(3, tea, 4, _) = script.later().first else { return #expect(Bool(false)) }
        // 205 to 300 are no messages, but for one.
        #expect(script.when(.paged(3, page(5...204), isAll: false)) == [.page(4, tea, after: 204, token: "t")])
        let last = script.when(.paged(4, page(250...250) + page(301...301), isAll: false))
        #expect(last == [.poll(5, cursor: "c102", seconds: 25, token: "t")])
        #expect(script.heard == (5...204).map { "\($0)" } + ["250", "behind", "caught up"])
    }

    @Test("a WebSocket that comes meanwhile takes over where the polls were")
    func takeOver() {
        var script = Script(cursor: "c100")
        script.machine.pos = 100
        _ = script.begin()
        _ = script.when(.notUpgraded(1, refusal(404, .invalidField)))
        let answer = PollAnswer(frames: [.gap(gap(5...300), cursor: "c101")], cursor: "c101")
        #expect(script.when(.polled(2, answer)) == [.page(3, tea, after: 4, token: "t")])
        #expect(script.when(.paged(3, page(5...204), isAll: false)) == [.page(4, tea, after: 204, token: "t")])
        guard case .open(let number, _) = script.later().first else { return #expect(Bool(false)) }
        script.when(.opened(number))
        #expect(
            script.when(.frame(number, .hello(cursor: "head")))
                == [.cancel(4), .send(number, .hello(cursor: "c100"))])
        let asked = script.meet(gap(5...300), number)
        guard case .send(number, .history(let question, tea, after: 204)) = asked.first else {
            return #expect(Bool(false), "\(asked)")
        }
        script.when(.frame(number, .page(id: "h:\(question)", page(205...300), isAll: true)))
        #expect(script.heard == (5...300).map { "\($0)" })
        #expect(script.cursor == "c101")
    }

    @Test("an app that does not keep up is not asked for more pages for")
    func room() {
        var script = Script(cursor: "c100")
        let number = script.listening()
        _ = script.meet(gap(5...300))
        script.when(.room(false))
        #expect(script.when(.frame(number, .page(id: "h:2", page(5...204), isAll: false))) == [])
        #expect(script.when(.room(true)) == [.send(number, .history(3, tea, after: 204))])
    }
}
