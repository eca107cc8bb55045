import ScriptTesting
import Synchronization
import Testing

private final class Found<Value: Sendable>: Sendable {
    let result = Mutex<Result<Value, any Error>?>(nil)
}

/// Waits in a blocking script for what is not blocking.
func waiting<Value: Sendable>(_ work: @escaping @Sendable () async throws -> Value) throws -> Value {
    let (found, bell) = (Found<Value>(), Bell())
    Task {
        do {
            let value = try await work()
            found.result.withLock { $0 = .success(value) }
        } catch {
            found.result.withLock { $0 = .failure(error) }
        }
        bell.ring()
    }
    try bell.await()
    return try #require(found.result.withLock { $0 }).get()
}
