import Synchronization

/// Lets each user have so many of something, and no more: unlike ``Turns``, which has those beyond wait.
final class Shares: Sendable {
    private let limit: Int
    private let taken = Mutex<[UserID: Int]>([:])

    /// - Parameter limit: of each user; 0 for no limit.
    init(limit: Int) { self.limit = limit }

    /// Nil when the user has as many as it may.
    func take(for user: UserID) -> Share? {
        let isFree = taken.withLock { taken in
            guard limit == 0 || taken[user, default: 0] < limit else { return false }
            taken[user, default: 0] += 1
            return true
        }
        return isFree ? Share(of: self, for: user) : nil
    }

    fileprivate func giveBack(by user: UserID) {
        taken.withLock { taken in
            let left = (taken[user] ?? 1) - 1
            taken[user] = left > 0 ? left : nil
        }
    }
}

/// One of so many things that a user may have at a time. Letting go of it gives it back.
public final class Share: Sendable {
    private let shares: Shares
    private let user: UserID

    fileprivate init(of shares: Shares, for user: UserID) {
        self.shares = shares
        self.user = user
    }

    deinit { shares.giveBack(by: user) }
}
