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
        guard let (high, low) = UUIDText.bits(of: id.text), high >> 12 & 15 == 7 else { return nil }
        return Pos(bitPattern: low >> 22 & positionMask)
    }

    private static func text(time: Timestamp, a: UInt64, b: UInt64) -> String {
        let milliseconds = UInt64(max(0, time.microseconds / 1000)) & 0xFFFF_FFFF_FFFF
        let high = milliseconds << 16 | 0x7000 | a
        let low = 0x8000_0000_0000_0000 | b
        return UUIDText.text(high: high, low: low)
    }
}
