import ChatSimulation
import ChatWebSocketProtocol
import Testing

@Suite("Whole conversations, by seed")
struct MixedStreamTests {
    @Test("valid streams give what was sent, however they are cut", arguments: 1...60 as ClosedRange<UInt64>)
    func valid(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var stream = RandomStream()
        for _ in 0..<8 { stream.addMessage(&random) }
        expect(stream.bytes, gives: stream.sent)
    }

    @Test("damaged streams give the same events, however they are cut", arguments: 1...150 as ClosedRange<UInt64>)
    func damaged(seed: UInt64) {
        var random = SplitMix64(seed: seed &+ 1_000)
        var stream = RandomStream()
        for _ in 0..<4 { stream.addMessage(&random) }
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = stream.bytes.indices.randomElement(using: &random)!
            stream.bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
        }
        let limits = WebSocketLimits(frameBytes: 20_000, messageBytes: 30_000, fragments: 6)
        expect(stream.bytes, gives: replay(stream.bytes, cuts: [], limits: limits), limits: limits)
    }

    @Test("noise never traps, and ends in at most one close or violation", arguments: 1...100 as ClosedRange<UInt64>)
    func noise(seed: UInt64) {
        var random = SplitMix64(seed: seed &+ 2_000)
        let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        let seen = replay(bytes, cuts: [])
        expect(bytes, gives: seen)
        let ends = seen.count {
            switch $0 {
            case .close, .violation: true
            default: false
            }
        }
        #expect(ends <= 1)
    }
}

/// Messages in random fragments with control frames between them, and what they amount to.
struct RandomStream {
    var bytes: [UInt8] = []
    var sent: [Seen] = []

    private static let alphabet = ["a", "Z", " ", "\"", "\u{0}", "é", "я", "漢", "\u{FFFF}", "😀", "\u{10FFFF}"]

    mutating func addMessage(_ random: inout SplitMix64) {
        let isText = Bool.random(using: &random)
        let length = [0, 1, 5, 60, 130, 1_000, 4_200].randomElement(using: &random)!
        let string = (0..<length).map { _ in Self.alphabet.randomElement(using: &random)! }.joined()
        let payload = isText ? Array(string.utf8) : (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        let pieces = Int.random(in: 1...4, using: &random)
        var cuts = (1..<pieces).map { _ in Int.random(in: 0...payload.count, using: &random) }.sorted()
        cuts.append(payload.count)
        var start = 0
        for (index, cut) in cuts.enumerated() {
            let mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            let opcode: UInt8 = index > 0 ? 0 : isText ? 1 : 2
            bytes += frame(opcode, Array(payload[start..<cut]), final: index == cuts.count - 1, mask: mask)
            start = cut
            if index < cuts.count - 1, Bool.random(using: &random) {
                bytes += ping("\(index)")
                sent.append(.ping("\(index)"))
            }
        }
        sent.append(isText ? .text(string) : .binary(payload))
    }
}
