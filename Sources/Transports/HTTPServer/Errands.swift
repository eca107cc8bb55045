/// Work that must wait for something (a page from the store, a token to be checked), sent out from a loop that may not
/// wait. Each errand is a child of ``run()``.
public final class Errands: Sendable {
    /// Cancelled with ``run()``, which waits for it all the same.
    public typealias Errand = @Sendable () async -> Void

    private let errands: AsyncStream<Errand>
    private let continuation: AsyncStream<Errand>.Continuation

    public init() { (errands, continuation) = AsyncStream.makeStream() }

    /// Runs the errand soon, on whatever thread. After ``run()`` has ended it is dropped.
    public func send(_ errand: @escaping Errand) { continuation.yield(errand) }

    /// Runs errands until cancelled, and returns when the last has ended.
    public func run() async {
        await withDiscardingTaskGroup { group in
            for await errand in errands { group.addTask { await errand() } }
        }
    }
}
