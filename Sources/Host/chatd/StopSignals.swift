import CLinux

/// SIGTERM and SIGINT, taken by a thread of their own: the first asks to stop, the second does not ask.
enum StopSignals {
    private static var set: sigset_t {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        return signals
    }

    /// To be called before there is a second thread: every thread made later has them blocked too, and so they
    /// wait for the one that asks for them.
    static func block() {
        var signals = set
        unsafe pthread_sigmask(Int32(SIG_BLOCK), &signals, nil)
    }

    /// Lets them end the process as usual, for commands that have nothing to bring to an end.
    static func unblock() {
        var signals = set
        unsafe pthread_sigmask(Int32(SIG_UNBLOCK), &signals, nil)
    }

    /// Calls `stop` at the first of them, and leaves at the second.
    static func watch(_ stop: @escaping @Sendable () -> Void) {
        let box = unsafe Unmanaged.passRetained(Box(stop: stop))
        var thread = pthread_t()
        unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                var signals = StopSignals.set
                var number: Int32 = 0
                unsafe sigwait(&signals, &number)
                box.stop()
                unsafe sigwait(&signals, &number)
                _exit(128 + number)
            }, unsafe box.toOpaque())
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let stop: @Sendable () -> Void
        init(stop: @escaping @Sendable () -> Void) { self.stop = stop }
    }
}
