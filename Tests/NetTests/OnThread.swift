import CLinux

/// Runs a blocking script on a thread of its own: the threads of the cooperative pool belong to the server's handlers.
func onThread<Value: Sendable>(_ script: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Value, any Error>) in
        let start = unsafe Unmanaged.passRetained(Errand { continuation.resume(with: Result(catching: script)) })
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread, nil,
            { context in
                if let context = unsafe context {
                    unsafe Unmanaged<Errand>.fromOpaque(context).takeRetainedValue().body()
                }
                return nil
            }, start.toOpaque())
        precondition(code == 0)
        pthread_detach(thread)
    }
}

private final class Errand {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}
