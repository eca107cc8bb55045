/// Checks UTF-8 that arrives in pieces (RFC 3629), and says no at the first byte that cannot be right.
///
/// Between two characters there is no state. Inside one there are the number of bytes still to come and the range that the next
/// must lie in, which is what refuses overlong forms, surrogates and everything past U+10FFFF at their second byte.
struct UTF8Validator: Sendable {
    private var awaited: UInt8 = 0
    private var lowest: UInt8 = 0x80
    private var highest: UInt8 = 0xBF

    /// Whether the bytes so far end with a whole character.
    var isAtBoundary: Bool { awaited == 0 }

    /// Takes the next bytes. False: no continuation can make this valid, and the validator is not to be used further.
    mutating func accept(_ bytes: RawSpan, in range: Range<Int>) -> Bool {
        var at = range.lowerBound
        let end = range.upperBound
        while at < end {
            if awaited == 0 {
                at = Self.skipWholeCharacters(bytes, from: at, to: end)
                guard at < end else { break }
            }
            let byte = unsafe bytes.unsafeLoad(fromByteOffset: at, as: UInt8.self)
            guard step(byte) else { return false }
            at &+= 1
        }
        return true
    }

    /// The fast way, from one boundary to another: ASCII eight bytes at a time, other characters whole. It stops at the first thing it does
    /// not know to be right, and near the end; what that is worth, `step` says.
    private static func skipWholeCharacters(_ bytes: RawSpan, from start: Int, to end: Int) -> Int {
        var at = start
        while end &- at >= 8 {
            let word = UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self))
            let high = word & 0x8080_8080_8080_8080
            if high == 0 {
                at &+= 8
                continue
            }
            at &+= high.trailingZeroBitCount >> 3
            // The lead byte is the lowest: 110xxxxx 10xxxxxx, 1110xxxx 10xxxxxx 10xxxxxx, or 11110xxx and three more.
            while end &- at >= 4 {
                let next = UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: at, as: UInt32.self))
                if next & 0x0000_C0E0 == 0x0000_80C0, next & 0x1E != 0 {
                    at &+= 2
                } else if next & 0x00C0_C0F0 == 0x0080_80E0, next & 0x200F != 0, next & 0x200F != 0x200D {
                    at &+= 3
                } else if next & 0xC0C0_C0F8 == 0x8080_80F0, next & 0x3007 != 0, next & 0x7 < 4 || next & 0x3007 == 4 {
                    at &+= 4
                } else if next & 0x80 == 0 {
                    break
                } else {
                    return at
                }
            }
        }
        return at
    }

    private mutating func step(_ byte: UInt8) -> Bool {
        if awaited != 0 {
            guard byte >= lowest, byte <= highest else { return false }
            awaited &-= 1
            lowest = 0x80
            highest = 0xBF
            return true
        }
        switch byte {
        case 0x00...0x7F: return true
        case 0xC2...0xDF: awaited = 1  // C0 and C1 would be overlong
        case 0xE0: (awaited, lowest) = (2, 0xA0)  // below: overlong
        case 0xED: (awaited, highest) = (2, 0x9F)  // above: a surrogate
        case 0xE1...0xEF: awaited = 2
        case 0xF0: (awaited, lowest) = (3, 0x90)  // below: overlong
        case 0xF4: (awaited, highest) = (3, 0x8F)  // above: past U+10FFFF
        case 0xF1...0xF3: awaited = 3
        default: return false
        }
        return true
    }
}
