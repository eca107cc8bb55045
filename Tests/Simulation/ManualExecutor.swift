import Synchronization

/// Runs tasks on the thread that steps it, one job at a time, and only then: whoever steps chooses what runs next, so a
/// seed explores interleavings and finds the same ones again.
///
/// Everything a task awaits stays here as long as it is started with ``start(_:)`` and never leaves for an actor or an
/// executor of another.
public final class ManualExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    public init() {}

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// How many jobs could run now.
    public var runnable: Int { jobs.withLock { $0.count } }

    /// Starts a task here. It runs when stepped.
    @discardableResult
    public func start(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: self) { await body() }
    }

    /// Runs one job. False when there is none.
    /// - Parameter choose: given how many could run, which one does.
    @discardableResult
    public func step(choosing choose: (Int) -> Int = { _ in 0 }) -> Bool {
        let count = runnable
        guard count > 0 else { return false }
        let chosen = choose(count)
        let job = jobs.withLock { $0.remove(at: chosen) }
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }

    /// Runs until nothing can run, oldest first. False when `limit` jobs were not enough.
    @discardableResult
    public func runUntilIdle(limit: Int = 1_000_000) -> Bool {
        for _ in 0..<limit where !step() { return true }
        return runnable == 0
    }

    /// Runs an operation to its end, and with it whatever else can run.
    /// - Throws: what it throws, or ``Stuck`` when it waits for something that is not going to happen by itself.
    public func finish<T: Sendable>(_ operation: @escaping @Sendable () async throws -> T) throws -> T {
        let outcome = Tray<Result<T, any Error>>()
        start {
            do { outcome.put(.success(try await operation())) } catch { outcome.put(.failure(error)) }
        }
        while true {
            if let outcome = outcome.take() { return try outcome.get() }
            guard step() else { throw Stuck() }
        }
    }

    /// Nothing can run, and the operation has not ended.
    public struct Stuck: Error {}
}
