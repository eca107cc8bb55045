public import ChatKernel
import Synchronization

/// Time that passes when told.
public final class SimulatedTime: TimeSource {
    private struct Sleeper {
        let id: Int
        let deadline: Int64
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var now: Int64 = 0
        var wallOffset: Int64
        var sleepers: [Sleeper] = []
        var lastID = 0
    }

    private let state: Mutex<State>

    /// - Parameter wall: what the wall clock shows at monotonic 0.
    public init(wall: Timestamp = Timestamp(microseconds: 1_770_201_000_000_000)) {
        state = Mutex(State(wallOffset: wall.microseconds))
    }

    public func wall() -> Timestamp {
        state.withLock { Timestamp(microseconds: $0.wallOffset + $0.now / 1000) }
    }

    public func monotonic() -> Int64 { state.withLock { $0.now } }

    public func sleep(until deadline: Int64) async throws {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let isDue = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.now >= deadline { return true }
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    return nil
                }
                if let isOver { continuation.resume(returning: isOver) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.sleepers.firstIndex { $0.id == id }.map { state.sleepers.remove(at: $0) }
            }
            sleeper?.continuation.resume(returning: false)
        }
        if !isDue { throw CancellationError() }
    }

    /// Lets time pass, and wakes those whose time has come, in its order.
    public func advance(byNanoseconds nanoseconds: Int64) {
        let due = state.withLock { state in
            state.now += nanoseconds
            let now = state.now
            let due = state.sleepers.filter { $0.deadline <= now }
            state.sleepers.removeAll { $0.deadline <= now }
            return due
        }
        for sleeper in due.sorted(by: { ($0.deadline, $0.id) < ($1.deadline, $1.id) }) {
            sleeper.continuation.resume(returning: true)
        }
    }

    /// Sets the wall clock forward or back; the monotonic clock does not notice.
    public func jumpWall(byMicroseconds microseconds: Int64) {
        state.withLock { $0.wallOffset += microseconds }
    }
}

extension SimulatedTime {
    public func advance(milliseconds: Int64) { advance(byNanoseconds: milliseconds * 1_000_000) }
    public func advance(seconds: Int64) { advance(byNanoseconds: seconds * 1_000_000_000) }
}
