/// SipHash-1-3: a hash that nobody can make collisions for who does not know its key.
///
/// Client names come from outside: with a plain hash, a client could send names that all look alike, and each look-up would
/// have to tell them apart in the log. The standard library's own is keyed anew by each process; this one is kept in the file.
struct SipHash {
    private var v0: UInt64
    private var v1: UInt64
    private var v2: UInt64
    private var v3: UInt64

    init(key: (UInt64, UInt64)) {
        v0 = 0x736F_6D65_7073_6575 ^ key.0
        v1 = 0x646F_7261_6E64_6F6D ^ key.1
        v2 = 0x6C79_6765_6E65_7261 ^ key.0
        v3 = 0x7465_6462_7974_6573 ^ key.1
    }

    mutating func add(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            var index = 0
            while index &+ 8 <= raw.count {
                add(UInt64(littleEndian: unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
                index &+= 8
            }
            var last = UInt64(truncatingIfNeeded: raw.count) &<< 56
            var shift: UInt64 = 0
            while index < raw.count {
                last |= UInt64(unsafe raw[index]) &<< shift
                shift &+= 8
                index &+= 1
            }
            add(last)
        }
    }

    consuming func finish() -> UInt64 {
        v2 ^= 0xFF
        round()
        round()
        round()
        return v0 ^ v1 ^ v2 ^ v3
    }

    private mutating func round() {
        v0 &+= v1
        v1 = rotate(v1, 13) ^ v0
        v0 = rotate(v0, 32)
        v2 &+= v3
        v3 = rotate(v3, 16) ^ v2
        v0 &+= v3
        v3 = rotate(v3, 21) ^ v0
        v2 &+= v1
        v1 = rotate(v1, 17) ^ v2
        v2 = rotate(v2, 32)
    }

    private func rotate(_ word: UInt64, _ bits: UInt64) -> UInt64 { word &<< bits | word &>> (64 &- bits) }
}
