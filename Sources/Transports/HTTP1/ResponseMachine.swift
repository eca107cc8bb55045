/// The client's side of HTTP/1.1 framing (RFC 9112): bytes in, one answer out. No socket, no clock.
///
/// It is driven as ``RequestMachine`` is: bytes not consumed are passed again, with what has come since behind them.
///
///     head  body*  end        or a violation, and then only that
///
/// An answer ends where its chunks or its `Content-Length` say, or else with the connection (section 6.3): for that the
/// driver calls ``inputEnded()``. Interim answers (1xx) are passed over, but for `101 Switching Protocols`: after its
/// `.end` what remains belongs to the new protocol. Not for answers to HEAD, whose length is not that of a content.
public struct ResponseMachine: ~Copyable, Sendable {
    public enum Step: Sendable {
        /// Nothing more to say until more bytes come.
        case needBytes
        case head(ResponseHead)
        /// A piece of the content, in the bytes passed to this call and within `consumed`. Never empty.
        case body(Range<Int>)
        /// The answer is complete. Every later call gives the same, and consumes nothing.
        case end
        /// The server did not obey the grammar or our limits; its status is not to be sent to anybody. Every later call gives the same.
        case violation(PeerViolation)
    }

    private enum State {
        case statusLine
        case fields
        case length(Int)
        case chunked
        case untilClose
        case ended
        case violated(PeerViolation)
    }

    private let limits: HTTPLimits
    private var state = State.statusLine
    private var statusLine = StatusLineReader()
    private var fieldLine = FieldLineReader()
    private var chunks = ChunkedReader()
    private var head = ResponseHead(status: 0)
    private var fieldBlockBytes = 0
    private var interim = 0
    private var bodyBytes = 0

    /// Interim answers before the one that counts: more is somebody who plays with us.
    private static let interimLimit = 8

    /// - Parameter limits: those of heads, chunks and content; the status line has that of a request line.
    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
    }

    /// The next step. `consumed` bytes from the front of `bytes` are done with.
    public mutating func next(_ bytes: RawSpan) -> (consumed: Int, step: Step) {
        let bytes = Span<UInt8>(_bytes: bytes)
        switch state {
        case .statusLine, .fields: return readHead(bytes)
        case .length(let remaining): return readBody(bytes, remaining)
        case .chunked: return readChunks(bytes)
        case .untilClose: return readToTheEnd(bytes)
        case .ended: return (0, .end)
        case .violated(let violation): return (0, .violation(violation))
        }
    }

    /// The server has ended the connection, and everything it sent has been passed. `.end` for a content that only this ends; else the
    /// answer was cut off.
    public mutating func inputEnded() -> Step {
        switch state {
        case .untilClose, .ended:
            state = .ended
            return .end
        default: return refuse(.malformed("the answer was cut off")).step
        }
    }

    private mutating func readHead(_ bytes: borrowing Span<UInt8>) -> (consumed: Int, step: Step) {
        var position = 0
        while true {
            if case .statusLine = state {
                switch statusLine.read(bytes, from: position, allowance: limits.requestLineBytes) {
                case .needBytes: return (position, .needBytes)
                case .violation(let violation): return refuse(violation)
                case .line(let line):
                    guard line.major == 1 else {
                        return refuse(.malformed("only HTTP/1.1 and HTTP/1.0 are understood"))
                    }
                    head = ResponseHead(status: line.status, minorVersion: Int(min(line.minor, 1)))
                    position = line.next
                    state = .fields
                }
            }
            if fieldLine.isAtStart, position < bytes.count, bytes[position] != Byte.carriageReturn,
                head.fields.count >= limits.fieldCount
            {
                return refuse(.malformed("too many fields"))
            }
            switch fieldLine.read(bytes, from: position, allowance: limits.fieldBlockBytes &- fieldBlockBytes) {
            case .needBytes: return (position, .needBytes)
            case .tooLong: return refuse(.malformed("the fields are too large"))
            case .violation(let violation): return refuse(violation)
            case .line(let name, let value, let next):
                head.fields.append(HTTPField(name: bytes.text(name), value: bytes.text(value)))
                fieldBlockBytes = fieldBlockBytes &+ next &- position
                position = next
            case .sectionEnd(let next):
                fieldBlockBytes = 0
                position = next
                guard (100...199).contains(head.status), head.status != 101 else { return finishHead(position) }
                interim &+= 1
                guard interim <= Self.interimLimit else { return refuse(.malformed("too many interim answers")) }
                state = .statusLine
            }
        }
    }

    private mutating func finishHead(_ consumed: Int) -> (consumed: Int, step: Step) {
        do throws(PeerViolation) {
            let framing = try BodyFraming.decide(
                contentLengths: head.all("content-length"), transferEncodings: head.all("transfer-encoding"),
                minorVersion: head.minorVersion, limit: limits.bodyBytes)
            switch framing {
            case _ where head.isBodiless: state = .length(0)
            case .none: state = .untilClose
            case .length(let length): state = .length(length)
            case .chunked: state = .chunked
            }
            return (consumed, .head(head))
        } catch {
            return refuse(error)
        }
    }

    private mutating func readBody(_ bytes: borrowing Span<UInt8>, _ remaining: Int) -> (consumed: Int, step: Step) {
        guard remaining > 0 else {
            state = .ended
            return (0, .end)
        }
        let count = min(remaining, bytes.count)
        guard count > 0 else { return (0, .needBytes) }
        state = .length(remaining &- count)
        return (count, .body(0..<count))
    }

    private mutating func readChunks(_ bytes: borrowing Span<UInt8>) -> (consumed: Int, step: Step) {
        switch chunks.read(bytes, limits: limits) {
        case .needBytes(let consumed): return (consumed, .needBytes)
        case .data(let range): return (range.upperBound, .body(range))
        case .end(let consumed):
            state = .ended
            return (consumed, .end)
        case .violation(let violation): return refuse(violation)
        }
    }

    private mutating func readToTheEnd(_ bytes: borrowing Span<UInt8>) -> (consumed: Int, step: Step) {
        let count = bytes.count
        guard count > 0 else { return (0, .needBytes) }
        guard count <= limits.bodyBytes &- bodyBytes else { return refuse(.contentTooLong) }
        bodyBytes = bodyBytes &+ count
        return (count, .body(0..<count))
    }

    private mutating func refuse(_ violation: PeerViolation) -> (consumed: Int, step: Step) {
        state = .violated(violation)
        return (0, .violation(violation))
    }
}

extension Span<UInt8> {
    /// Bytes from 0x80 in a field value are opaque (RFC 9110 section 5.5): read as UTF-8, and what is none becomes U+FFFD.
    func text(_ range: Range<Int>) -> String {
        unsafe extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
