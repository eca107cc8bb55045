import ChatWebSocketProtocol
import Testing

/// An event with its bytes, so that what came whole and what was assembled are the same thing.
enum Seen: Equatable {
    case text(String)
    case binary([UInt8])
    case ping(String)
    case pong(String)
    case close(UInt16?, String)
    case violation(PeerViolation)
}

/// The smallest driver: a buffer, and the loop from the machine's documentation.
struct Connection: ~Copyable {
    var machine: WebSocketMachine
    var buffer: [UInt8] = []

    init(_ limits: WebSocketLimits = WebSocketLimits()) {
        machine = WebSocketMachine(limits: limits)
    }

    mutating func receive(_ bytes: some Sequence<UInt8>) -> [Seen] {
        buffer += bytes
        var seen: [Seen] = []
        var at = 0
        reading: while true {
            let event = next(from: &at)
            switch event {
            case .needBytes: break reading
            case .text(let range): seen.append(.text(string(range)))
            case .binary(let range): seen.append(.binary(Array(buffer[range])))
            case .assembled(isText: true): seen.append(.text(String(decoding: machine.takeMessage(), as: UTF8.self)))
            case .assembled(isText: false): seen.append(.binary(machine.takeMessage()))
            case .ping(let range): seen.append(.ping(string(range)))
            case .pong(let range): seen.append(.pong(string(range)))
            case .close(let code, let reason): seen.append(.close(code?.rawValue, string(reason)))
            case .violation(let violation): seen.append(.violation(violation))
            }
        }
        buffer.removeFirst(at)
        if buffer.count > WebSocketMachine.longestRemainder { Issue.record("too much is left to the driver") }
        return seen
    }

    mutating func next(from at: inout Int) -> WebSocketMachine.Event {
        step(&machine, &buffer, &at)
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: buffer[range], as: UTF8.self) }
}

/// A span of `buffer` holds on to all of the value that `buffer` is in: hence the two side by side.
private func step(
    _ machine: inout WebSocketMachine, _ buffer: inout [UInt8], _ at: inout Int
) -> WebSocketMachine.Event {
    var span = buffer.mutableSpan
    var bytes = unsafe span.mutableBytes
    return machine.next(in: &bytes, from: &at)
}

/// Feeds the input in pieces that end at `cuts`.
func replay(_ input: [UInt8], cuts: [Int], limits: WebSocketLimits = WebSocketLimits()) -> [Seen] {
    var connection = Connection(limits)
    var seen: [Seen] = []
    var start = 0
    for cut in cuts + [input.count] {
        seen += connection.receive(input[start..<cut])
        start = cut
    }
    return seen
}

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
