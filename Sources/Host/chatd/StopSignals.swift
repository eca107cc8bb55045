import CLinux
import Synchronization

/// SIGTERM and SIGINT, waited for by the main thread: the first asks to stop, the second does not ask.
///
/// The main thread has nothing else to do. It may not be left to the concurrency runtime either, which parks it with
/// every signal let in.
final class StopSignals: Sendable {
    private let ask = Mutex<(@Sendable () -> Void)?>(nil)

    private static var set: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        return signals
    }

    /// Holds the signals back. To be made before there is a second thread, so that every thread holds them back.
    init() {
        var signals = Self.set
        unsafe pthread_sigmask(Int32(SIG_BLOCK), &signals, nil)
    }

    /// What to do at the first signal; without it, the process ends.
    func onFirst(_ body: @escaping @Sendable () -> Void) { ask.withLock { $0 = body } }

    /// Waits for signals for as long as the process lives.
    func wait() -> Never {
        var signals = Self.set
        var number: Int32 = 0
        while true {
            unsafe sigwait(&signals, &number)
            guard let body = ask.withLock({ $0.take() }) else { _exit(128 + number) }
            body()
        }
    }
}
