/// A moment in UTC, in whole microseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Since 1970-01-01T00:00:00Z; negative for what was before.
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.microseconds < b.microseconds }

    /// Held at the ends of what 64 bits can say, instead of overflowing.
    public func advanced(bySeconds seconds: Int64) -> Timestamp {
        let (delta, tooFar) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let (sum, past) = microseconds.addingReportingOverflow(delta)
        return Timestamp(microseconds: tooFar || past ? (seconds < 0 ? .min : .max) : sum)
    }

    /// RFC 3339 in UTC with six fractional digits and `Z`, as every frame shows it: `2026-02-04T10:30:00.123456Z`.
    /// Outside the years 0 to 9999 it is the nearest moment within.
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.textLength)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The length in bytes of ``description``.
    public static let textLength = 27

    /// Appends the bytes of ``description``.
    public func append(to bytes: inout [UInt8]) {
        let parts = civil
        func digits(_ value: Int64, _ count: Int) {
            var scale: Int64 = 1
            for _ in 1..<count { scale *= 10 }
            var rest = value
            for _ in 0..<count {
                bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest / scale))
                rest %= scale
                scale = max(1, scale / 10)
            }
        }
        digits(parts.year, 4)
        bytes.append(UInt8(ascii: "-"))
        digits(parts.month, 2)
        bytes.append(UInt8(ascii: "-"))
        digits(parts.day, 2)
        bytes.append(UInt8(ascii: "T"))
        digits(parts.second / 3600, 2)
        bytes.append(UInt8(ascii: ":"))
        digits(parts.second / 60 % 60, 2)
        bytes.append(UInt8(ascii: ":"))
        digits(parts.second % 60, 2)
        bytes.append(UInt8(ascii: "."))
        digits(parts.fraction, 6)
        bytes.append(UInt8(ascii: "Z"))
    }

    /// Year, month and day from days since 1970: the era arithmetic of the proleptic Gregorian calendar, with years
    /// that begin in March so that the leap day is the last. Moments outside the years 0 to 9999 are clamped.
    private var civil: (year: Int64, month: Int64, day: Int64, second: Int64, fraction: Int64) {
        let clamped = min(max(microseconds, -62_167_219_200_000_000), 253_402_300_799_999_999)
        let fraction = ((clamped % 1_000_000) + 1_000_000) % 1_000_000
        let seconds = (clamped - fraction) / 1_000_000
        let second = ((seconds % 86_400) + 86_400) % 86_400
        let shifted = (seconds - second) / 86_400 + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1, second,
            fraction
        )
    }
}
