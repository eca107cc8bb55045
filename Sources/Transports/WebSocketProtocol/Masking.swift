extension MutableRawSpan {
    /// Takes the mask off the bytes in `range`, where they are, eight at a time (RFC 6455 section 5.3).
    ///
    /// `mask` is in the byte order of memory and stands at the first byte of the range; afterwards it stands at the byte after the
    /// last. Answers whether everything was ASCII, which is free to learn here and spares most texts a second pass.
    mutating func unmask(_ range: Range<Int>, with mask: inout UInt32) -> Bool {
        var at = range.lowerBound
        let end = range.upperBound
        let key = UInt64(mask) << 32 | UInt64(mask)
        var seen: UInt64 = 0
        while end &- at >= 8 {
            let word = unsafe unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self) ^ key
            storeBytes(of: word, toByteOffset: at, as: UInt64.self)
            seen |= word
            at &+= 8
        }
        var rest = UInt32(littleEndian: mask)
        while at < end {
            let byte = unsafe unsafeLoad(fromByteOffset: at, as: UInt8.self) ^ UInt8(truncatingIfNeeded: rest)
            storeBytes(of: byte, toByteOffset: at, as: UInt8.self)
            seen |= UInt64(byte)
            rest = rest >> 8 | rest << 24
            at &+= 1
        }
        mask = UInt32(littleEndian: rest)
        return seen & 0x8080_8080_8080_8080 == 0
    }
}
