/// Writes JSON to the end of an array of bytes.
///
/// In strings only what must be escaped is: quote, backslash and control characters; a slash and what lies outside
/// ASCII stand for themselves. So the bytes fit a log line, but not a `<script>`.
public enum JSONWriter {
    /// Appends a string with its quotes.
    public static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.write(about: text.utf8.count &+ 2) { $0.text(text) }
    }

    /// Appends a whole number.
    public static func append(_ number: Int64, to bytes: inout [UInt8]) {
        bytes.write(about: 20) { $0.number(number) }
    }

    public static func append(_ flag: Bool, to bytes: inout [UInt8]) {
        append(raw: flag ? "true" : "false", to: &bytes)
    }

    /// Appends what is JSON already: the pieces between values, in one.
    public static func append(raw text: StaticString, to bytes: inout [UInt8]) {
        // A literal's bytes live as long as the program.
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// The bytes that a string takes, quotes and escapes included.
    public static func length(of text: String) -> Int {
        2 &+ text.withBytes { escapedLength($0) }
    }

    private static func escapedLength(_ text: RawSpan) -> Int {
        let end = text.byteCount
        var length = end
        var at = 0
        while at < end {
            while at <= end &- 8, JSONWord.escaped(text.word(at)) == 0 { at &+= 8 }
            // The last word may begin among bytes that have been seen, which change nothing.
            if end >= 8, at > end &- 8, JSONWord.escaped(text.word(end &- 8)) == 0 { return length }
            guard at < end else { return length }
            for index in at..<min(at &+ 8, end) {
                let byte = text.byte(index)
                if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    length &+= letter(of: byte) == nil ? 5 : 1
                }
            }
            at &+= 8
        }
        return length
    }

    /// The letter behind the backslash, for what has a short escape.
    static func letter(of byte: UInt8) -> UInt8? {
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
}
