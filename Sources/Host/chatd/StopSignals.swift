import CLinux

/// SIGTERM and SIGINT, taken by a thread of their own: the first asks to stop, the second does not ask.
enum StopSignals {
    static func watch(_ stop: @escaping @Sendable () -> Void) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGTERM)
        unsafe sigaddset(&signals, SIGINT)
        // Every thread made from here on has them blocked, so that only the one below gets them.
        unsafe pthread_sigmask(Int32(SIG_BLOCK), &signals, nil)
        let box = unsafe Unmanaged.passRetained(Box(stop: stop))
        var thread = pthread_t()
        unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let box = unsafe Unmanaged<Box>.fromOpaque(argument).takeRetainedValue()
                var signals = sigset_t()
                unsafe sigemptyset(&signals)
                unsafe sigaddset(&signals, SIGTERM)
                unsafe sigaddset(&signals, SIGINT)
                var number: Int32 = 0
                unsafe sigwait(&signals, &number)
                box.stop()
                unsafe sigwait(&signals, &number)
                _exit(130)
            }, unsafe box.toOpaque())
        pthread_detach(thread)
    }

    private final class Box: Sendable {
        let stop: @Sendable () -> Void
        init(stop: @escaping @Sendable () -> Void) { self.stop = stop }
    }
}
