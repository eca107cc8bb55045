/// A handle to something scheduled on a loop. See `EventLoop.schedule(after:_:)`.
public struct LoopTimer: Hashable, Sendable {
    let number: UInt64
}

/// The few one-shot timers of a loop, the next one last (pure). Connections have `DeadlineWheel`; this is for the
/// handful of things a component does now and then, so an ordered array is enough.
struct LoopTimers {
    private var waiting: [(due: Int64, timer: LoopTimer, work: () -> Void)] = []
    private var issued: UInt64 = 0

    var next: Int64? { waiting.last?.due }

    mutating func add(due: Int64, _ work: @escaping () -> Void) -> LoopTimer {
        issued &+= 1
        let timer = LoopTimer(number: issued)
        // Behind those due at the same time, so that equal timers go off in the order they were set.
        let place = waiting.firstIndex { $0.due <= due } ?? waiting.count
        waiting.insert((due, timer, work), at: place)
        return timer
    }

    mutating func cancel(_ timer: LoopTimer) {
        waiting.removeAll { $0.timer == timer }
    }

    /// Removes and returns the next timer that is due.
    mutating func take(now: Int64) -> (() -> Void)? {
        guard let last = waiting.last, last.due <= now else { return nil }
        return waiting.removeLast().work
    }

    mutating func removeAll() {
        waiting = []
    }
}
