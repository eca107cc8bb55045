import CLinux

/// What is typed, or comes by a pipe, line by line. A line is read when the one before is done with: the rest waits in the pipe, and whoever
/// writes into it waits too.
final class Keyboard: Sendable {
    let lines: AsyncStream<String>
    private let door: AsyncStream<String>.Continuation
    /// Counts the lines that are done with; -1 when the system has no descriptor left, and then nobody waits.
    private let done = eventfd(0, Int32(EFD_CLOEXEC))

    init() { (lines, door) = AsyncStream<String>.makeStream(bufferingPolicy: .unbounded) }

    /// Reads to the end, on the caller's thread, which blocks.
    func read() {
        while let line = readLine(strippingNewline: true) {
            door.yield(line)
            var count: UInt64 = 0
            while unsafe CLinux.read(done, &count, 8) < 0, chat_errno() == EINTR {}
        }
        door.finish()
    }

    /// The next line may be read.
    func next() {
        var one: UInt64 = 1
        _ = unsafe write(done, &one, 8)
    }
}
