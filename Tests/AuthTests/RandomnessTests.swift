import ChatAuth
import Testing

@Suite("Random words for identifiers")
struct RandomnessTests {
    @Test("No word comes twice, neither in one stream nor in two, also past what is drawn at a time")
    func words() {
        let (a, b) = (Randomness.words(), Randomness.words())
        let words = (0..<2000).flatMap { _ in [a(), b()] }
        #expect(Set(words).count == words.count)
    }

    @Test("Every bit is set about half of the time")
    func bits() {
        let next = Randomness.words()
        var counts = [Int](repeating: 0, count: 64)
        for _ in 0..<4096 {
            let word = next()
            for bit in 0..<64 where word >> UInt64(bit) & 1 == 1 { counts[bit] += 1 }
        }
        // Eight standard deviations of a fair coin.
        #expect(counts.allSatisfy { abs($0 - 2048) < 8 * 32 })
    }
}
