import ChatKernel
import ChatWire

extension UserID {
    /// Whose token it is: `sub`, which is the user's identifier (`protocol.md` section 8). Nil for a token that is no JWT (RFC 7519), as a
    /// host may have of its own. Nothing is verified: that is the server's business.
    init?(subjectOf token: String) {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let json = Self.decode(parts[1]), let claims = try? JSONValue(parsing: json),
            let subject = try? claims.name("sub", limit: Self.limit)
        else { return nil }
        self.init(subject)
    }

    /// Base64 with `-` and `_`, without padding (RFC 4648 section 5).
    private static func decode(_ text: Substring.UTF8View) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for letter in text {
            let value: UInt8
            switch letter {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = letter &- UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = letter &- UInt8(ascii: "a") &+ 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = letter &- UInt8(ascii: "0") &+ 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            default: return nil
            }
            bits = bits &<< 6 | UInt32(value)
            count &+= 6
            guard count >= 8 else { continue }
            count &-= 8
            bytes.append(UInt8(truncatingIfNeeded: bits &>> count))
        }
        return bytes
    }
}
