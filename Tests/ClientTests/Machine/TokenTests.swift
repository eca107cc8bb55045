import ChatKernel
import Testing

@testable import ChatClient

@Suite("The machine: tokens")
struct TokenTests {
    @Test("a token that was good and is refused is replaced; one that never was good is the end")
    func refused() {
        var script = Script(cursor: "c1")
        let number = script.live()
        #expect(script.when(.closed(number, code: 4401)) == [.askForToken])
        #expect(script.when(.token("new")).isEmpty)
        #expect(script.later() == [.open(2, token: "new")])
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

    @Test("the late refusal of an old token says nothing about the new one")
    func late() {
        var script = Script(cursor: "c1")
        _ = script.begin()
        script.when(.notUpgraded(1, refusal(404, .invalidField)))
        script.when(.polled(2, PollAnswer(cursor: "c1")))
        // A poll (3) is under way when its token is replaced.
        let item = OutboxItem(to: tea, content: "hello")
        #expect(script.when(.submit(item)) == [.post(4, item, token: "t")])
        #expect(script.when(.postRefused(4, refusal(401, .tokenExpired))) == [.askForToken])
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
}
