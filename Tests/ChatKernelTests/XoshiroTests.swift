import ChatKernel
import Testing

@Suite("Random bits for identifiers")
struct XoshiroTests {
    @Test("The numbers are those of the authors' own code, from the state 1, 2, 3, 4")
    func reference() {
        var seed: UInt64 = 0
        var generator = Xoshiro {
            seed += 1
            return seed
        }
        let numbers = (0..<4).map { _ in generator.next() }
        #expect(numbers == [11520, 0, 1_509_978_240, 1_215_971_899_390_074_240])
    }

    @Test("A seed of nothing but zeros does not stand still")
    func zeros() {
        var generator = Xoshiro { 0 }
        let numbers = Set((0..<100).map { _ in generator.next() })
        #expect(numbers.count > 95)
    }

    @Test("Two streams are two")
    func streams() {
        let (a, b) = (Xoshiro.stream(), Xoshiro.stream())
        #expect((0..<4).map { _ in a() } != (0..<4).map { _ in b() })
    }
}
