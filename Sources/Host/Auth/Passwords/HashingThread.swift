import COpenSSL
import ChatKernel
import Synchronization

/// One thread for work that keeps a core busy for a tenth of a second, so that it is never done on the cooperative
/// pool: there, two logins would stop a two-core host. One, so that strangers can keep one core busy at most, and one
/// hash's memory.
///
/// The thread begins with the first work, and is gone when this object is: a process that ends then has OpenSSL take down what is the
/// threads' own, and one that ended at the same moment would do so too.
final class HashingThread: Sendable {
    /// How many wait at most. At a tenth of a second each the last waits about as long as clients do.
    static let longestQueue = 256

    private let queue: Queue

    init(longestQueue: Int = HashingThread.longestQueue) { queue = Queue(limit: longestQueue) }

    deinit { queue.stop() }

    /// Runs `work` on the thread and waits for it. Work that was accepted is done, also when its caller is cancelled.
    /// - Throws: `overloaded` when too many wait already.
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(ChatError) -> Value {
        let result: Result<Value, ChatError> = await withCheckedContinuation { continuation in
            let accepted = queue.add { continuation.resume(returning: .success(work())) }
            if !accepted { continuation.resume(returning: .failure(Self.overloaded)) }
        }
        return try result.get()
    }

    private static let overloaded = ChatError(
        .overloaded, "Too many people are signing in just now.", retryAfterMilliseconds: 5000, limit: .waitingPasswords)

    /// What the thread and its owner share.
    @safe private final class Queue: Sendable {
        private struct State {
            var waiting: [@Sendable () -> Void] = []
            var thread: pthread_t?
            var isStopping = false
        }

        private let limit: Int
        private let state = Mutex(State())
        /// Counts what is waiting, and one more for the end.
        private nonisolated(unsafe) let signal: UnsafeMutablePointer<sem_t>

        init(limit: Int) {
            self.limit = limit
            unsafe signal = .allocate(capacity: 1)
            unsafe sem_init(signal, 0, 0)
        }

        deinit {
            unsafe sem_destroy(signal)
            unsafe signal.deallocate()
        }

        func add(_ work: @escaping @Sendable () -> Void) -> Bool {
            let accepted = state.withLock { state in
                guard state.waiting.count < limit else { return false }
                if state.thread == nil { state.thread = startThread() }
                guard state.thread != nil else { return false }
                state.waiting.append(work)
                return true
            }
            if accepted { unsafe sem_post(signal) }
            return accepted
        }

        func stop() {
            let thread = state.withLock { state in
                state.isStopping = true
                return state.thread.take()
            }
            unsafe sem_post(signal)
            guard let thread else { return }
            // Whoever lets go last may be the work itself.
            if pthread_equal(thread, pthread_self()) != 0 { pthread_detach(thread) } else { pthread_join(thread, nil) }
        }

        private func startThread() -> pthread_t? {
            var thread = pthread_t()
            let mine = unsafe Unmanaged.passRetained(self)
            let failed = unsafe pthread_create(
                &thread, nil,
                { context in
                    if let context = unsafe context {
                        unsafe Unmanaged<Queue>.fromOpaque(context).takeRetainedValue().serve()
                    }
                    return nil
                }, mine.toOpaque())
            guard failed == 0 else {
                unsafe mine.release()
                return nil
            }
            return thread
        }

        private func serve() {
            while true {
                // Woken by a signal to the process, it finds nothing and waits again.
                unsafe sem_wait(signal)
                let (work, isOver) = state.withLock { state in
                    (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isStopping)
                }
                work?()
                if work == nil, isOver { return }
            }
        }
    }
}
