/// A set of ASCII bytes, one bit each. Bytes from 0x80 are never members.
///
/// The grammars of RFC 9110 and RFC 3986 are sets of characters; a bit mask makes each test two instructions. The masks
/// are literals so that they need no initialiser at run time; `ByteSetTests` spells every one of them out.
struct ByteSet {
    private let low: UInt64
    private let high: UInt64

    private init(_ low: UInt64, _ high: UInt64) {
        self.low = low
        self.high = high
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? low : byte < 128 ? high : 0
        return (word &>> UInt64(byte & 63)) & 1 != 0
    }

    /// `tchar` of RFC 9110 section 5.6.2: methods, field names, list members.
    static let token = ByteSet(0x03ff_6cfa_0000_0000, 0x57ff_ffff_c7ff_fffe)

    /// `unreserved` of RFC 3986 section 2.3: what percent-encoding leaves as it is.
    static let unreserved = ByteSet(0x03ff_6000_0000_0000, 0x47ff_fffe_87ff_fffe)

    /// `pchar` and `/` of RFC 3986 section 3.3, without the percent sign, which needs two digits after it.
    static let path = ByteSet(0x2fff_ffd2_0000_0000, 0x47ff_fffe_87ff_ffff)

    /// `query` of RFC 3986 section 3.4, without the percent sign.
    static let query = ByteSet(0xafff_ffd2_0000_0000, 0x47ff_fffe_87ff_ffff)

    /// `reg-name` of RFC 3986 section 3.2.2, without the percent sign.
    static let registeredName = ByteSet(0x2bff_7fd2_0000_0000, 0x47ff_fffe_87ff_fffe)

    /// Whatever may stand in some form of request target: `query`, the percent sign and the brackets of an IPv6 address.
    static let target = ByteSet(0xafff_fff2_0000_0000, 0x47ff_fffe_afff_ffff)
}

/// The bytes the grammar is made of, by name.
enum Byte {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let percent: UInt8 = 0x25
    static let asterisk: UInt8 = 0x2A
    static let plus: UInt8 = 0x2B
    static let comma: UInt8 = 0x2C
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let question: UInt8 = 0x3F
    static let at: UInt8 = 0x40
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let ampersand: UInt8 = 0x26
    static let delete: UInt8 = 0x7F

    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    /// `field-vchar`, SP and HTAB of RFC 9110 section 5.5: everything but control bytes, obs-text included.
    @inline(__always)
    static func isFieldContent(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != delete) || byte == tab }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// The value of one hexadecimal digit in either case, nil for anything else.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = byte | 0x20
        return letter &- 0x61 < 6 ? letter &- 0x57 : nil
    }
}
