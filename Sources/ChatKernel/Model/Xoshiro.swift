import Synchronization

/// Random bits for identifiers: xoshiro256** (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
/// ACM TOMS 47, 2021), begun from the system's randomness.
///
/// The system's own generator is a system call for each number, which was 2 % of a busy server's time. Who sees many numbers
/// of this one can foretell the next: it is for names, never for secrets.
public struct Xoshiro: Sendable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter seed: asked four times.
    public init(seed: () -> UInt64) {
        state = (seed(), seed(), seed(), seed())
        // The one state it never leaves.
        if state == (0, 0, 0, 0) { state.0 = 1 }
    }

    public mutating func next() -> UInt64 {
        let result = Self.rotated(state.1 &* 5, by: 7) &* 9
        let shifted = state.1 &<< 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = Self.rotated(state.3, by: 45)
        return result
    }

    private static func rotated(_ value: UInt64, by bits: UInt64) -> UInt64 { value &<< bits | value &>> (64 &- bits) }

    /// A stream of numbers of its own, for any thread.
    public static func stream() -> @Sendable () -> UInt64 {
        let shared = Shared(generator: Xoshiro { UInt64.random(in: .min ... .max) })
        return { shared.next() }
    }

    private final class Shared: Sendable {
        private let generator: Mutex<Xoshiro>

        init(generator: Xoshiro) { self.generator = Mutex(generator) }

        func next() -> UInt64 { generator.withLock { $0.next() } }
    }
}
