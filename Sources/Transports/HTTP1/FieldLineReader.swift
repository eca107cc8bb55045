/// Reads one line of a field section (RFC 9112 section 5), of a head or of trailers, however it is cut into pieces.
///
///     field-line CRLF        name ":" blanks value blanks CR LF
///     CRLF                   the empty line that closes the section
///
/// There is no other shape: no blank before the colon, no folded line, no bare CR or LF, no control byte in a value.
/// The reader remembers how far it looked, so each byte is looked at once.
struct FieldLineReader {
    enum Answer {
        case needBytes
        case line(name: Range<Int>, value: Range<Int>, next: Int)
        case sectionEnd(next: Int)
        case tooLong
        case violation(PeerViolation)
    }

    private enum State {
        case start
        case name
        case value
        case lineFeed
        case lastLineFeed
    }

    private var state = State.start
    private var scanned = 0  // bytes of this line already looked at
    private var colon = 0  // where in this line the colon is

    /// Nothing of the line has been seen.
    var isAtStart: Bool { scanned == 0 }

    /// - Parameters:
    ///   - start: where the line begins in `bytes`, the same line at each call until it is answered.
    ///   - allowance: how many bytes the line may take, its CRLF included.
    mutating func read(_ bytes: borrowing Span<UInt8>, from start: Int, allowance: Int) -> Answer {
        let (limit, overflow) = start.addingReportingOverflow(allowance)
        let end = overflow ? bytes.count : min(bytes.count, limit)
        var index = start + scanned
        while index < end {
            switch state {
            case .start:
                let byte = bytes[index]
                if byte == Byte.carriageReturn {
                    state = .lastLineFeed
                    index += 1
                } else if ByteSet.token.contains(byte) {
                    state = .name
                } else {
                    return .violation(.malformed(Self.complaint(atStart: byte)))
                }
            case .name:
                while index < end, ByteSet.token.contains(bytes[index]) { index += 1 }
                guard index < end else { break }
                guard bytes[index] == Byte.colon else {
                    return .violation(.malformed(Self.complaint(inName: bytes[index])))
                }
                colon = index - start
                state = .value
                index += 1
            case .value:
                while index < end, Byte.isFieldContent(bytes[index]) { index += 1 }
                guard index < end else { break }
                guard bytes[index] == Byte.carriageReturn else {
                    return .violation(.malformed(Self.complaint(inValue: bytes[index])))
                }
                state = .lineFeed
                index += 1
            case .lineFeed, .lastLineFeed:
                guard bytes[index] == Byte.lineFeed else { return .violation(.malformed("a bare carriage return")) }
                let isLast = state == .lastLineFeed
                let nameEnd = start + colon
                self = FieldLineReader()
                if isLast { return .sectionEnd(next: index + 1) }
                let value = trimmed(nameEnd + 1..<index - 1, of: bytes)
                return .line(name: start..<nameEnd, value: value, next: index + 1)
            }
        }
        scanned = index - start
        return index < bytes.count ? .tooLong : .needBytes
    }

    private static func complaint(atStart byte: UInt8) -> String {
        switch byte {
        case Byte.space, Byte.tab: "a folded field line"
        case Byte.colon: "an empty field name"
        case Byte.lineFeed: "a bare line feed"
        default: "a field name that is not a token"
        }
    }

    private static func complaint(inName byte: UInt8) -> String {
        switch byte {
        case Byte.space, Byte.tab: "a blank before the colon of a field"
        case Byte.carriageReturn, Byte.lineFeed: "a field line without a colon"
        default: "a field name that is not a token"
        }
    }

    private static func complaint(inValue byte: UInt8) -> String {
        byte == Byte.lineFeed ? "a bare line feed" : "a control byte in a field value"
    }
}
