import ChatNet
import ScriptTesting
import Testing

struct EventLoopTests {
    /// A running loop, stopped when the body is done.
    private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
        let loop = try EventLoop()
        try loop.start()
        try await body(loop)
        loop.stop()
        await loop.ended()
    }

    @Test func workPostedFromManyThreadsRunsOnceAndInOrderOfEachThread() async throws {
        let seen = Recorder<(thread: Int, number: Int)>()
        try await withLoop { loop in
            await withTaskGroup { group in
                for thread in 0..<4 {
                    group.addTask {
                        for number in 0..<2_000 {
                            loop.post {
                                #expect(loop.isCurrent)
                                seen.note((thread, number))
                            }
                        }
                    }
                }
            }
        }
        for thread in 0..<4 {
            #expect(seen.all.filter { $0.thread == thread }.map(\.number) == Array(0..<2_000))
        }
    }

    @Test func workPostedBeforeTheStopRunsAndLaterWorkIsRefused() async throws {
        let ran = Recorder<Bool>()
        let loop = try EventLoop()
        try loop.start()
        #expect(loop.post { loop.post { ran.note(true) } })
        loop.stop()
        await loop.ended()
        #expect(ran.all == [true])
        #expect(!loop.post {})
        #expect(!loop.isCurrent)
    }

    @Test func hooksSeeTheWholeRoundAndReportsWaitForTheRoundAfterIt() async throws {
        let log = Recorder<String>()
        try await withLoop { loop in
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                loop.post {
                    loop.atRoundEnd { log.note("end") }
                    log.note("first")
                    // Arrives while this round is busy, so it belongs to the next one.
                    loop.post { log.note("meanwhile") }
                    loop.afterNextPoll {
                        log.note("report")
                        done.resume()
                    }
                }
            }
        }
        #expect(Array(log.all.prefix(5)) == ["first", "end", "meanwhile", "end", "report"])
    }

    @Test func whatIsOfferedAgainAfterTheHooksIsHandedOverWithoutAnythingElseHappening() async throws {
        let server = try TestServer { _, server in
            let script = Script(server)
            var isRested = false
            var gathered = [UInt8]()
            script.onReceived = { bytes, stream in
                if isRested {
                    gathered = array(bytes)
                    return bytes.byteCount
                }
                isRested = true
                stream.pauseReading()
                stream.loop.atRoundEnd {
                    stream.send(gathered)
                    gathered = []
                }
                stream.loop.afterNextPoll { stream.resumeReading() }
                return 0
            }
            return script
        }
        let answer = try await onThread { [port = server.port] in
            let client = try TestClient(port: port)
            try client.send("hello")
            return text(try client.read(5))
        }
        #expect(answer == "hello")
        await server.stop()
    }

    @Test func timersGoOffInTheirOrderAndCancelledOnesDoNot() async throws {
        let log = Recorder<String>()
        try await withLoop { loop in
            await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                loop.post {
                    loop.schedule(after: 2_000_000) {
                        log.note("last")
                        done.resume()
                    }
                    loop.schedule(after: 1_000_000) { log.note("a") }
                    loop.schedule(after: 1_000_000) { log.note("b") }
                    loop.cancel(loop.schedule(after: 500_000) { log.note("cancelled") })
                    loop.schedule(after: -5) { log.note("at once") }
                }
            }
        }
        #expect(log.all == ["at once", "a", "b", "last"])
    }

    @Test func aGroupHandsOutItsLoopsInTurn() throws {
        let group = try EventLoopGroup(count: 3)
        #expect((0..<6).map { _ in group.next().index } == [0, 1, 2, 0, 1, 2])
        #expect(EventLoopGroup.defaultCount >= 1)
    }
}
