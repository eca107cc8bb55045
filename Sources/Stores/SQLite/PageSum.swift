/// The checksum at the end of each page of the file, in the bytes that SQLite leaves to others there.
///
/// ```
///  0                                                  4088        4096
///  |  what SQLite keeps                                |  sum      |
/// ```
/// Over the page and its number, so that a page that was written to another's place is met too. Zero says that there is
/// none: a page which another program wrote, or which was never written. Part of the file's format: never change it.
enum PageSum {
    static let pageSize = 4096
    static let size = 8

    /// Each word is mixed into one of four lanes by an operation that can be undone, so any change of one word changes the
    /// sum for certain. Four, since each step waits for the one before in its lane.
    static func of(_ page: UnsafeRawBufferPointer, number: Int64) -> UInt64 {
        func word(_ offset: Int) -> UInt64 {
            UInt64(littleEndian: unsafe page.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
        var a = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bitPattern: number)
        var b: UInt64 = 0xBF58_476D_1CE4_E5B9
        var c: UInt64 = 0x94D0_49BB_1331_11EB
        var d: UInt64 = 0xD6E8_FEB8_6659_FD93
        var offset = 0
        while offset < pageSize &- 32 {
            a = mixed(a, word(offset))
            b = mixed(b, word(offset &+ 8))
            c = mixed(c, word(offset &+ 16))
            d = mixed(d, word(offset &+ 24))
            offset &+= 32
        }
        // The last word is the sum's own.
        a = mixed(a, word(offset))
        b = mixed(b, word(offset &+ 8))
        c = mixed(c, word(offset &+ 16))
        let sum = mixed(mixed(mixed(a, b), c), d)
        return sum == 0 ? 1 : sum
    }

    private static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word) &* 0xFF51_AFD7_ED55_8CCD
        return product ^ product &>> 32
    }

    /// Whether the page is as it was written, as far as its sum tells.
    static func holds(_ page: UnsafeRawBufferPointer, number: Int64) -> Bool {
        let kept = UInt64(
            littleEndian: unsafe page.loadUnaligned(fromByteOffset: pageSize &- size, as: UInt64.self))
        if kept == 0 { return true }
        return unsafe of(page, number: number) == kept
    }

    /// Whether the first page of a file says that its pages have sums.
    static func areKept(accordingTo first: UnsafeRawBufferPointer) -> Bool {
        // The header of SQLite's file format: the page's size at 16, big-endian; the reserved bytes at 20.
        guard first.count > 20 else { return false }
        return unsafe (first[16], first[17], first[20]) == (0x10, 0x00, UInt8(size))
    }
}
