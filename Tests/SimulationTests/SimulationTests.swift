import ChatSimulation
import Testing

@Suite("Simulation")
struct SimulationTests {
    @Test("Seeds pass", arguments: 0..<16)
    func seedsPass(block: UInt64) {
        for seed in block * 20..<block * 20 + 20 {
            let outcome = Simulation.run(seed: seed)
            #expect(outcome.failure == nil, "again: simulate --seed \(seed)")
        }
    }

    @Test("The same seed gives the same world", arguments: [3, 1391, 7684, 9902])
    func sameSeed(seed: UInt64) {
        let first = trace(of: seed)
        let second = trace(of: seed)
        #expect(first.lines == second.lines)
        #expect(first.outcome.digest == second.outcome.digest)
        #expect(first.lines.count > 100)
    }

    @Test("Another seed gives another world")
    func otherSeed() {
        #expect(Simulation.run(seed: 1).digest != Simulation.run(seed: 2).digest)
    }

    @Test("Worlds are not empty: messages are kept, and hosts crash")
    func worldsAreFull() {
        let outcomes = (100..<140).map { Simulation.run(seed: $0) }
        #expect(outcomes.reduce(0) { $0 + $1.entries } > 40 * 10)
        #expect(outcomes.reduce(0) { $0 + $1.lives } > 40 * 2)
    }

    private func trace(of seed: UInt64) -> (lines: [String], outcome: Simulation.Outcome) {
        var lines: [String] = []
        let outcome = Simulation.run(seed: seed) { lines.append($0) }
        return (lines, outcome)
    }
}
