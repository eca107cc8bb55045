import ChatSimulation
import Testing

/// What the simulation is made of must itself be beyond doubt.
@Suite("Instruments")
struct InstrumentTests {
    @Test("SplitMix64 gives the numbers of its reference")
    func splitMix() {
        var random = SplitMix64(seed: 1_234_567)
        let numbers = (0..<3).map { _ in random.next() }
        #expect(numbers == [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423])
    }

    @Test("Numbers stay within their bounds")
    func bounds() {
        var random = SplitMix64(seed: 9)
        for _ in 0..<1000 {
            let (below, within) = (random.below(7), random.within(3...5))
            #expect((0..<7).contains(below))
            #expect((3...5).contains(within))
        }
        let (nothing, none) = (random.below(0), random.pick([Int]()))
        #expect(nothing == 0)
        #expect(none == nil)
        let (never, always) = (random.chance(0), random.chance(1000))
        #expect(!never && always)
    }

    @Test("Nothing runs before it is stepped, and one job a step")
    func stepping() {
        let executor = ManualExecutor()
        let done = Tray<Int>()
        executor.start { done.put(1) }
        executor.start { done.put(2) }
        #expect(done.count == 0)
        #expect(executor.step(choosing: { $0 - 1 }))
        #expect(done.takeAll() == [2])
        #expect(executor.runUntilIdle())
        #expect(done.takeAll() == [1])
        #expect(!executor.step())
    }

    @Test("Sleepers wake in the order of their deadlines, and no sooner")
    func sleeping() {
        let executor = ManualExecutor()
        let time = SimulatedTime()
        let woken = Tray<Int>()
        for deadline in [30, 10, 20] {
            executor.start {
                try? await time.sleep(until: Int64(deadline))
                woken.put(deadline)
            }
        }
        executor.runUntilIdle()
        time.advance(byNanoseconds: 9)
        executor.runUntilIdle()
        #expect(woken.count == 0)
        time.advance(byNanoseconds: 21)
        executor.runUntilIdle()
        #expect(woken.takeAll() == [10, 20, 30])
    }

    @Test("A cancelled sleeper wakes at once, with an error")
    func cancelling() {
        let executor = ManualExecutor()
        let time = SimulatedTime()
        let woken = Tray<Bool>()
        let task = executor.start {
            do {
                try await time.sleep(until: 1000)
                woken.put(true)
            } catch {
                woken.put(false)
            }
        }
        executor.runUntilIdle()
        task.cancel()
        executor.runUntilIdle()
        #expect(woken.takeAll() == [false])
    }

    @Test("An operation that waits for nothing is known to be stuck")
    func stuck() {
        let executor = ManualExecutor()
        let time = SimulatedTime()
        #expect(throws: ManualExecutor.Stuck.self) {
            try executor.finish { try await time.sleep(until: 1) }
        }
        time.advance(byNanoseconds: 1)
        executor.runUntilIdle()
    }
}
