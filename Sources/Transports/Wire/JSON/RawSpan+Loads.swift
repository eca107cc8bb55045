/// The only loads of this module. Both check their bounds in release builds too, so reading past the end stops the
/// process instead of leaking memory; the readers above never let it come to that.
extension RawSpan {
    /// The byte at `offset`.
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        // Any bit pattern is a UInt8.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes from `offset`, the first in the lowest bits.
    @inline(__always)
    func word(_ offset: Int) -> UInt64 {
        // Any bit pattern is a UInt64.
        UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Whether the bytes from `offset` are those of `text`.
    @inline(__always)
    func has(_ text: StaticString, at offset: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard length <= byteCount &- offset else { return false }
        // A literal's bytes live as long as the program; the index is below their count.
        let literal = unsafe text.utf8Start
        for index in 0..<length where unsafe literal[index] != byte(offset &+ index) { return false }
        return true
    }

    /// The text of bytes that have been found to be valid UTF-8.
    @inline(__always)
    func text(_ range: Range<Int>) -> String {
        // The pointer does not leave the closure.
        unsafe extracting(range).withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
