/// The checksum at the end of each page of the file, in the bytes that SQLite leaves to others there.
///
/// ```
///  0                                                  4088        4096
///  |  what SQLite keeps                                |  sum      |
/// ```
/// Over the page and its number, so that a page that was written to another's place is met too. Part of the file's format:
/// never change it.
///
/// Of the first page without what SQLite counts there for itself: a copy that another program's `.backup` makes has other counters
/// and the same sum. They say nothing of what is kept, and nobody believes them.
///
/// Zero says that there is none: a page which another program wrote, or which was never written. No change of one byte makes
/// a sum zero. A disk that loses a page's last sector whole, and reads zeros, does; then only SQLite's look at the page's
/// shape is left, and the log's ``Checksum``.
package enum PageSum {
    static let pageSize = 4096
    static let size = 8

    /// In the header of SQLite's file format: changes of the file, changes of the schema, the change for which the file's size is
    /// good, and the version of SQLite that wrote it.
    package static let counters = [24..<28, 40..<44, 92..<100]

    static func of(_ page: UnsafeRawBufferPointer, number: Int64) -> UInt64 {
        guard number == 1 else { return unsafe ofAll(page, number: number) }
        return unsafe withUnsafeTemporaryAllocation(byteCount: pageSize, alignment: 8) { first in
            unsafe first.copyMemory(from: UnsafeRawBufferPointer(rebasing: page.prefix(pageSize)))
            for range in counters { for at in range { unsafe first[at] = 0 } }
            return unsafe ofAll(UnsafeRawBufferPointer(first), number: number)
        }
    }

    /// Each word is mixed into one of four lanes by an operation that can be undone, so any change of one word changes the
    /// 64 bits for certain; 62 of them are kept. Four, since each step waits for the one before in its lane.
    static func ofAll(_ page: UnsafeRawBufferPointer, number: Int64) -> UInt64 {
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
        // Two bytes that are never zero.
        return mixed(mixed(mixed(a, b), c), d) | 0x8000_0000_0000_0001
    }

    private static func mixed(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word) &* 0xFF51_AFD7_ED55_8CCD
        return product ^ product &>> 32
    }

    /// Whether the page is as it was written, as far as its sum tells.
    static func holds(_ page: UnsafeRawBufferPointer, number: Int64) -> Bool {
        let kept = unsafe kept(in: page)
        // The first page of a file that was made before had the counters in its sum.
        return unsafe kept == 0 || kept == of(page, number: number)
            || number == 1 && kept == ofAll(page, number: number)
    }

    private static func kept(in page: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(littleEndian: unsafe page.loadUnaligned(fromByteOffset: pageSize &- size, as: UInt64.self))
    }

    /// Whether the first page of a file says that its pages have sums.
    static func areKept(accordingTo first: UnsafeRawBufferPointer) -> Bool {
        // The header of SQLite's file format: the page's size at 16, big-endian; the reserved bytes at 20.
        guard first.count > 20 else { return false }
        return unsafe (first[16], first[17], first[20]) == (0x10, 0x00, UInt8(size))
    }

    /// Whether a file's pages have sums, from its first page as it was read: one of those three bytes that has changed
    /// must not keep all of them from being looked at. Changes `first`.
    static func areKept(behind first: UnsafeMutableRawBufferPointer) -> Bool {
        if unsafe areKept(accordingTo: UnsafeRawBufferPointer(first)) { return true }
        guard first.count == pageSize else { return false }
        unsafe (first[16], first[17], first[20]) = (0x10, 0x00, UInt8(size))
        let page = UnsafeRawBufferPointer(first)
        return unsafe kept(in: page) != 0 && holds(page, number: 1)
    }
}
