import Glibc
import ScriptTesting

/// A terminal for a program, and the person before it: sees what is shown, and types.
final class Terminal: Sendable {
    let path: String
    private let person: Int32
    /// Held open, so that the terminal stays as the program has left it.
    private let line: Int32

    /// `TIOCSPTLCK` and `TIOCGPTN`, which Swift does not see.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    init() throws {
        person = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var lock: Int32 = 0
        var number: Int32 = 0
        guard person >= 0, unsafe ioctl(person, Self.setLock, &lock) == 0,
            unsafe ioctl(person, Self.getNumber, &number) == 0
        else { throw Trouble("no terminal: errno \(errno)") }
        path = "/dev/pts/\(number)"
        line = unsafe open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard line >= 0 else { throw Trouble("\(path): errno \(errno)") }
    }

    deinit {
        close(person)
        close(line)
    }

    /// Whether what is typed is shown.
    var echoes: Bool {
        var settings = termios()
        return unsafe tcgetattr(line, &settings) == 0 && settings.c_lflag & tcflag_t(ECHO) != 0
    }

    /// Reads until this has been shown; returns all that was.
    @discardableResult
    func read(until end: String) throws -> String {
        var bytes: [UInt8] = []
        while !String(decoding: bytes, as: UTF8.self).hasSuffix(end) {
            var wish = pollfd(fd: person, events: Int16(POLLIN), revents: 0)
            var byte: UInt8 = 0
            guard unsafe poll(&wish, 1, 300_000) == 1, unsafe Glibc.read(person, &byte, 1) == 1 else {
                throw Trouble("it showed no more than \(String(decoding: bytes, as: UTF8.self))")
            }
            bytes.append(byte)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func type(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard unsafe write(person, bytes, bytes.count) == bytes.count else { throw Trouble("write: errno \(errno)") }
    }
}
