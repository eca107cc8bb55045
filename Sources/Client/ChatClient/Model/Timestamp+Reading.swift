import ChatKernel

extension Timestamp {
    /// A moment as the wire has it: RFC 3339 in UTC, `2026-02-04T10:30:00.123456Z`, with any number of fractional digits or none.
    /// Nil for anything else.
    init?(wire text: String) {
        let bytes = Array(text.utf8)
        func number(_ start: Int, _ count: Int, in range: ClosedRange<Int64>) -> Int64? {
            guard start + count <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[start..<(start + count)] {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value &* 10 &+ Int64(byte &- 0x30)
            }
            return range.contains(value) ? value : nil
        }
        func has(_ mark: Unicode.Scalar, at place: Int) -> Bool {
            place < bytes.count && UInt32(bytes[place]) == mark.value
        }
        guard bytes.count <= 40, let year = number(0, 4, in: 0...9999), has("-", at: 4),
            let month = number(5, 2, in: 1...12), has("-", at: 7), let day = number(8, 2, in: 1...31), has("T", at: 10),
            let hour = number(11, 2, in: 0...23), has(":", at: 13), let minute = number(14, 2, in: 0...59),
            has(":", at: 16), let second = number(17, 2, in: 0...60), bytes.last == UInt8(ascii: "Z")
        else { return nil }
        var fraction: Int64 = 0
        if bytes.count > 20 {
            let digits = bytes.count - 21
            guard has(".", at: 19), digits > 0, number(20, digits, in: 0 ... .max) != nil else { return nil }
            for place in 0..<6 { fraction = fraction * 10 + (place < digits ? Int64(bytes[20 + place] &- 0x30) : 0) }
        }
        // Days since 1970, by years that begin in March: the other way round than `Timestamp.description`.
        let shifted = month <= 2 ? year + 399 : year + 400
        let era = shifted / 400
        let yearOfEra = shifted % 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468 - 146_097
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second
        self.init(microseconds: seconds * 1_000_000 + fraction)
    }
}
