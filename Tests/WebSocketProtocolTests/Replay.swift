import ChatWebSocketProtocol
import Testing

/// The input gives these events, however it is cut: whole, byte by byte (of a long one its ends, with leaps between), and in ten ways at
/// random.
func expect(
    _ input: [UInt8], gives expected: [Seen], limits: WebSocketLimits = WebSocketLimits(),
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(replay(input, cuts: [], limits: limits) == expected, "whole", sourceLocation: sourceLocation)
    let everywhere = input.indices.filter { $0 < 5_000 || $0 > input.count - 100 || $0 % 997 == 0 }
    #expect(replay(input, cuts: everywhere, limits: limits) == expected, "byte by byte", sourceLocation: sourceLocation)
    for seed in 1...10 as ClosedRange<UInt64> {
        var random = SplitMix(seed: seed)
        let cuts = random.cuts(of: input.count)
        #expect(replay(input, cuts: cuts, limits: limits) == expected, "cut at \(cuts)", sourceLocation: sourceLocation)
    }
}

/// The same numbers in every run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func cuts(of count: Int) -> [Int] {
        (0..<Int.random(in: 1...8, using: &self)).map { _ in Int.random(in: 0...count, using: &self) }.sorted()
    }
}
