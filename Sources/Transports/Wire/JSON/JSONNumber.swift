/// A number as it was written.
///
/// Its value counts, not its spelling, because JSON has one kind of number and some languages write every number with
/// a point: `1.0` and `1e2` are integers, `-0` is 0, and `1e19` is no `Int64`.
public struct JSONNumber: Hashable, Sendable {
    /// As RFC 8259 section 6 has it.
    public let text: String

    init(checked text: String) { self.text = text }

    public init(_ value: Int64) { self.text = String(value) }

    /// The nearest `Double`; infinite for what is too large, such as `1e999`.
    public var double: Double { Double(text) ?? .nan }

    /// The number, if it is one of `Int64` exactly.
    public var int64: Int64? {
        text.withBytes { Self.int64(in: $0, 0..<$0.byteCount) }
    }

    /// The value of a well-formed number at a place in a document, if it is one of `Int64` exactly.
    static func int64(in bytes: RawSpan, _ range: Range<Int>) -> Int64? {
        var at = range.lowerBound
        let isNegative = at < range.upperBound && bytes.byte(at) == UInt8(ascii: "-")
        if isNegative { at &+= 1 }
        var value: UInt64 = 0
        /// Zeros not yet multiplied into the value: they may turn out to be behind a point.
        var zeros: Int64 = 0
        /// Digits behind the point, less those multiplied in.
        var places: Int64 = 0
        var exponent: Int64 = 0
        var isFraction = false
        scan: while at < range.upperBound {
            let byte = bytes.byte(at)
            at &+= 1
            switch byte {
            case UInt8(ascii: "."):
                isFraction = true
            case UInt8(ascii: "e"), UInt8(ascii: "E"):
                exponent = Self.exponent(in: bytes, at..<range.upperBound)
                break scan
            default:
                if isFraction { places &+= 1 }
                guard byte != UInt8(ascii: "0") else {
                    if value != 0 { zeros &+= 1 }
                    continue
                }
                guard let scaled = times(value, powerOfTen: zeros + 1) else { return nil }
                let (sum, overflow) = scaled.addingReportingOverflow(UInt64(byte &- UInt8(ascii: "0")))
                guard !overflow else { return nil }
                (value, zeros) = (sum, 0)
            }
        }
        let power = zeros &- places &+ exponent
        guard value != 0 else { return 0 }
        guard power >= 0, let magnitude = times(value, powerOfTen: power) else { return nil }
        if isNegative {
            return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
        }
        return Int64(exactly: magnitude)
    }

    private static func times(_ value: UInt64, powerOfTen power: Int64) -> UInt64? {
        guard value != 0 else { return 0 }
        guard power < 20 else { return nil }
        var product = value
        for _ in 0..<power {
            let (next, overflow) = product.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            product = next
        }
        return product
    }

    /// Held at a size that no document's digits can make up for, and that no sum with their count can overflow.
    private static func exponent(in bytes: RawSpan, _ range: Range<Int>) -> Int64 {
        var value: Int64 = 0
        var isNegative = false
        for at in range {
            switch bytes.byte(at) {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "+"): break
            case let byte: value = min(value &* 10 &+ Int64(byte &- UInt8(ascii: "0")), 1 << 56)
            }
        }
        return isNegative ? -value : value
    }
}
