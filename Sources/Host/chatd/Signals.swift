import CLinux
import Synchronization

/// SIGTERM, SIGINT and SIGHUP, waited for by the main thread. The first of the former two asks to stop, the second does not ask;
/// SIGHUP asks to reload, as often as it comes.
///
/// The main thread has nothing else to do. It may not be left to the concurrency runtime either, which parks it with
/// every signal let in.
final class Signals: Sendable {
    private let stop = Mutex<(@Sendable () -> Void)?>(nil)
    private let reload = Mutex<(@Sendable () -> Void)?>(nil)
    /// Takes back what must not outlast the process.
    private let undoing = Mutex<(@Sendable () -> Void)?>(nil)

    private static var set: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        unsafe sigaddset(&signals, SIGHUP)
        return signals
    }

    /// Holds the signals back. To be made before there is a second thread, so that every thread holds them back.
    init() {
        var signals = Self.set
        // Nobody waits for these: a file that has come to the size the system allows, and a pipe whose reader has gone
        // (the log's, say), are then writes that fail, not the end of the process.
        unsafe sigaddset(&signals, SIGXFSZ)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe pthread_sigmask(Int32(SIG_BLOCK), &signals, nil)
    }

    /// What to do at the first signal to stop; without it, the process ends.
    func onStop(_ body: @escaping @Sendable () -> Void) { stop.withLock { $0 = body } }

    /// What to do at each SIGHUP; without it, the process ends, as it does by default.
    func onReload(_ body: @escaping @Sendable () -> Void) { reload.withLock { $0 = body } }

    /// Runs `body` between a change that must not outlast it and what takes the change back: at its end, and before a
    /// signal ends the process.
    func between<T>(
        _ change: () -> Void, and undo: @escaping @Sendable () -> Void, _ body: () throws -> T
    ) rethrows -> T {
        undoing.withLock {
            $0 = undo
            change()
        }
        defer {
            undoing.withLock {
                $0 = nil
                undo()
            }
        }
        return try body()
    }

    /// Waits for signals for as long as the process lives.
    func wait() -> Never {
        var signals = Self.set
        var number: Int32 = 0
        while true {
            unsafe sigwait(&signals, &number)
            let body = number == SIGHUP ? reload.withLock { $0 } : stop.withLock { $0.take() }
            guard let body else { end(by: number) }
            body()
        }
    }

    private func end(by number: Int32) -> Never {
        // Within the lock, so that nothing is changed behind what takes it back.
        undoing.withLock { undo -> Never in
            undo?()
            _exit(128 + number)
        }
    }
}
