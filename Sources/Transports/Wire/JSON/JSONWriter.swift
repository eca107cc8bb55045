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
