import ChatSimulation
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
        var random = SplitMix64(seed: seed)
        let cuts = random.cuts(of: input.count)
        #expect(replay(input, cuts: cuts, limits: limits) == expected, "cut at \(cuts)", sourceLocation: sourceLocation)
    }
}

extension SplitMix64 {
    mutating func cuts(of count: Int) -> [Int] {
        (0..<Int.random(in: 1...8, using: &self)).map { _ in Int.random(in: 0...count, using: &self) }.sorted()
    }
}
