/// Reads the protocol's name and version (RFC 9112 section 2.3), with which a status line begins and a request line ends.
///
///     "HTTP/" DIGIT "." DIGIT
struct VersionReader {
    private(set) var major: UInt8 = 0
    private(set) var minor: UInt8 = 0

    /// Takes the byte at an offset of it; false when another should stand there.
    mutating func accept(_ byte: UInt8, at offset: Int) -> Bool {
        switch offset {
        case 0: return byte == 0x48  // H
        case 1, 2: return byte == 0x54  // T
        case 3: return byte == 0x50  // P
        case 4: return byte == Byte.slash
        case 5:
            major = byte &- 0x30
            return Byte.isDigit(byte)
        case 6: return byte == Byte.dot
        case 7:
            minor = byte &- 0x30
            return Byte.isDigit(byte)
        default: return false
        }
    }
}
