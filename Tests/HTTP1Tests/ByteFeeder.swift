import ChatHTTP1

/// What a driver saw, with the pieces of a body joined, so that two ways of cutting the input can be compared.
enum HTTPEvent: Equatable {
    case head(RequestHead)
    case body([UInt8])
    case end
    case violation(PeerViolation)
}

/// A driver without a socket: hands `input` to a machine in pieces of `pieceSize` bytes, keeps what was not consumed,
/// and stops at the first violation. It also holds the machine to its word: never more consumed than passed, body
/// ranges within what was consumed, and the phase that fits the events.
struct ByteFeeder {
    var events: [HTTPEvent] = []
    var leftover: [UInt8] = []
    var isBetweenRequests = false
    var phase = RequestMachine.Phase.idle
    /// The first promise of `RequestMachine` that was not kept.
    var brokenPromise: String?

    init(_ input: [UInt8], pieceSize: Int, limits: HTTPLimits = HTTPLimits(), lastLine: LastLine? = nil) {
        var machine = RequestMachine(limits: limits, lastLine: lastLine)
        var arrived = 0
        var inRequest = false
        feeding: while true {
            let (consumed, step) = unsafe machine.next(leftover.span.bytes)
            guard consumed >= 0, consumed <= leftover.count else {
                brokenPromise = "consumed \(consumed) of \(leftover.count) bytes"
                break
            }
            switch step {
            case .needBytes:
                leftover.removeFirst(consumed)
                guard arrived < input.count else { break feeding }
                let next = min(arrived + pieceSize, input.count)
                leftover.append(contentsOf: input[arrived..<next])
                arrived = next
                continue feeding
            case .head(let head):
                if inRequest { brokenPromise = "a head within a request" }
                inRequest = true
                events.append(.head(head))
            case .body(let range):
                guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= consumed else {
                    brokenPromise = "body \(range), consumed \(consumed)"
                    break feeding
                }
                if !inRequest { brokenPromise = "content outside a request" }
                append(body: leftover[range])
            case .end:
                if !inRequest { brokenPromise = "an end without a head" }
                if !machine.isBetweenRequests { brokenPromise = "an end that is not between requests" }
                inRequest = false
                events.append(.end)
            case .violation(let violation):
                events.append(.violation(violation))
                guard case (0, .violation(violation)) = unsafe machine.next(leftover.span.bytes) else {
                    brokenPromise = "something other than the violation after it"
                    break feeding
                }
                break feeding
            }
            leftover.removeFirst(consumed)
        }
        isBetweenRequests = machine.isBetweenRequests
        phase = machine.phase
    }

    private mutating func append(body: ArraySlice<UInt8>) {
        if case .body(let before) = events.last {
            events[events.count - 1] = .body(before + body)
        } else {
            events.append(.body(Array(body)))
        }
    }
}
