import ChatKernel
import Testing

@testable import ChatClient

@Suite("The machine: the outbox")
struct OutboxTests {
    private let first = OutboxItem(to: tea, content: "one", clientID: ClientID("a"))
    private let second = OutboxItem(to: tea, content: "two", clientID: ClientID("b"))
    private let elsewhere = OutboxItem(to: ConversationID("coffee"), content: "three", clientID: ClientID("c"))

    @Test("what was written before there is a connection is sent when there is one, in order")
    func early() {
        var script = Script(cursor: "c1")
        for item in [first, second, elsewhere] { script.when(.submit(item)) }
        script.when(.token("t"))
        script.when(.opened(1))
        let said = script.when(.frame(1, .hello(cursor: "head")))
        #expect(said == [.send(1, .hello(cursor: "c1")), .send(1, .message(first)), .send(1, .message(elsewhere))])
        // The next of a conversation goes when the one before is answered.
        let next = script.when(.frame(1, acknowledgement(first, seq: 4)))
        #expect(next == [.forget(first), .send(1, .message(second))])
        #expect(script.sent.map(\.0) == [first])
        #expect(script.sent.first?.1 == Receipt(message: MessageID("m4"), seq: 4, isDuplicate: false))
    }

    @Test("what had no answer when the connection was lost is sent again by the same name, behind what was missed")
    func resent() {
        var script = Script(cursor: "c1")
        let number = script.live()
        #expect(script.when(.submit(first)) == [.send(number, .message(first))])
        script.when(.closed(number, code: nil))
        _ = script.later()
        script.when(.opened(2))
        let said = script.when(.frame(2, .hello(cursor: "head")))
        #expect(said == [.send(2, .hello(cursor: "c1"))])
        #expect(script.when(.frame(2, .caughtUp)) == [.send(2, .message(first))])
        // An answer on the old connection is not heard any more, and the one on the new counts once.
        script.when(.frame(number, acknowledgement(first, seq: 4)))
        #expect(script.sent.isEmpty)
        script.when(.frame(2, acknowledgement(first, seq: 4, isDuplicate: true)))
        script.when(.frame(2, acknowledgement(first, seq: 4, isDuplicate: true)))
        #expect(script.sent.map(\.1) == [Receipt(message: MessageID("m4"), seq: 4, isDuplicate: true)])
    }

    @Test("a message whose answer was lost is known by its event, and not sent again, however long that was")
    func seen() {
        for token in ["t", tokenOfAnn] {
            var script = Script(cursor: "c1")
            let number = script.live(token)
            for item in [first, second, elsewhere] { script.when(.submit(item)) }
            script.when(.closed(number, code: nil))
            _ = script.later()
            script.when(.opened(2))
            #expect(script.when(.frame(2, .hello(cursor: "head"))) == [.send(2, .hello(cursor: "c1"))])
            // The next of the conversation has never been under way, so it need not wait for what was missed.
            let own = wrote("one", pos: 9, seq: 4, clientID: ClientID("a"), by: "ann")
            #expect(script.when(.frame(2, own)) == [.forget(first), .send(2, .message(second))])
            #expect(script.sent.map(\.1) == [Receipt(message: MessageID("m9"), seq: 4, isDuplicate: false)])
            #expect(script.when(.frame(2, .caughtUp)) == [.send(2, .message(elsewhere))])
            #expect(script.contents == ["one"])
        }
    }

    @Test("what an earlier client has left behind is sent when all that was missed has come, by either way")
    func kept() {
        var script = Script(cursor: "c1")
        script.when(.submit(first, isKept: true))
        script.when(.token("t"))
        script.when(.opened(1))
        #expect(script.when(.frame(1, .hello(cursor: "head"))) == [.send(1, .hello(cursor: "c1"))])
        #expect(script.when(.frame(1, .caughtUp)) == [.send(1, .message(first))])

        var polling = Script(cursor: "c1", webSocket: false)
        polling.when(.submit(first, isKept: true))
        polling.when(.token("t"))
        let more = polling.when(.polled(1, PollAnswer(frames: [wrote("x", pos: 2)], cursor: "c2", hasMore: true)))
        #expect(more == [.poll(2, cursor: "c2", seconds: 0, token: "t")])
        let last = polling.when(.polled(2, PollAnswer(cursor: "c2")))
        #expect(last == [.poll(3, cursor: "c2", seconds: 25, token: "t"), .post(4, first, token: "t")])
    }

    @Test("another member's message of the same name is none of ours")
    func sameName() {
        // Never sent: whoever wrote it and whatever it says.
        var early = Script(cursor: "c1")
        let number = early.live()
        for item in [first, second] { early.when(.submit(item)) }
        #expect(early.when(.frame(number, wrote("two", pos: 9, clientID: ClientID("b")))).isEmpty)
        let next = early.when(.frame(number, acknowledgement(first, seq: 10)))
        #expect(next == [.forget(first), .send(number, .message(second))])
        // Sent before: the author decides, or the words where the token does not say who we are.
        for (token, theirs) in [(tokenOfAnn, "one"), ("t", "something else")] {
            var script = Script(cursor: "c1")
            let number = script.live(token)
            script.when(.submit(first))
            script.when(.closed(number, code: nil))
            _ = script.later()
            script.when(.opened(2))
            script.when(.frame(2, .hello(cursor: "head")))
            #expect(script.when(.frame(2, wrote(theirs, pos: 9, clientID: ClientID("a"), by: "bob"))).isEmpty)
            #expect(script.sent.isEmpty)
            #expect(script.when(.frame(2, .caughtUp)) == [.send(2, .message(first))])
        }
    }

