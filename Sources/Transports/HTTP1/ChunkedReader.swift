/// Reads chunked content (RFC 9112 section 7.1), however it is cut into pieces.
///
///     chunk-size [ extensions ] CR LF  data CR LF   ...   "0" [ extensions ] CR LF  trailers CR LF
///
/// Extensions are read by their grammar and ignored, as section 7.1.1 demands, but without the blanks it calls bad.
/// Trailers obey the rules of all fields and are forgotten.
struct ChunkedReader {
    enum Answer {
        case needBytes(consumed: Int)
        case data(Range<Int>)
        case end(consumed: Int)
        case violation(PeerViolation)
    }

    private enum State {
        case sizeStart
        case size
        case extensionName(isEmpty: Bool)
        case extensionValueStart
        case extensionValue
        case quoted
        case quotedPair
        case quotedEnd
        case sizeLineFeed
        case data
        case dataCarriageReturn
        case dataLineFeed
        case trailers
    }

    private var state = State.sizeStart
    private var size = 0  // of this chunk; then what of it has not come yet
    private var digits = 0
    private var lineBytes = 0
    private var extensionBytes = 0
    private var bodyBytes = 0  // of all chunk sizes up to now
    private var trailer = FieldLineReader()
    private var trailerBytes = 0
    private var trailerCount = 0

    mutating func read(_ bytes: borrowing Span<UInt8>, limits: borrowing HTTPLimits) -> Answer {
        var index = 0
        while index < bytes.count {
            switch state {
            case .data:
                let end = index + min(size, bytes.count - index)
                size -= end - index
                if size == 0 { state = .dataCarriageReturn }
                return .data(index..<end)
            case .dataCarriageReturn:
                guard bytes[index] == Byte.carriageReturn else { return Self.refuse("a chunk longer than its size") }
                state = .dataLineFeed
                index += 1
            case .dataLineFeed:
                guard bytes[index] == Byte.lineFeed else { return Self.refuse("a bare carriage return") }
                state = .sizeStart
                index += 1
            case .trailers:
                return readTrailers(bytes, from: index, limits: limits)
            default:
                if let violation = readSizeLine(bytes[index], limits: limits) { return .violation(violation) }
                index += 1
            }
        }
        return .needBytes(consumed: index)
    }

    /// One byte of a chunk-size line.
    private mutating func readSizeLine(_ byte: UInt8, limits: borrowing HTTPLimits) -> PeerViolation? {
        lineBytes += 1
        guard lineBytes <= limits.chunkLineBytes else { return .malformed("a chunk-size line that is too long") }
        switch state {
        case .sizeStart, .size:
            if let digit = Byte.hexValue(byte) { return take(digit: Int(digit), limits: limits) }
            guard digits > 0 else { return .malformed("a chunk without a size") }
            return endOfElement(byte)
        case .sizeLineFeed:
            guard byte == Byte.lineFeed else { return .malformed("a bare carriage return") }
            return startChunk(limits: limits)
        default:
            extensionBytes += 1
            guard extensionBytes <= limits.chunkExtensionBytes else { return .malformed("too many chunk extensions") }
            return readExtension(byte)
        }
    }

    private mutating func take(digit: Int, limits: borrowing HTTPLimits) -> PeerViolation? {
        state = .size
        digits += 1
        // More than sixteen digits are zeros in front of a number or a number nobody can hold.
        guard digits <= 16 else { return .malformed("a chunk size of too many digits") }
        let (shifted, overflow) = size.multipliedReportingOverflow(by: 16)
        let (sum, carry) = shifted.addingReportingOverflow(digit)
        guard !overflow, !carry, sum <= limits.bodyBytes - bodyBytes else { return .contentTooLong }
        size = sum
        return nil
    }

    private mutating func readExtension(_ byte: UInt8) -> PeerViolation? {
        switch state {
        case .extensionName(let isEmpty):
            if ByteSet.token.contains(byte) {
                state = .extensionName(isEmpty: false)
                return nil
            }
            guard !isEmpty else { break }
            if byte == Byte.equals {
                state = .extensionValueStart
                return nil
            }
            return endOfElement(byte)
        case .extensionValueStart:
            if byte == Byte.quote {
                state = .quoted
                return nil
            }
            guard ByteSet.token.contains(byte) else { break }
            state = .extensionValue
            return nil
        case .extensionValue:
            return ByteSet.token.contains(byte) ? nil : endOfElement(byte)
        case .quoted:
            guard Byte.isFieldContent(byte) else { break }
            if byte == Byte.quote { state = .quotedEnd }
            if byte == Byte.backslash { state = .quotedPair }
            return nil
        case .quotedPair:
            guard Byte.isFieldContent(byte) else { break }
            state = .quoted
            return nil
        default:
            return endOfElement(byte)
        }
        return .malformed("a malformed chunk extension")
    }

    /// After the size or a whole extension: another extension, or the end of the line.
    private mutating func endOfElement(_ byte: UInt8) -> PeerViolation? {
        switch byte {
        case Byte.carriageReturn: state = .sizeLineFeed
        case Byte.semicolon: state = .extensionName(isEmpty: true)
        default: return .malformed("a malformed chunk-size line")
        }
        return nil
    }

    private mutating func startChunk(limits: borrowing HTTPLimits) -> PeerViolation? {
        bodyBytes += size
        state = size == 0 ? .trailers : .data
        digits = 0
        lineBytes = 0
        return nil
    }

    private mutating func readTrailers(
        _ bytes: borrowing Span<UInt8>, from start: Int, limits: borrowing HTTPLimits
    ) -> Answer {
        var position = start
        while true {
            if trailer.isAtStart, position < bytes.count, bytes[position] != Byte.carriageReturn {
                guard trailerCount < limits.fieldCount else { return .violation(Self.tooManyTrailers) }
            }
            switch trailer.read(bytes, from: position, allowance: limits.trailerBytes - trailerBytes) {
            case .needBytes: return .needBytes(consumed: position)
            case .tooLong: return .violation(Self.tooManyTrailers)
            case .violation(let violation): return .violation(violation)
            case .sectionEnd(let next): return .end(consumed: next)
            case .line(_, _, let next):
                trailerCount += 1
                trailerBytes += next - position
                position = next
            }
        }
    }

    private static var tooManyTrailers: PeerViolation {
        PeerViolation(status: 431, detail: "the trailers are too large")
    }

    private static func refuse(_ detail: String) -> Answer { .violation(.malformed(detail)) }
}
