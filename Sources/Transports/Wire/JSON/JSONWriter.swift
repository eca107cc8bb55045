/// Writes JSON to the end of an array of bytes.
///
/// In strings only what must be escaped is: quote, backslash and control characters; a slash and what lies outside
/// ASCII stand for themselves. So the bytes fit a log line, but not a `<script>`.
public enum JSONWriter {
    /// Appends a string with its quotes.
    public static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        let utf8 = text.utf8
        let span = utf8.span
        // The span is of bytes, which may be anything.
        escape(unsafe span.bytes, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends a whole number.
    public static func append(_ number: Int64, to bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        append(decimal: number.magnitude, to: &bytes)
    }

    public static func append(_ flag: Bool, to bytes: inout [UInt8]) {
        append(raw: flag ? "true" : "false", to: &bytes)
    }

    /// Appends what is JSON already: the pieces between values, in one.
    public static func append(raw text: StaticString, to bytes: inout [UInt8]) {
        // A literal's bytes live as long as the program.
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// The bytes that ``append(_:to:)-(String,_)`` appends, quotes included, so that a buffer is made once and large
    /// enough.
    public static func length(of text: String) -> Int {
        let utf8 = text.utf8
        let span = utf8.span
        // The span is of bytes, which may be anything.
        return 2 &+ escapedLength(unsafe span.bytes)
    }

    // MARK: Steps

    private static func escape(_ text: RawSpan, to bytes: inout [UInt8]) {
        var start = 0
        while true {
            let end = plainEnd(in: text, from: start)
            if end > start {
                // The pointer does not leave the closure.
                unsafe text.extracting(start..<end).withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
            }
            guard end < text.byteCount else { return }
            let byte = text.byte(end)
            bytes.append(UInt8(ascii: "\\"))
            if let letter = letter(of: byte) {
                bytes.append(letter)
            } else {
                append(raw: "u00", to: &bytes)
                bytes.append(hexDigit(byte >> 4))
                bytes.append(hexDigit(byte & 15))
            }
            start = end &+ 1
        }
    }

    private static func escapedLength(_ text: RawSpan) -> Int {
        var length = text.byteCount
        var at = 0
        while true {
            at = plainEnd(in: text, from: at)
            guard at < text.byteCount else { return length }
            length &+= letter(of: text.byte(at)) == nil ? 5 : 1
            at &+= 1
        }
    }

    /// Where the next byte that must be escaped is, or the end.
    @inline(__always)
    private static func plainEnd(in text: RawSpan, from start: Int) -> Int {
        var at = start
        while at <= text.byteCount &- 8 {
            let found = JSONWord.escaped(text.word(at))
            guard found == 0 else { return at &+ found.trailingZeroBitCount >> 3 }
            at &+= 8
        }
        while at < text.byteCount {
            let byte = text.byte(at)
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            at &+= 1
        }
        return at
    }

    /// The letter behind the backslash, for what has a short escape.
    private static func letter(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }

    static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "a") &+ nibble &- 10
    }

    static func append(decimal number: UInt64, to bytes: inout [UInt8]) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor &*= 10 }
        var rest = number
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
