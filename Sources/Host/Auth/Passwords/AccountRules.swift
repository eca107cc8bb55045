public import ChatKernel
// Composing is not public yet, but for Foundation, which is not wanted here.
@_spi(_Unicode) import Swift

/// What a name, a password and an address must look like. Pure.
public enum AccountRules {
    /// In bytes of UTF-8.
    public static let usernameLimit = 64
    /// In bytes. Eight is the least NIST SP 800-63B allows; the most keeps a request from being a load.
    public static let passwordBytes = 8...1024
    /// In bytes: the longest address that mail can reach (RFC 5321 section 4.5.3.1.3, less the angle brackets).
    public static let emailLimit = 254

    /// A name as it is kept: composed (``composed(_:)``), so that nobody has a name that looks like another's because it was
    /// typed on another keyboard.
    /// - Throws: `invalid_field`, with a sentence for whoever typed it.
    static func username(_ typed: String) throws(ChatError) -> String {
        // First, so that no more is composed than may be kept.
        try checkUsername(typed)
        let name = composed(typed)
        try checkUsername(name)
        return name
    }

    /// With letters and what is added to them as one (Unicode's NFC, UAX #15): `é` is two code points on some systems.
    static func composed(_ name: String) -> String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: name._nfc)
        return String(scalars)
    }

    private static func checkUsername(_ name: String) throws(ChatError) {
        guard (1...usernameLimit).contains(name.utf8.count) else {
            throw ChatError(.invalidField, "A username has 1 to \(usernameLimit) bytes.")
        }
        guard let first = name.unicodeScalars.first, let last = name.unicodeScalars.last,
            !first.properties.isWhitespace, !last.properties.isWhitespace
        else { throw ChatError(.invalidField, "A username does not begin or end with a space.") }
        guard isVisible(name) else {
            throw ChatError(.invalidField, "A username has no control characters, and none that nobody sees.")
        }
    }

    /// - Throws: `invalid_field`.
    public static func checkPassword(_ password: String) throws(ChatError) {
        guard passwordBytes.contains(password.utf8.count) else {
            throw ChatError(
                .invalidField, "A password has \(passwordBytes.lowerBound) to \(passwordBytes.upperBound) bytes.")
        }
    }

    /// Whether it can be reached is not judged.
    /// - Throws: `invalid_field`.
    public static func checkEmail(_ email: String) throws(ChatError) {
        let halves = email.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard email.utf8.count <= emailLimit, halves.count == 2, halves.allSatisfy({ !$0.isEmpty }),
            isVisible(email), !email.unicodeScalars.contains(where: \.properties.isWhitespace)
        else { throw ChatError(.invalidField, "An email address has one @ and at most \(emailLimit) bytes.") }
    }

    /// Control characters would tear log lines and terminals; the invisible ones that turn text around or hide in it
    /// make one name look like another.
    private static func isVisible(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars)
        return scalars.enumerated().allSatisfy { place, scalar in
            isVisible(scalar)
                || isJoiner(scalar) && place > 0 && takesJoiner(scalars[place - 1])
                    && scalars.dropFirst(place + 1).first.map(takesJoiner) == true
        }
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        guard !scalar.properties.isDefaultIgnorableCodePoint else { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: return false
        default: return true
        }
    }

    private static func isJoiner(_ scalar: Unicode.Scalar) -> Bool { scalar == "\u{200C}" || scalar == "\u{200D}" }

    /// What the two joiners do something to: they are needed to write Persian and Hindi, and an emoji of several. In Latin, Greek
    /// and Cyrillic, marks included, they do nothing, so they would be there to deceive.
    private static func takesJoiner(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0x600, 0x1C80..<0x2100, 0x2C60..<0x2C80, 0xA720..<0xA800, 0xFB00..<0xFB20, 0xFF00..<0xFF60: false
        default: isVisible(scalar)
        }
    }
}
