import Glibc

/// Runs a blocking script on a thread of its own: those of the cooperative pool belong to whoever is tested. It stays the test's
/// task, so that what it finds wrong is the test's.
package func onThread<Value: Sendable>(_ script: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withTaskExecutorPreference(ThreadEach()) { try await run(script) }
}

@concurrent
private func run<Value: Sendable>(_ script: @Sendable () throws -> Value) async throws -> Value { try script() }

/// A thread for each piece of work.
private final class ThreadEach: TaskExecutor {
    private final class Errand {
        let job: UnownedJob
        let executor: ThreadEach

        init(_ job: UnownedJob, _ executor: ThreadEach) {
            self.job = job
            self.executor = executor
        }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let errand = unsafe Unmanaged.passRetained(Errand(UnownedJob(job), self))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                let errand = unsafe Unmanaged<Errand>.fromOpaque(context).takeRetainedValue()
                unsafe errand.job.runSynchronously(on: errand.executor.asUnownedTaskExecutor())
                return nil
            }, errand.toOpaque())
        precondition(code == 0)
        pthread_detach(thread)
    }
}
