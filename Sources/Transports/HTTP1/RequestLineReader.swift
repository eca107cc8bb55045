/// Reads the request line (RFC 9112 section 3), however it is cut into pieces.
///
///     method SP request-target SP "HTTP/" DIGIT "." DIGIT CR LF
///
/// One empty line before it is passed over (section 2.2: some old clients end a body with one); a second is refused.
/// Here only the characters are checked; what the target means is `RequestTarget`'s.
struct RequestLineReader {
    struct Line {
        var method: Range<Int>
        var target: Range<Int>
        var major: UInt8
        var minor: UInt8
        var next: Int
    }

    enum Answer {
        case needBytes
        case emptyLine(next: Int)
        case line(Line)
        case violation(PeerViolation)
    }

    private enum State {
        case start
        case emptyLineFeed
        case method
        case targetStart
        case target
        case version
    }

    private var state = State.start
    private var scanned = 0  // bytes of this line already looked at
    private var methodEnd = 0  // offsets in this line
    private var targetEnd = 0
    private var version = VersionReader()
    private var sawEmptyLine = false

    /// No byte of a request has been seen (an empty line is none).
    var isAtStart: Bool { state == .start || state == .emptyLineFeed }

    /// Nothing at all has been seen.
    var isUntouched: Bool { state == .start && !sawEmptyLine }

    mutating func read(_ bytes: borrowing Span<UInt8>, from start: Int, allowance: Int) -> Answer {
        let (limit, overflow) = start.addingReportingOverflow(allowance)
        let end = overflow ? bytes.count : min(bytes.count, limit)
        var index = start + scanned
        while index < end {
            switch state {
            case .start:
                if bytes[index] == Byte.carriageReturn && !sawEmptyLine {
                    state = .emptyLineFeed
                    index += 1
                } else if ByteSet.token.contains(bytes[index]) {
                    state = .method
                } else {
                    return .violation(.malformed("the request does not begin with a method"))
                }
            case .emptyLineFeed:
                guard bytes[index] == Byte.lineFeed else { return .violation(.malformed("a bare carriage return")) }
                self = RequestLineReader()
                sawEmptyLine = true
                return .emptyLine(next: index + 1)
            case .method:
                while index < end, ByteSet.token.contains(bytes[index]) { index += 1 }
                guard index < end else { break }
                guard bytes[index] == Byte.space else { return .violation(.malformed("a method that is not a token")) }
                methodEnd = index - start
                state = .targetStart
                index += 1
            case .targetStart:
                guard ByteSet.target.contains(bytes[index]) else {
                    return .violation(.malformed("a request line without a target"))
                }
                state = .target
            case .target:
                while index < end, ByteSet.target.contains(bytes[index]) { index += 1 }
                guard index < end else { break }
                guard bytes[index] == Byte.space else {
                    return .violation(.malformed(Self.complaint(inTarget: bytes[index])))
                }
                targetEnd = index - start
                state = .version
                index += 1
            case .version:
                let offset = index - start - targetEnd - 1
                guard accept(bytes[index], atVersionOffset: offset) else {
                    return .violation(.malformed(Self.complaint(inVersion: bytes[index], at: offset)))
                }
                index += 1
                if offset == 9 {
                    let line = Line(
                        method: start..<start + methodEnd, target: start + methodEnd + 1..<start + targetEnd,
                        major: version.major, minor: version.minor, next: index)
                    self = RequestLineReader()
                    return .line(line)
                }
            }
        }
        scanned = index - start
        guard index < bytes.count else { return .needBytes }
        return .violation(PeerViolation(status: 414, detail: "the request line is too long"))
    }

    private mutating func accept(_ byte: UInt8, atVersionOffset offset: Int) -> Bool {
        switch offset {
        case 0...7: return version.accept(byte, at: offset)
        case 8: return byte == Byte.carriageReturn
        default: return byte == Byte.lineFeed
        }
    }

    private static func complaint(inTarget byte: UInt8) -> String {
        switch byte {
        case Byte.carriageReturn, Byte.lineFeed: "a request line without a version"
        default: "a character in the target that no URI may have"
        }
    }

    private static func complaint(inVersion byte: UInt8, at offset: Int) -> String {
        switch (offset, byte) {
        case (8, Byte.lineFeed): "a bare line feed"
        case (9, _): "a bare carriage return"
        default: "a malformed protocol version"
        }
    }
}
