/// Where a string of a document stands: between its quotes, checked to be valid.
struct JSONText {
    let start: Int
    let end: Int
    /// Whether there is a backslash in it.
    let isEscaped: Bool

    var range: Range<Int> { start..<end }
}

extension JSONText {
    /// The string it stands for.
    func text(in bytes: RawSpan) -> String {
        guard isEscaped else { return bytes.text(range) }
        // What escapes stand for is never longer than they are.
        return unsafe String(unsafeUninitializedCapacity: end &- start) { room in
            var count = 0
            unescape(in: bytes) { byte in
                guard count < room.count else { return }
                unsafe room[count] = byte
                count &+= 1
            }
            return count
        }
    }

    /// The bytes of the string it stands for, one after the other.
    @inline(__always)
    private func unescape(in bytes: RawSpan, _ body: (UInt8) -> Void) {
        var at = start
        while at < end {
            let byte = bytes.byte(at)
            at &+= 1
            guard byte == UInt8(ascii: "\\"), at < end else {
                body(byte)
                continue
            }
            let kind = bytes.byte(at)
            at &+= 1
            switch kind {
            case UInt8(ascii: "b"): body(0x08)
            case UInt8(ascii: "f"): body(0x0C)
            case UInt8(ascii: "n"): body(0x0A)
            case UInt8(ascii: "r"): body(0x0D)
            case UInt8(ascii: "t"): body(0x09)
            case UInt8(ascii: "u"):
                var scalar = Self.unit(at: at, in: bytes)
                at &+= 4
                if scalar & 0xFC00 == 0xD800 {
                    // The scan has seen that the other half follows: `\uXXXX`.
                    scalar = 0x10000 &+ (scalar & 0x3FF) << 10 &+ Self.unit(at: at &+ 2, in: bytes) & 0x3FF
                    at &+= 6
                }
                Self.encode(scalar, body)
            default: body(kind)
            }
        }
    }

    /// Four hexadecimal digits, known to be such.
    private static func unit(at offset: Int, in bytes: RawSpan) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<4 where offset &+ index < bytes.byteCount {
            value = value << 4 | UInt32(JSONReader.hexValue(bytes.byte(offset &+ index)) ?? 0)
        }
        return value
    }

    private static func encode(_ scalar: UInt32, _ body: (UInt8) -> Void) {
        func tail(_ shift: UInt32) { body(UInt8(truncatingIfNeeded: 0x80 | scalar >> shift & 0x3F)) }
        switch scalar {
        case 0..<0x80:
            body(UInt8(truncatingIfNeeded: scalar))
        case 0x80..<0x800:
            body(UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6))
            tail(0)
        case 0x800..<0x10000:
            body(UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12))
            tail(6)
            tail(0)
        default:
            body(UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18))
            tail(12)
            tail(6)
            tail(0)
        }
    }
}
