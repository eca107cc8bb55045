import CLinux

/// A password, asked for without showing it.
enum Password {
    struct Missing: Error, CustomStringConvertible {
        var description: String { "A password is needed: one line of standard input." }
    }

    /// One line of standard input. On a terminal what is typed is not shown meanwhile; a signal that ends the process then
    /// leaves the terminal as it was.
    static func ask(for name: String, _ signals: Signals) throws(Missing) -> String {
        guard let line = isatty(0) == 1 ? onTerminal(for: name, signals) : readLine(), !line.isEmpty else {
            throw Missing()
        }
        return line
    }

    private static func onTerminal(for name: String, _ signals: Signals) -> String? {
        var shown = termios()
        guard unsafe tcgetattr(0, &shown) == 0 else { return readLine() }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        return signals.between {
            unsafe tcsetattr(0, TCSANOW, &hidden)
        } and: { [shown] in
            var shown = shown
            unsafe tcsetattr(0, TCSANOW, &shown)
            try? write("\n", to: 2)
        } _: {
            // Asked for when nothing is shown any more, or what is typed at once would be.
            try? write("Password for \(name): ", to: 2)
            return readLine()
        }
    }
}
