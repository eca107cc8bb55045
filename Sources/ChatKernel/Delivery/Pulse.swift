import Synchronization

/// The kernel's one timer: ticks while something waits for time to pass, and costs nothing otherwise.
final class Pulse: Sendable {
    /// How fine time is for what ends by itself: a typing notice, a merged notice. The gate's bound is looked at with every
    /// command besides; only when none comes does it wait for a tick. A tick is two changes of thread, so it is no finer.
    static let tick: Int64 = 20_000_000

    private struct State {
        var isArmed = false
        var idle: CheckedContinuation<Void, Never>?
        var isStopped = false
    }

    private let state = Mutex(State())
    private let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    /// Something waits for time to pass.
    func arm() {
        let sleeper = state.withLock { state in
            state.isArmed = true
            return state.idle.take()
        }
        sleeper?.resume()
    }

    /// Ticks until cancelled.
    /// - Parameter beat: called each tick while armed; true to go on ticking.
    func run(_ beat: @Sendable () -> Bool) async {
        await withTaskCancellationHandler {
            while await isArmed() {
                do { try await time.sleep(until: time.monotonic() + Self.tick) } catch { break }
                state.withLock { $0.isArmed = false }
                if beat() { state.withLock { $0.isArmed = true } }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.isStopped = true
                return state.idle.take()
            }
            sleeper?.resume()
        }
    }

    private func isArmed() async -> Bool {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let parked = state.withLock { state in
                if state.isArmed || state.isStopped { return false }
                state.idle = continuation
                return true
            }
            if !parked { continuation.resume() }
        }
        return state.withLock { !$0.isStopped }
    }
}
