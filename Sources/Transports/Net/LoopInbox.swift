import Synchronization

/// What other threads leave for a loop, and whether the loop must be woken for it.
///
/// A wake-up is a system call here and a context switch there, so it is spent only when the loop has said that it goes to
/// sleep, and only by the first who comes after that.
final class LoopInbox: Sendable {
    typealias Work = @Sendable () -> Void

    private struct Contents {
        var work: [Work] = []
        var asleep = false
        var stopping = false
        var closed = false
    }

    private let contents = Mutex(Contents())

    enum PostAnswer {
        /// The loop is awake and will look before it sleeps.
        case noticed
        /// The loop sleeps; the caller must wake it.
        case wake
        /// The loop has ended; the work was not taken.
        case closed
    }

    func post(_ work: @escaping Work) -> PostAnswer {
        contents.withLock { contents in
            guard !contents.closed else { return .closed }
            contents.work.append(work)
            return Self.rouse(&contents)
        }
    }

    /// Asks the loop to end. Work posted until it has ended still runs.
    func stop() -> PostAnswer {
        contents.withLock { contents in
            guard !contents.closed else { return .closed }
            contents.stopping = true
            return Self.rouse(&contents)
        }
    }

    /// Says that the loop is about to sleep. False when it may not, because something waits.
    func mayReallySleep() -> Bool {
        contents.withLock { contents in
            guard contents.work.isEmpty, !contents.stopping else { return false }
            contents.asleep = true
            return true
        }
    }

    /// Exchanges the waiting work for an empty array (whose storage is used again), and says whether to stop.
    func take(_ batch: inout [Work]) -> Bool {
        contents.withLock { contents in
            contents.asleep = false
            swap(&contents.work, &batch)
            return contents.stopping
        }
    }

    /// Refuses all further work, unless some has arrived in the meantime.
    func closeIfEmpty() -> Bool {
        contents.withLock { contents in
            guard contents.work.isEmpty else { return false }
            contents.closed = true
            return true
        }
    }

    private static func rouse(_ contents: inout Contents) -> PostAnswer {
        guard contents.asleep else { return .noticed }
        contents.asleep = false
        return .wake
    }
}
