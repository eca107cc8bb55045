import CLinux
import Synchronization

/// A few loops that share the work by connection.
public final class EventLoopGroup: Sendable {
    /// The loops, by their `index`.
    public let loops: [EventLoop]
    private let turn = Atomic<Int>(0)

    /// Makes the loops without starting them.
    ///
    /// - Parameter count: `defaultCount` when nil; at least one.
    public init(count: Int? = nil) throws(SystemError) {
        var loops: [EventLoop] = []
        for index in 0..<max(1, count ?? Self.defaultCount) {
            loops.append(try EventLoop(index: index))
        }
        self.loops = loops
    }

    /// One loop on one or two cores, else a core less than there are: a second loop costs every batch a second wake-up,
    /// and the store's thread needs a core of its own.
    public static var defaultCount: Int { max(1, Int(chat_available_cores()) - 1) }

    /// The loop for the next connection, each in its turn.
    public func next() -> EventLoop {
        let (old, _) = turn.wrappingAdd(1, ordering: .relaxed)
        return loops[Int(UInt(bitPattern: old) % UInt(loops.count))]
    }

    /// Starts all threads. When one cannot be started those before it are stopped again.
    public func start() throws(SystemError) {
        for (started, loop) in loops.enumerated() {
            do {
                try loop.start()
            } catch {
                for other in loops.prefix(started) { other.stop() }
                for other in loops.prefix(started) { other.join() }
                throw error
            }
        }
    }

    /// Asks all loops to end.
    public func stop() {
        for loop in loops { loop.stop() }
    }

    /// Blocks until all threads are gone.
    public func join() {
        for loop in loops { loop.join() }
    }

    /// Returns when all threads are gone.
    public func ended() async {
        for loop in loops { await loop.ended() }
    }
}
