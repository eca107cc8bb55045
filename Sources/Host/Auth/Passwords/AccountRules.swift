public import ChatKernel

/// What a name, a password and an address must look like. Pure.
public enum AccountRules {
    /// In bytes of UTF-8.
    public static let usernameLimit = 64
    /// In bytes. Eight is the least NIST SP 800-63B allows; the most keeps a request from being a load.
    public static let passwordBytes = 8...1024
    /// In bytes: the longest address that mail can reach (RFC 5321 section 4.5.3.1.3, less the angle brackets).
    public static let emailLimit = 254

    /// - Throws: `invalid_field`, with a sentence for whoever typed it.
    public static func checkUsername(_ name: String) throws(ChatError) {
        guard (1...usernameLimit).contains(name.utf8.count) else {
            throw ChatError(.invalidField, "A username has 1 to \(usernameLimit) bytes.")
        }
        guard let first = name.unicodeScalars.first, let last = name.unicodeScalars.last,
            !first.properties.isWhitespace, !last.properties.isWhitespace
        else { throw ChatError(.invalidField, "A username does not begin or end with a space.") }
        guard name.unicodeScalars.allSatisfy(isVisible) else {
            throw ChatError(.invalidField, "A username has no control characters.")
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
            email.unicodeScalars.allSatisfy({ isVisible($0) && !$0.properties.isWhitespace })
        else { throw ChatError(.invalidField, "An email address has one @ and at most \(emailLimit) bytes.") }
    }

    /// Control characters would tear log lines and terminals; the invisible ones that turn text around or hide in it
    /// make one name look like another. The two joiners are needed to write Persian and Hindi.
    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        case .format: scalar == "\u{200C}" || scalar == "\u{200D}"
        default: true
        }
    }
}
