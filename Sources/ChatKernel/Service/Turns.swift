import Synchronization

/// Lets each user have so many things under way at once; what it asks beyond waits until one of its own has ended, in
/// order. So a client with a thousand questions delays its own answers, and nobody else's by more than a few.
///
/// A rate would refuse the long export that does no harm, and let in the burst that does.
final class Turns: Sendable {
    private struct Line {
        var underWay = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let width: Int
    private let lines = Mutex<[UserID: Line]>([:])

    init(width: Int) { self.width = max(1, width) }

    /// Does the work when it is the user's turn. A task that is cancelled while it waits has its turn all the same.
    func take<T: Sendable, E: Error>(for user: UserID, _ work: () async throws(E) -> T) async throws(E) -> T {
        await enter(user)
        defer { leave(user) }
        return try await work()
    }

    private func enter(_ user: UserID) async {
        let goesAhead = lines.withLock { lines in
            guard lines[user, default: Line()].underWay < width else { return false }
            lines[user, default: Line()].underWay += 1
            return true
        }
        guard !goesAhead else { return }
        await withCheckedContinuation { continuation in
            // Looked at again under the lock: the one that was waited for may have ended in between.
            let goesAhead = lines.withLock { lines in
                if lines[user, default: Line()].underWay < width {
                    lines[user, default: Line()].underWay += 1
                    return true
                }
                lines[user]?.waiting.append(continuation)
                return false
            }
            if goesAhead { continuation.resume() }
        }
    }

    private func leave(_ user: UserID) {
        let next: CheckedContinuation<Void, Never>? = lines.withLock { lines in
            guard let line = lines[user] else { return nil }
            guard line.waiting.isEmpty else { return lines[user]?.waiting.removeFirst() }
            lines[user] = line.underWay > 1 ? Line(underWay: line.underWay - 1) : nil
            return nil
        }
        next?.resume()
    }
}
