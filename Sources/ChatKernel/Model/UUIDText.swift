/// The canonical text of a UUID (RFC 9562 section 4: 36 characters, hex digits in lower case) from its 128 bits, and back.
///
/// Eight digits at a time: a message's identifier is made, and taken apart again for the store, once for each message.
package enum UUIDText {
    private static let length = 36

    /// The text of these 16 bytes, the first in the highest of `high`.
    package static func text(high: UInt64, low: UInt64) -> String {
        unsafe String(unsafeUninitializedCapacity: length) { bytes in
            // 36 bytes are set aside, and the groups of 8, 4, 4, 4 and 12 digits lie within.
            let text = UnsafeMutableRawBufferPointer(bytes)
            func four(_ digits: UInt64, at place: Int) {
                unsafe text.storeBytes(
                    of: UInt32(truncatingIfNeeded: digits).littleEndian, toByteOffset: place, as: UInt32.self)
            }
            let (b, c) = (digits(of: high), digits(of: low >> 32))
            unsafe text.storeBytes(of: digits(of: high >> 32).littleEndian, toByteOffset: 0, as: UInt64.self)
            four(b, at: 9)
            four(b >> 32, at: 14)
            four(c, at: 19)
            four(c >> 32, at: 24)
            unsafe text.storeBytes(of: digits(of: low).littleEndian, toByteOffset: 28, as: UInt64.self)
            unsafe text[8] = hyphen
            unsafe text[13] = hyphen
            unsafe text[18] = hyphen
            unsafe text[23] = hyphen
            return length
        }
    }

    /// Nil for text that ``text(high:low:)`` would not give back exactly.
    package static func bits(of text: String) -> (high: UInt64, low: UInt64)? {
        let bytes = unsafe text.utf8.span.bytes
        guard bytes.byteCount == length else { return nil }
        // All places are within the 36.
        func four(_ place: Int) -> UInt64 {
            UInt64(UInt32(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt32.self)))
        }
        func eight(_ place: Int) -> UInt64 {
            UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: place, as: UInt64.self))
        }
        func isHyphen(_ place: Int) -> Bool { unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self) == hyphen }
        guard isHyphen(8), isHyphen(13), isHyphen(18), isHyphen(23),
            let a = number(of: eight(0)), let b = number(of: four(9) | four(14) << 32),
            let c = number(of: four(19) | four(24) << 32), let d = number(of: eight(28))
        else { return nil }
        return (a << 32 | b, c << 32 | d)
    }

    private static let hyphen = UInt8(ascii: "-")

    private static func all(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

    /// The eight digits of the low 32 bits, the first in the lowest byte.
    private static func digits(of number: UInt64) -> UInt64 {
        var nibbles = number & 0xFFFF_FFFF
        nibbles = (nibbles | nibbles << 16) & 0x0000_FFFF_0000_FFFF
        nibbles = (nibbles | nibbles << 8) & 0x00FF_00FF_00FF_00FF
        nibbles = (nibbles | nibbles << 4) & all(0x0F)
        let isLetter = (nibbles &+ all(6)) >> 4 & all(1)
        return (nibbles &+ all(UInt8(ascii: "0")) &+ isLetter &* 39).byteSwapped
    }

    /// The number of which these are the ``digits(of:)``; nil when they are those of none.
    private static func number(of digits: UInt64) -> UInt64? {
        let bytes = digits.byteSwapped
        // A letter has bit 6 and its low four bits begin at 1.
        var number = ((bytes & all(0x0F)) &+ (bytes >> 6 & all(1)) &* 9) & all(0x0F)
        number = (number | number >> 4) & 0x00FF_00FF_00FF_00FF
        number = (number | number >> 8) & 0x0000_FFFF_0000_FFFF
        number = (number | number >> 16) & 0xFFFF_FFFF
        // What is not a digit, or not in lower case, came out as another.
        return self.digits(of: number) == digits ? number : nil
    }
}
