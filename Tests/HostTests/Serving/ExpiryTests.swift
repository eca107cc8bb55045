import ChatKernel
import Testing

@Suite("A token's end", .serialized)
struct ExpiryTests {
    /// A token's life, and the leeway that clocks are given.
    private static let end = TestTime.start.advanced(bySeconds: 60 + 30)

    private func before(_ milliseconds: Int64) -> Timestamp {
        Timestamp(microseconds: Self.end.microseconds - milliseconds * 1000)
    }

    @Test("closes the connection with 1008 at the end and the leeway, and not half a minute later")
    func ends() async throws {
        let time = TestTime()
        try await withHost(time: time) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let short = Person(serving: host, id: "ann", token: try host.token("ann", lasting: 60))
            time.set(before(200))
            let began = ContinuousClock.now
            #expect(try short.enter(room).closed() == .close(code: 1008, reason: "token_expired"))
            #expect(ContinuousClock.now - began < .seconds(15))
        }
    }

    @Test("ends a stream behind a whole event, and its client is refused when it comes back")
    func streams() async throws {
        let time = TestTime()
        try await withHost(time: time) { host in
            let ann = try host.person("ann")
            let short = Person(serving: host, id: "ann", token: try host.token("ann", lasting: 60))
            time.set(before(200))
            let stream = try short.stream()
            _ = try stream.next("hello")
            #expect(try stream.next() == nil)
            time.set(Self.end)
            #expect(try short.call("GET", "/api/chat/stream").code == "token_expired")
            #expect(try ann.stream().next()?.event == "hello")
        }
    }

    @Test("answers a request that waits, with where to go on from, and not before")
    func polls() async throws {
        let time = TestTime()
        try await withHost(time: time) { host in
            let ann = try host.person("ann")
            let cursor = try ann.head()
            let short = Person(serving: host, id: "ann", token: try host.token("ann", lasting: 60))
            time.set(before(300))
            // The first is identified, the second recognized.
            for _ in 1...2 {
                let began = ContinuousClock.now
                let answer = try short.events("cursor=\(cursor)&wait=55")
                #expect(answer["events"] == [])
                #expect(answer["cursor"].text == cursor)
                #expect(ContinuousClock.now - began >= .milliseconds(300))
            }
            time.set(Self.end)
            #expect(try short.call("GET", "/api/chat/events?cursor=\(cursor)&wait=55").code == "token_expired")
        }
    }

    @Test("is put off by a new token of the same user, and by no other")
    func renewed() async throws {
        let time = TestTime()
        try await withHost(time: time) { host in
            let (ann, bob) = (try host.person("ann"), try host.person("bob"))
            let room = try host.room(ann, bob)
            let short = Person(serving: host, id: "ann", token: try host.token("ann", lasting: 60))
            // Of real time: a busy machine has to get through what follows before it is over.
            time.set(before(10_000))
            let (renewing, ending) = (try short.enter(room), try short.enter(room))
            try renewing.send(#"{"type":"auth","token":"\#(ann.token)","id":"a"}"#)
            #expect(try renewing.answer(to: "a")["type"] == "ack")
            for (token, code) in [(bob.token, "forbidden"), ("nonsense", "token_invalid")] {
                try ending.send(#"{"type":"auth","token":"\#(token)","id":"n"}"#)
                #expect(try ending.answer(to: "n")["code"].text == code)
            }
            // By the time the other has ended, this one would have.
            #expect(try ending.closed() == .close(code: 1008, reason: "token_expired"))
            try renewing.send(#"{"type":"ping","id":"p"}"#)
            #expect(try renewing.answer(to: "p")["type"] == "ack")
        }
    }
}
