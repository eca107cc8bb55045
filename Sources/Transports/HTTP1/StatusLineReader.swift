/// Reads the status line (RFC 9112 section 4), however it is cut into pieces.
///
///     "HTTP/" DIGIT "." DIGIT SP 3DIGIT [ SP reason ] CR LF
///
/// The blank before an empty reason may be missing, as it is with many servers. The reason is checked and forgotten.
struct StatusLineReader {
    struct Line {
        var status: Int
        var major: UInt8
        var minor: UInt8
        var next: Int
    }

    enum Answer {
        case needBytes
        case line(Line)
        case violation(PeerViolation)
    }

    private var scanned = 0  // bytes of this line already looked at
    private var status = 0
    private var version = VersionReader()

    mutating func read(_ bytes: borrowing Span<UInt8>, from start: Int, allowance: Int) -> Answer {
        var index = start &+ scanned
        while index < bytes.count {
            let offset = index &- start
            guard offset < allowance else {
                return .violation(.malformed("the status line is too long"))
            }
            let byte = bytes[index]
            index &+= 1
            if byte == Byte.lineFeed {
                guard offset > Self.shortest, bytes[index &- 2] == Byte.carriageReturn else {
                    return .violation(.malformed("a bare line feed"))
                }
                let line = Line(status: status, major: version.major, minor: version.minor, next: index)
                self = StatusLineReader()
                return .line(line)
            }
            guard accept(byte, at: offset, after: offset > 0 ? bytes[index &- 2] : 0) else {
                return .violation(.malformed("a malformed status line"))
            }
            scanned = offset &+ 1
        }
        return .needBytes
    }

    /// Where the carriage return stands when there is no reason.
    private static let shortest = 12

    private mutating func accept(_ byte: UInt8, at offset: Int, after last: UInt8) -> Bool {
        switch offset {
        case 0...7: return version.accept(byte, at: offset)
        case 8: return byte == Byte.space
        case 9, 10, 11:
            status = status &* 10 &+ Int(byte &- 0x30)
            return Byte.isDigit(byte) && (offset > 9 || byte != 0x30)
        case 12: return byte == Byte.space || byte == Byte.carriageReturn
        // Behind a carriage return only a line feed may stand.
        default: return last != Byte.carriageReturn && (Byte.isFieldContent(byte) || byte == Byte.carriageReturn)
        }
    }
}
