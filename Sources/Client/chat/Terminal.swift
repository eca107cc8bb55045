import CLinux

/// Standard output and error, as lines.
enum Terminal {
    static func say(_ text: String) { write(text.hasSuffix("\n") ? text : text + "\n", to: 1) }

    static func complain(_ text: String) { write("chat: " + text + "\n", to: 2) }

    /// A question, whose answer stands on the same line.
    static func ask(_ text: String) { write(text, to: 2) }

    /// Text of other people, fit for a terminal: nothing in it moves the cursor, changes a colour or turns the line around. Its line breaks
    /// begin lines that are indented.
    static func plain(_ text: String) -> String {
        var plain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0A: plain.append(contentsOf: "\n    ".unicodeScalars)
            case 0x09: plain.append(" ")
            case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: plain.append("\u{FFFD}")
            default: plain.append(scalar)
            }
        }
        return String(plain)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { unsafe CLinux.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}

/// The name and password of an account.
struct Credentials: Sendable {
    let user: String
    let password: String

    struct Missing: Error, CustomStringConvertible {
        var description: String { "A password is needed: typed, or in CHAT_PASSWORD." }
    }

    /// From the environment, or typed without being shown.
    init(for user: String) throws(Missing) {
        self.user = user
        if let found = unsafe getenv("CHAT_PASSWORD") {
            password = unsafe String(cString: found)
        } else {
            password = try Self.ask(for: user)
        }
        guard !password.isEmpty else { throw Missing() }
    }

    private static func ask(for name: String) throws(Missing) -> String {
        // What comes by a pipe is what shall be said, and no password.
        guard isatty(0) == 1 else { throw Missing() }
        var settings = termios()
        Terminal.ask("Password for \(name): ")
        unsafe tcgetattr(0, &settings)
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        unsafe tcsetattr(0, TCSANOW, &silent)
        defer {
            unsafe tcsetattr(0, TCSANOW, &settings)
            Terminal.ask("\n")
        }
        guard let line = readLine(strippingNewline: true) else { throw Missing() }
        return line
    }
}
