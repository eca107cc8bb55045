/// Identifiers of RFC 9562 section 5.7: 48 bits of Unix milliseconds, then bits of our choosing.
///
/// ```
///  0                   48   52           64 66                              128
///  |  unix_ts_ms        | 7 |  rand_a     |2|            rand_b              |
///                             random 12       message: pos (40), random (22)
/// ```
/// A message's identifier carries its `pos`, which the RFC leaves to us (section 6.2 speaks of counters in `rand_b`).
/// A store then finds a message by identifier without an index whose keys scatter (`docs/decisions/0004`). `pos`
/// is no secret: every event shows it. Nobody else may rely on this: to clients an identifier is opaque.
public enum UUIDv7 {
    private static let positionMask: UInt64 = (1 << 40) - 1

    /// An identifier with no meaning beyond its time.
    public static func make(at time: Timestamp, random high: UInt64, _ low: UInt64) -> String {
        text(time: time, a: high & 0xFFF, b: low & ((1 << 62) - 1))
    }

    /// The identifier of the message committed at `pos`.
    ///
    /// A `pos` past 2^40 is folded: the identifier stays unique by time and random bits, but names no position.
    public static func message(at time: Timestamp, pos: Pos, random: UInt64) -> MessageID {
        let b = (UInt64(bitPattern: pos) & positionMask) << 22 | (random >> 12) & 0x3F_FFFF
        return MessageID(text(time: time, a: random & 0xFFF, b: b))
    }

    /// The `pos` a message identifier claims, if it has the form of ours. The claim must be checked against the log.
    public static func position(claimedBy id: MessageID) -> Pos? {
        guard id.text.utf8.count == 36 else { return nil }
        var nibbles: UInt64 = 0
        var index = 0
        for byte in id.text.utf8 {
            defer { index += 1 }
            switch index {
            case 8, 13, 18, 23:
                guard byte == UInt8(ascii: "-") else { return nil }
            case 14:
                guard byte == UInt8(ascii: "7") else { return nil }
            default:
                guard let value = hexValue(byte) else { return nil }
                if index > 18 { nibbles = nibbles << 4 | value }
            }
        }
        // 16 nibbles after index 18 hold variant and rand_b less the first 16 bits; the rest stood at 19 to 22.
        return Pos(bitPattern: (nibbles & ((1 << 62) - 1)) >> 22 & positionMask)
    }

    private static func hexValue(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte &- UInt8(ascii: "a") &+ 10)
        default: nil
        }
    }

    private static func text(time: Timestamp, a: UInt64, b: UInt64) -> String {
        let milliseconds = UInt64(max(0, time.microseconds / 1000)) & 0xFFFF_FFFF_FFFF
        let high = milliseconds << 16 | 0x7000 | a
        let low = 0x8000_0000_0000_0000 | b
        return unsafe String(unsafeUninitializedCapacity: 36) { bytes in
            var place = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    unsafe bytes[place] = UInt8(ascii: "-")
                    place &+= 1
                }
                let word = index < 16 ? high : low
                let nibble = UInt8(truncatingIfNeeded: word &>> UInt64(60 &- 4 &* (index & 15)) & 15)
                unsafe bytes[place] = nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ nibble &- 10
                place &+= 1
            }
            return place
        }
    }
}
