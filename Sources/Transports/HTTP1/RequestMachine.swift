/// The server's side of HTTP/1.1 framing (RFC 9112): bytes in, requests out. No socket, no clock.
///
/// The driver keeps a buffer of what has come and was not consumed, and asks for steps until `.needBytes`:
///
///     loop: let (consumed, step) = machine.next(buffer)
///           use step (a body range lies in the bytes just passed), then drop `consumed` bytes
///
///     head  body*  end   head  body*  end  ...   violation, and then only violation
///
/// Bytes not consumed must be passed again, with what has come since behind them. The machine remembers how far it looked
/// into them, so reading is linear however the input is cut, and the steps are the same (body ranges joined).
/// Pipelined requests follow one another; after `.end` of an upgrade request what remains belongs to the new protocol.
///
/// One grammar, no leniency; any bytes end in steps or in a `PeerViolation`.
public struct RequestMachine: ~Copyable, Sendable {
    public enum Step: Sendable {
        /// Nothing more to say until more bytes come.
        case needBytes
        /// A request begins. Always followed by `.end`, with its content in between.
        case head(RequestHead)
        /// A piece of the content, in the bytes passed to this call and within `consumed`. Never empty.
        case body(Range<Int>)
        /// The request is complete.
        case end
        /// Answer with its status, then close. Every later call gives the same.
        case violation(PeerViolation)
    }

    /// What the machine is waiting for, so that the driver can arm the right deadline.
    public enum Phase: Sendable {
        /// The first byte of a request: the keep-alive deadline.
        case idle
        /// The rest of a head: the head deadline, then 408.
        case head
        /// The rest of the content, or the call that answers `.end`.
        case body
    }

    private enum State {
        case requestLine
        case fields
        case length(Int)
        case chunked
        case violated(PeerViolation)
    }

    private let limits: HTTPLimits
    private var state = State.requestLine
    private var requestLine = RequestLineReader()
    private var fieldLine = FieldLineReader()
    private var chunks = ChunkedReader()
    private var head = HeadBuilder()
    private var fieldBlockBytes = 0
    private let lastLine: LastLine
    private var repeated = RepeatedFields()

    /// - Parameter lastLine: what connections of one thread share; its own if nil.
    public init(limits: HTTPLimits = HTTPLimits(), lastLine: LastLine? = nil) {
        self.limits = limits
        self.lastLine = lastLine ?? LastLine()
    }

    /// Whether the last request is complete and nothing of another has come: the peer may close without harm.
    public var isBetweenRequests: Bool {
        guard case .requestLine = state else { return false }
        return requestLine.isAtStart
    }

    public var phase: Phase {
        switch state {
        case .requestLine: requestLine.isAtStart ? .idle : .head
        case .fields: .head
        case .length, .chunked, .violated: .body
        }
    }

    /// The next step. `consumed` bytes from the front of `bytes` are done with.
    public mutating func next(_ bytes: RawSpan) -> (consumed: Int, step: Step) {
        let bytes = Span<UInt8>(_bytes: bytes)
        switch state {
        case .requestLine, .fields: return readHead(bytes)
        case .length(let remaining): return readBody(bytes, remaining)
        case .chunked: return readChunks(bytes)
        case .violated(let violation): return (0, .violation(violation))
        }
    }

    private mutating func readHead(_ bytes: borrowing Span<UInt8>) -> (consumed: Int, step: Step) {
        var position = 0
        // Where the fields begin, if all of them are here.
        var fields: Int?
        if case .requestLine = state, requestLine.isUntouched, let (line, next) = lastLine.match(bytes, from: 0) {
            if let (known, end) = repeated.match(bytes, from: next), known.minorVersion == line.minorVersion {
                state = .length(0)
                return (end, .head(RequestHead(line, repeating: known)))
            }
            head.begin(line)
            state = .fields
            position = next
            fields = next
        } else if case .requestLine = state {
            request: while true {
                switch requestLine.read(bytes, from: position, allowance: limits.requestLineBytes) {
                case .needBytes: return (position, .needBytes)
                case .violation(let violation): return refuse(violation)
                case .emptyLine(let next): position = next
                case .line(let line):
                    do throws(PeerViolation) { try head.begin(bytes, line, after: repeated.head) } catch {
                        return refuse(error)
                    }
                    if head.isPlain { lastLine.remember(bytes, position..<line.next, as: head.line) }
                    position = line.next
                    state = .fields
                    fields = position
                    break request
                }
            }
        }
        if let fields, let (known, next) = repeated.match(bytes, from: fields), head.resembles(known) {
            state = .length(0)
            return (next, .head(head.finish(as: known)))
        }
        while true {
            if fieldLine.isAtStart, position < bytes.count, bytes[position] != Byte.carriageReturn {
                guard head.fields.count < limits.fieldCount else {
                    return refuse(PeerViolation(status: 431, detail: "too many fields"))
                }
            }
            switch fieldLine.read(bytes, from: position, allowance: limits.fieldBlockBytes - fieldBlockBytes) {
            case .needBytes: return (position, .needBytes)
            case .tooLong: return refuse(PeerViolation(status: 431, detail: "the fields are too large"))
            case .violation(let violation): return refuse(violation)
            case .line(let name, let value, let next):
                head.add(bytes, name: name, value: value)
                fieldBlockBytes += next - position
                position = next
            case .sectionEnd(let next):
                fieldBlockBytes = 0
                let isWhole = head.isPlain
                let answer = finishHead(consumed: next)
                if isWhole, let fields, case .head(let head) = answer.step {
                    repeated.remember(bytes, fields..<next, of: head)
                } else {
                    repeated = RepeatedFields()
                }
                return answer
            }
        }
    }

    private mutating func finishHead(consumed: Int) -> (consumed: Int, step: Step) {
        do throws(PeerViolation) {
            let (head, framing) = try head.finish(limits: limits)
            switch framing {
            case .none: state = .length(0)
            case .length(let length): state = .length(length)
            case .chunked:
                state = .chunked
                chunks = ChunkedReader()
            }
            return (consumed, .head(head))
        } catch {
            return refuse(error)
        }
    }

    private mutating func readBody(_ bytes: borrowing Span<UInt8>, _ remaining: Int) -> (consumed: Int, step: Step) {
        guard remaining > 0 else {
            state = .requestLine
            return (0, .end)
        }
        let count = min(remaining, bytes.count)
        guard count > 0 else { return (0, .needBytes) }
        state = .length(remaining - count)
        return (count, .body(0..<count))
    }

    private mutating func readChunks(_ bytes: borrowing Span<UInt8>) -> (consumed: Int, step: Step) {
        switch chunks.read(bytes, limits: limits) {
        case .needBytes(let consumed): return (consumed, .needBytes)
        case .data(let range): return (range.upperBound, .body(range))
        case .violation(let violation): return refuse(violation)
        case .end(let consumed):
            state = .requestLine
            return (consumed, .end)
        }
    }

    private mutating func refuse(_ violation: PeerViolation) -> (consumed: Int, step: Step) {
        state = .violated(violation)
        head = HeadBuilder()
        return (0, .violation(violation))
    }
}
