/// The parts of a request target (RFC 9112 section 3.2).
///
///     origin-form     /path?query
///     absolute-form   http://host:port/path?query     the host replaces the Host field
///     asterisk-form   *                               OPTIONS only
///     authority-form  host:port                       CONNECT only, so refused: we are no tunnel
///
/// The characters are those of RFC 3986 and no others; a percent sign has two digits after it. What a browser sends
/// unencoded beyond that (`|`, `^`, `{`) is refused as well: two readings of a target are one too many.
struct RequestTarget {
    var path: Range<Int>?  // nil: `*` for OPTIONS, `/` otherwise
    var query: Range<Int>?
    var authority: Range<Int>?

    init(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, isOptions: Bool) throws(PeerViolation) {
        var start = range.lowerBound
        if bytes[start] == Byte.asterisk {
            guard isOptions, range.count == 1 else { throw .malformed("a target of * is for OPTIONS alone") }
            return
        }
        if bytes[start] != Byte.slash {
            let authority = try Self.authority(bytes, range)
            try HostRules.check(bytes, authority)
            self.authority = authority
            start = authority.upperBound
        }
        var pathEnd = start
        while pathEnd < range.upperBound, bytes[pathEnd] != Byte.question { pathEnd += 1 }
        try Self.check(bytes, start..<pathEnd, ByteSet.path)
        if start < pathEnd { path = start..<pathEnd }
        if pathEnd < range.upperBound {
            try Self.check(bytes, pathEnd + 1..<range.upperBound, ByteSet.query)
            query = pathEnd + 1..<range.upperBound
        }
    }

    /// Where the authority of an absolute-form target is.
    private static func authority(
        _ bytes: borrowing Span<UInt8>, _ range: Range<Int>
    ) throws(PeerViolation) -> Range<Int> {
        let scheme = schemeLength(bytes, range)
        guard scheme > 0 else { throw .malformed("a target in none of the forms accepted") }
        let start = range.lowerBound + scheme
        var end = start
        while end < range.upperBound, bytes[end] != Byte.slash, bytes[end] != Byte.question { end += 1 }
        return start..<end
    }

    private static func schemeLength(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Int {
        for scheme in ["http://", "https://"] as [StaticString] where range.count > scheme.utf8CodeUnitCount {
            var index = range.lowerBound
            var matches = true
            for expected in scheme.description.utf8 {
                matches = matches && Byte.lowercased(bytes[index]) == expected
                index += 1
            }
            if matches { return scheme.utf8CodeUnitCount }
        }
        return 0
    }

    /// Every character is in `set` or is a percent sign with two digits.
    static func check(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, _ set: ByteSet) throws(PeerViolation) {
        var index = range.lowerBound
        while index < range.upperBound {
            if set.contains(bytes[index]) {
                index += 1
            } else if bytes[index] == Byte.percent, range.upperBound - index > 2,
                Byte.hexValue(bytes[index + 1]) != nil, Byte.hexValue(bytes[index + 2]) != nil
            {
                index += 3
            } else {
                throw .malformed("a character or escape that no URI may have there")
            }
        }
    }
}

/// `uri-host [ ":" port ]` of RFC 9110 section 7.2. An empty host is refused (section 4.2.1 calls such a URI invalid), and
/// so is user information (section 4.2.4). An address in brackets is checked for its characters only: nothing is routed by it.
enum HostRules {
    static func check(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) throws(PeerViolation) {
        var index = range.lowerBound
        if index < range.upperBound, bytes[index] == Byte.openBracket {
            index += 1
            let first = index
            while index < range.upperBound, isIPv6(bytes[index]) { index += 1 }
            guard index < range.upperBound, bytes[index] == Byte.closeBracket, index - first >= 2 else { throw wrong }
            index += 1
        } else {
            while index < range.upperBound, bytes[index] != Byte.colon { index += 1 }
            guard index > range.lowerBound else { throw wrong }
            try RequestTarget.check(bytes, range.lowerBound..<index, ByteSet.registeredName)
        }
        guard index < range.upperBound else { return }
        guard bytes[index] == Byte.colon else { throw wrong }
        var port = 0
        for digit in index + 1..<range.upperBound {
            guard Byte.isDigit(bytes[digit]) else { throw wrong }
            port = port * 10 + Int(bytes[digit] &- 0x30)
            guard port <= 65535 else { throw wrong }
        }
    }

    private static func isIPv6(_ byte: UInt8) -> Bool {
        Byte.hexValue(byte) != nil || byte == Byte.colon || byte == Byte.dot
    }

    private static var wrong: PeerViolation { .malformed("a host that no URI may have") }
}
