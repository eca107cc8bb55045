import CLinux

/// The folder of a host without a config: nobody else's business, so nobody else may look.
enum DataFolder {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    static func make(_ path: String) throws(Failure) {
        guard unsafe mkdir(path, 0o700) != 0, chat_errno() != EEXIST else { return }
        throw Failure(
            description: "The data folder \(path) cannot be made: \(unsafe String(cString: strerror(chat_errno())))")
    }
}

/// A password, asked for without showing it.
enum Password {
    struct Missing: Error, CustomStringConvertible {
        var description: String { "A password is needed: one line of standard input." }
    }

    static func ask(for name: String) throws(Missing) -> String {
        let isTerminal = isatty(0) == 1
        var settings = termios()
        if isTerminal {
            write("Password for \(name): ", to: 2)
            unsafe tcgetattr(0, &settings)
            var silent = settings
            silent.c_lflag &= ~tcflag_t(ECHO)
            unsafe tcsetattr(0, TCSANOW, &silent)
        }
        defer {
            if isTerminal {
                unsafe tcsetattr(0, TCSANOW, &settings)
                write("\n", to: 2)
            }
        }
        guard let line = readLine(strippingNewline: true), !line.isEmpty else { throw Missing() }
        return line
    }
}
