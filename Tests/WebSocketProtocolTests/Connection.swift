import ChatWebSocketProtocol

/// An event with its bytes, so that what came whole and what was assembled are the same thing.
enum Seen: Equatable {
    case text(String)
    case binary([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, String)
    case violation(PeerViolation)
    /// The machine did not do what its documentation says.
    case brokenPromise(String)

    static func ping(_ string: String) -> Seen { .ping(Array(string.utf8)) }
    static func pong(_ string: String) -> Seen { .pong(Array(string.utf8)) }
}

/// The smallest driver: a buffer, and the loop from the machine's documentation. It holds the machine to its word on the way.
struct Connection: ~Copyable {
    var machine: WebSocketMachine
    var buffer: [UInt8] = []
    private let limits: WebSocketLimits

    init(as role: WebSocketRole = .server, _ limits: WebSocketLimits = WebSocketLimits()) {
        machine = WebSocketMachine(as: role, limits: limits)
        self.limits = limits
    }

    mutating func receive(_ bytes: some Sequence<UInt8>) -> [Seen] {
        buffer += bytes
        var seen: [Seen] = []
        var at = 0
        while true {
            let before = at
            let event = next(from: &at)
            if at < before || at > buffer.count { return [.brokenPromise("the offset went to \(at)")] }
            if event == .needBytes { break }
            seen.append(read(event))
        }
        buffer.removeFirst(at)
        if buffer.count > WebSocketMachine.longestRemainder { seen.append(.brokenPromise("too much is left")) }
        if machine.message.count > limits.messageBytes { seen.append(.brokenPromise("too much is held")) }
        return seen
    }

    mutating func next(from at: inout Int) -> WebSocketMachine.Event {
        step(&machine, &buffer, &at)
    }

    private mutating func read(_ event: WebSocketMachine.Event) -> Seen {
        switch event {
        case .needBytes: .brokenPromise("there is no event")
        case .text(let range): text(buffer[range])
        case .binary(let range): .binary(Array(buffer[range]))
        case .assembled(isText: true): text(machine.takeMessage()[...])
        case .assembled(isText: false): .binary(machine.takeMessage())
        case .ping(let range): .ping(Array(buffer[range]))
        case .pong(let range): .pong(Array(buffer[range]))
        case .close(let code, let reason):
            switch text(buffer[reason]) {
            case .text(let reason): .close(code?.rawValue, reason)
            default: .brokenPromise("a reason that is not UTF-8")
            }
        case .violation(let violation): .violation(violation)
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> Seen {
        if bytes.count > limits.messageBytes, bytes.count > 123 { return .brokenPromise("a text over the limit") }
        return String(validating: bytes, as: UTF8.self).map(Seen.text) ?? .brokenPromise("a text that is not UTF-8")
    }
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
