import ChatKernel
import Testing

@testable import ChatClient

@Suite("The machine: tokens")
struct TokenTests {
    @Test("a token that is refused is replaced; a second one that nobody takes is the end")
    func refused() {
        var script = Script(cursor: "c1")
        let number = script.live()
        #expect(script.when(.closed(number, code: 4401)).isEmpty)
        #expect((500...1000).contains(script.pause ?? 0))
        #expect(script.later() == [.askForToken])
        // After a pause all the same: a server that lets us in and throws us out is not to be run against.
        let opened = script.when(.token("new"))
        #expect(opened + script.later() == [.open(2, token: "new")])
        #expect(script.when(.notUpgraded(2, refusal(401, .tokenInvalid))) == [.end(.unauthorized)])
        #expect(script.machine.deadline == nil)
        #expect(script.when(.time).isEmpty)
    }

    @Test("a token that ends is renewed on the connection that stands")
    func renewed() {
        var script = Script(cursor: "c1")
        let number = script.live()
        #expect(script.when(.frame(number, .authExpiring)) == [.askForToken])
        #expect(script.when(.token("new")) == [.send(number, .auth(token: "new"))])
        #expect(script.states.last == .live)
    }

    @Test("a token that has ended before the server saw it, a cached one for one, is replaced as well")
    func stale() {
        var script = Script(cursor: "c1")
        #expect(script.begin() == [.open(1, token: "t")])
        #expect(script.when(.notUpgraded(1, refusal(401, .tokenExpired))).isEmpty)
        #expect(script.later() == [.askForToken])
        #expect(script.when(.token("new")) == [.open(2, token: "new")])
        script.enter(2)
        #expect(script.states.last == .live)
    }

    @Test("a token that was renewed on a connection, and ended while the device slept, is replaced")
    func renewedAndEnded() {
        var script = Script(cursor: "c1")
        let number = script.live()
        script.when(.frame(number, .authExpiring))
        script.when(.token("second"))
        script.when(.frame(number, .acknowledged(id: "auth", message: nil, seq: nil, isDuplicate: false)))
        script.when(.closed(number, code: nil))
        #expect(script.later() == [.open(2, token: "second")])
        #expect(script.when(.notUpgraded(2, refusal(401, .tokenExpired))).isEmpty)
        #expect(script.later() == [.askForToken])
        #expect(script.when(.token("third")) == [.open(3, token: "third")])
    }

    @Test("a renewal that the server refuses is tried with another token, and one that it takes begins the count anew")
    func renewalRefused() {
        var script = Script(cursor: "c1")
        let number = script.live()
        script.when(.frame(number, .authExpiring))
        script.when(.token("second"))
        script.when(.frame(number, .refused(id: "auth", ChatError(.tokenExpired, "no"))))
        #expect(script.states.last == .live)
        #expect(script.later() == [.askForToken])
        #expect(script.when(.token("third")) == [.send(number, .auth(token: "third"))])
        script.when(.frame(number, .acknowledged(id: "auth", message: nil, seq: nil, isDuplicate: false)))
        script.when(.closed(number, code: nil))
        #expect(script.later() == [.open(2, token: "third")])
        #expect(script.when(.notUpgraded(2, refusal(401, .tokenExpired))).isEmpty)
        #expect(script.later() == [.askForToken])
    }

    @Test("an app that has no token when one is to be renewed is asked again, and the connection stands meanwhile")
    func renewedLater() {
        var script = Script(cursor: "c1")
        let number = script.live()
        #expect(script.when(.frame(number, .authExpiring)) == [.askForToken])
        #expect(script.when(.noToken(isFinal: false)).isEmpty)
        #expect((500...1000).contains(script.pause ?? 0))
        #expect(script.later() == [.askForToken])
        // One that has none any more has still this one.
        #expect(script.when(.noToken(isFinal: true)).isEmpty)
        #expect(script.machine.deadline == nil)
        #expect(script.states.last == .live)
    }

    @Test("the late refusal of an old token says nothing about the new one")
    func late() {
        var script = Script(cursor: "c1")
        _ = script.begin()
        script.when(.notUpgraded(1, refusal(404, .invalidField)))
        script.when(.polled(2, PollAnswer(cursor: "c1")))
        // A poll (3) is under way when its token is replaced.
        let item = OutboxItem(to: tea, content: "hello")
        #expect(script.when(.submit(item)) == [.post(4, item, token: "t")])
        #expect(script.when(.postRefused(4, refusal(401, .tokenExpired))).isEmpty)
        #expect(script.later() == [.askForToken])
        #expect(script.when(.token("new")).contains(.post(5, item, token: "new")))
        let again = script.when(.pollRefused(3, refusal(401, .tokenExpired)))
        #expect(again == [.poll(6, cursor: "c1", seconds: 0, token: "new")])
    }

    @Test("an app that has no token now is asked again later; one that has none ever is done")
    func none() {
        var script = Script(cursor: "c1")
        script.when(.begin)
        #expect(script.when(.noToken(isFinal: false)).isEmpty)
        #expect((500...1000).contains(script.pause ?? 0))
        #expect(script.later() == [.askForToken])
        #expect(script.when(.noToken(isFinal: true)) == [.end(.unauthorized)])
    }

    @Test("a token says whose it is, and one that is none of those says nothing")
    func subject() {
        // {"sub":"ann"}, {"sub":"ännchen ?>"}, {"sub":7}
        #expect(UserID(subjectOf: "e30.eyJzdWIiOiJhbm4ifQ.c2ln") == UserID("ann"))
        #expect(UserID(subjectOf: "e30.eyJzdWIiOiLDpG5uY2hlbiA_PiJ9.") == UserID("ännchen ?>"))
        for token in [
            "", "t", "..", "e30.eyJzdWIiOjd9.c2ln", "e30.eyJzdWIiOiJhbm4ifQ", "e30.e30.", "e30.~~.", "a.b.c.d",
        ] {
            #expect(UserID(subjectOf: token) == nil, "\(token)")
        }
    }
}
