/// A checksum over an entry, so that a byte that changed on the disk is met as damage and not served as history:
/// SQLite checks the shape of its pages, not what is in them.
///
/// Each word is mixed in by an operation that can be undone, so any change of one word changes the 64 bits for certain; 32
/// of them are kept. This finds accidents, not forgers. It is part of the file's format: never change it.
struct Checksum {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func add(_ value: Int64) { add(word: UInt64(bitPattern: value)) }

    mutating func add(_ value: Int64?) {
        add(word: value == nil ? 0 : 1)
        if let value { add(value) }
    }

    mutating func add(_ text: String?) {
        guard var text else { return add(word: .max) }
        text.withUTF8 { bytes in
            add(word: UInt64(truncatingIfNeeded: bytes.count))
            let raw = UnsafeRawBufferPointer(bytes)
            var index = 0
            while index &+ 8 <= raw.count {
                add(word: UInt64(littleEndian: unsafe raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
                index &+= 8
            }
            var rest: UInt64 = 0
            while index < raw.count {
                rest = rest &<< 8 | UInt64(unsafe raw[index])
                index &+= 1
            }
            add(word: rest)
        }
    }

    mutating func add(_ id: StoredID?) {
        switch id {
        case nil: add(word: 0)
        case .text(let text): add(text)
        case .bits(let high, let low):
            add(word: high)
            add(word: low)
        }
    }

    private mutating func add(word: UInt64) {
        state = (state ^ word) &* 0xFF51_AFD7_ED55_8CCD
        state ^= state &>> 32
    }

    /// Signed, since SQLite keeps that in four bytes.
    var value: Int64 { Int64(Int32(truncatingIfNeeded: state)) }
}
