/// Base64 without padding, read strictly: a text has one decoding, and bytes have one text (RFC 4648 sections 3.2,
/// 3.5, 4 and 5). A signature that can be written in several ways is several tokens to a log or a block list.
public struct Base64: Sendable {
    /// `-` and `_`, as in tokens (RFC 7515 section 2).
    public static let url = Base64(UInt8(ascii: "-"), UInt8(ascii: "_"))
    /// `+` and `/`, as in password hashes of the PHC form.
    public static let standard = Base64(UInt8(ascii: "+"), UInt8(ascii: "/"))

    private let letters: [UInt8]
    /// The value of each byte, or 255.
    private let values: [UInt8]

    private init(_ sixtyTwo: UInt8, _ sixtyThree: UInt8) {
        let upper = UInt8(ascii: "A")...UInt8(ascii: "Z")
        let lower = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        letters = Array(upper) + Array(lower) + Array(digits) + [sixtyTwo, sixtyThree]
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
        self.values = values
    }

    public func encode(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 8
            while count >= 6 {
                count -= 6
                text.append(letters[Int(bits >> count & 63)])
            }
            bits &= (1 << count) - 1
        }
        if count > 0 { text.append(letters[Int(bits << (6 - count) & 63)]) }
        return text
    }

    /// The bytes, or nil for anything but the one text that ``encode(_:)`` gives for them: no padding, no white
    /// space, no other alphabet, no bits left over in the last letter.
    public func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for letter in text {
            let value = values[Int(letter)]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> count))
                bits &= (1 << count) - 1
            }
        }
        return bits == 0 ? bytes : nil
    }
}
