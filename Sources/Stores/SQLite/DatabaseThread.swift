import CSQLite
import Synchronization

/// A thread for work that blocks. It runs closures and, as a task executor, the jobs of tasks, in the order in which
/// they came.
///
/// SQLite and `fsync` never run on Swift's cooperative pool: a pool of two threads that both wait for a disk serves
/// nobody. Only a task executor, deliberately: one object that is a serial executor too loses wake-ups.
@safe final class DatabaseThread: TaskExecutor, @unchecked Sendable {
    /// What is left to do for a thread that nobody wants anything of.
    enum Spare: Equatable {
        case nothing
        case more
        /// Something, after a rest.
        case later(nanoseconds: Int64)
    }

    private enum Work {
        case call(@Sendable () -> Void)
        case job(UnownedJob)
    }

    // Guarded by `lock`.
    private var inbox: [Work] = []
    private var isAlive = false
    private var mayEnd = false
    private var isParked = false

    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let arrival: UnsafeMutablePointer<pthread_cond_t>
    /// The running thread's `pthread_t`, 0 when none runs.
    private let current = Atomic<UInt>(0)
    private let load = Atomic<Int>(0)
    /// Called on the thread when nothing waits: does a little, and says whether it wants to be called again.
    private let whenIdle = Mutex(Idle())

    /// A closure in a struct of its own. As the generic argument of `Mutex` it would be wrapped in one more thunk at every
    /// access, for ever: measured, a seventh of the server's time.
    private struct Idle {
        var body: (@Sendable () -> Spare)?
    }

    init() {
        unsafe lock = .allocate(capacity: 1)
        unsafe arrival = .allocate(capacity: 1)
        unsafe pthread_mutex_init(lock, nil)
        unsafe chat_cond_init_monotonic(arrival)
    }

    /// The thread holds its object while it runs, so nobody waits on these any more.
    deinit {
        unsafe pthread_mutex_destroy(lock)
        unsafe pthread_cond_destroy(arrival)
        unsafe lock.deallocate()
        unsafe arrival.deallocate()
    }

    /// How much waits or runs, to choose among threads.
    var pending: Int { load.load(ordering: .relaxed) }

    /// Whether the caller is on this thread.
    var isCurrent: Bool { current.load(ordering: .relaxed) == pthread_self() }

    func setIdle(_ body: (@Sendable () -> Spare)?) { whenIdle.withLock { $0.body = body } }

    /// Lets the thread end once its inbox is empty. What arrives later still runs: it starts the thread again, so that
    /// a task which outlives the store is not stranded.
    func end() {
        unsafe pthread_mutex_lock(lock)
        mayEnd = true
        unsafe pthread_cond_signal(arrival)
        unsafe pthread_mutex_unlock(lock)
    }

    func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    func call(_ body: @escaping @Sendable () -> Void) { add(.call(body)) }

    /// Runs `body` here and returns what it made: at once when the caller is on this thread, else after a hop.
    func run<T: Sendable, E: Error>(_ body: @escaping @Sendable () throws(E) -> T) async throws(E) -> T {
        if isCurrent { return try body() }
        let result: Result<T, E> = await withCheckedContinuation { continuation in
            call { continuation.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }

    private func add(_ work: Work) {
        load.add(1, ordering: .relaxed)
        unsafe pthread_mutex_lock(lock)
        inbox.append(work)
        let starts = !isAlive
        isAlive = true
        // A signal nobody waits for is free, but not a system call. It comes after the unlocking: who is woken takes the lock
        // first, and would sleep again at once.
        let wakes = isParked
        isParked = false
        unsafe pthread_mutex_unlock(lock)
        if wakes { unsafe pthread_cond_signal(arrival) }
        if starts { start() }
    }

    private func start() {
        var thread = pthread_t()
        let me = unsafe Unmanaged.passRetained(self).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let thread = unsafe Unmanaged<DatabaseThread>.fromOpaque(context).takeRetainedValue()
                thread.serve()
                return nil
            }, me)
        // Without a thread nothing asked of the store could ever be answered, not even with an error.
        precondition(code == 0, "the system gave no thread for the store")
        pthread_detach(thread)
    }

    private func serve() {
        current.store(pthread_self(), ordering: .relaxed)
        var work: [Work] = []
        while true {
            unsafe pthread_mutex_lock(lock)
            if inbox.isEmpty {
                unsafe pthread_mutex_unlock(lock)
                let idle = whenIdle.withLock { $0.body }
                let spare = idle?() ?? .nothing
                unsafe pthread_mutex_lock(lock)
                var isResting = spare != .more
                while inbox.isEmpty && isResting && !mayEnd {
                    isParked = true
                    if case .later(let nanoseconds) = spare {
                        unsafe chat_cond_rest(arrival, lock, nanoseconds)
                        isResting = false
                    } else {
                        unsafe pthread_cond_wait(arrival, lock)
                    }
                    isParked = false
                }
                if inbox.isEmpty && mayEnd {
                    isAlive = false
                    current.store(0, ordering: .relaxed)
                    unsafe pthread_mutex_unlock(lock)
                    return
                }
            }
            swap(&work, &inbox)
            unsafe pthread_mutex_unlock(lock)
            for item in work {
                switch item {
                case .call(let body): body()
                case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
                }
                load.subtract(1, ordering: .relaxed)
            }
            work.removeAll(keepingCapacity: true)
        }
    }
}
