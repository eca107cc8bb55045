import ChatKernel

/// A message's identifier as the log holds it: sixteen bytes for a UUID in its canonical form, which are ours, and
/// text for any other.
enum StoredID: Hashable, Sendable {
    case bits(high: UInt64, low: UInt64)
    case text(String)

    init(_ id: MessageID) { self = Self.bits(of: id.text) ?? .text(id.text) }

    /// Nil for text that ``text`` would not give back exactly.
    private static func bits(of text: String) -> StoredID? {
        guard text.utf8.count == 36 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        var index = 0
        for byte in text.utf8 {
            defer { index &+= 1 }
            let value: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt64(byte &- UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = UInt64(byte &- UInt8(ascii: "a") &+ 10)
            case UInt8(ascii: "-"):
                guard isHyphen(index) else { return nil }
                continue
            default: return nil
            }
            guard !isHyphen(index) else { return nil }
            if index < 18 { high = high << 4 | value } else { low = low << 4 | value }
        }
        return .bits(high: high, low: low)
    }

    private static func isHyphen(_ index: Int) -> Bool { index == 8 || index == 13 || index == 18 || index == 23 }

    var id: MessageID {
        switch self {
        case .text(let text): MessageID(text)
        case .bits(let high, let low):
            MessageID(
                unsafe String(unsafeUninitializedCapacity: 36) { buffer in
                    var place = 0
                    for nibble in 0..<32 {
                        if Self.isHyphen(place) {
                            unsafe buffer[place] = UInt8(ascii: "-")
                            place &+= 1
                        }
                        let word = nibble < 16 ? high : low
                        let value = UInt8(truncatingIfNeeded: word &>> UInt64(60 &- 4 &* (nibble & 15)) & 15)
                        unsafe buffer[place] =
                            value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &+ value &- 10
                        place &+= 1
                    }
                    return place
                })
        }
    }
}