    @Test("a message longer than the server's frames is refused here: the server would hang up, each time")
    func tooLong() {
        var script = Script(cursor: "c1")
        _ = script.begin()
        script.when(.opened(1))
        script.when(.frame(1, .hello(cursor: "head", frameBytes: 1024)))
        script.when(.frame(1, .caughtUp))
        let long = OutboxItem(to: tea, content: String(repeating: "x", count: 1024))
        #expect(script.when(.submit(long)) == [.forget(long)])
        guard case .refused(long, let error) = script.told.last else { return #expect(Bool(false), "\(script.told)") }
        #expect(error.code == .messageTooLarge)
        #expect(script.when(.submit(first)) == [.send(1, .message(first))])
    }

    @Test(
        "put off by the server, a message waits as long as it was told, and what was written after it waits behind it")
    func putOff() {
        var script = Script(cursor: "c1")
        let number = script.live()
        for item in [first, second, elsewhere] { script.when(.submit(item)) }
        let limited = ChatError(.rateLimited, "slowly", retryAfterMilliseconds: 5000)
        #expect(script.when(.frame(number, .refused(id: "m:a", limited))).isEmpty)
        #expect(script.pause == 5000)
        #expect(script.later() == [.send(number, .message(first))])
    }

    @Test("refused for good, it leaves the outbox and the next one goes")
    func refusedForGood() {
        var script = Script(cursor: "c1")
        let number = script.live()
        for item in [first, second] { script.when(.submit(item)) }
        let error = ChatError(.notAMember, "You are not in it.")
        let next = script.when(.frame(number, .refused(id: "m:a", error)))
        #expect(next == [.forget(first), .send(number, .message(second))])
        #expect(script.told.last == .refused(first, error))
    }

    @Test("a server that fails at it every time does not get it for ever")
    func givenUp() {
        var script = Script(cursor: "c1")
        let number = script.live()
        script.when(.submit(first))
        let error = ChatError(.internal, "oh")
        for _ in 1..<Outbox.failureLimit {
            #expect(script.when(.frame(number, .refused(id: "m:a", error))).isEmpty)
            #expect(script.later() == [.send(number, .message(first))])
            // To be put off is no failure, however often.
            let busy = ChatError(.overloaded, "later")
            #expect(script.when(.frame(number, .refused(id: "m:a", busy))).isEmpty)
            #expect(script.later() == [.send(number, .message(first))])
        }
        #expect(script.when(.frame(number, .refused(id: "m:a", error))) == [.forget(first)])
        #expect(script.told.last == .refused(first, error))
    }

    @Test("while it polls, messages are posted; a post without an answer is repeated")
    func posted() {
        var script = Script(cursor: "c1", webSocket: false)
        _ = script.begin()
        #expect(script.when(.submit(first)).isEmpty)
        let posted = script.when(.polled(1, PollAnswer(cursor: "c1")))
        #expect(posted == [.poll(2, cursor: "c1", seconds: 25, token: "t"), .post(3, first, token: "t")])
        #expect(script.when(.postFailed(3)).isEmpty)
        #expect(script.later() == [.post(4, first, token: "t")])
        script.when(.posted(4, Receipt(message: MessageID("m4"), seq: 4, isDuplicate: true)))
        #expect(script.sent.map(\.0) == [first])
    }

    @Test("the pauses between posts that nobody answers double, up to a bound")
    func postsLost() {
        var script = Script(cursor: "c1", webSocket: false)
        _ = script.begin()
        script.when(.polled(1, PollAnswer(cursor: "c1")))
        var posted = script.when(.submit(first))
        for longest in [1000, 2000, 4000, 8000, 8000] as [Int64] {
            guard case .post(let number, first, _) = posted.first else { return #expect(Bool(false), "\(posted)") }
            #expect(script.when(.postFailed(number)).isEmpty)
            #expect((longest / 2...longest).contains(script.pause ?? 0))
            posted = script.later()
        }
    }

    @Test("no more than a window of messages is under way, over however many conversations")
    func window() {
        var script = Script(cursor: "c1")
        let number = script.live()
        var sent = 0
        for room in 0..<20 {
            let item = OutboxItem(to: ConversationID("\(room)"), content: "x", clientID: ClientID("\(room)"))
            sent += script.when(.submit(item)).count
        }
        #expect(sent == Outbox.window)
        let item = OutboxItem(to: ConversationID("0"), content: "x", clientID: ClientID("0"))
        #expect(script.when(.frame(number, acknowledgement(item, seq: 1))).count == 2)
    }
}
