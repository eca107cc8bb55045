/// Tests on eight bytes at once.
enum JSONWord {
    /// A byte in each of the eight places.
    private static func all(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

    /// Marks, by the highest bit of its byte, what a run of plain string bytes ends at: a control character, a quote,
    /// a backslash, or the start of something outside ASCII. Bits above the lowest one set mean nothing.
    ///
    /// `(x - n) & ~x` has the high bit of a byte set where the byte is below `n` (n ≤ 128); a borrow spoils only
    /// bytes above the first that is.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let quote = word ^ all(UInt8(ascii: "\""))
        let backslash = word ^ all(UInt8(ascii: "\\"))
        let found =
            (word &- all(0x20)) & ~word | (quote &- all(1)) & ~quote | (backslash &- all(1)) & ~backslash | word
        return found & all(0x80)
    }

    /// As ``special(_:)``, but bytes outside ASCII are plain: for text that is known to be valid UTF-8.
    @inline(__always)
    static func escaped(_ word: UInt64) -> UInt64 {
        let quote = word ^ all(UInt8(ascii: "\""))
        let backslash = word ^ all(UInt8(ascii: "\\"))
        let found =
            (word &- all(0x20)) & ~word | (quote &- all(1)) & ~quote | (backslash &- all(1)) & ~backslash
        return found & all(0x80)
    }
}
