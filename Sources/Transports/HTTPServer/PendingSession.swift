public import ChatKernel
import Synchronization

/// A session between the moment it was opened and the moment its connection takes over. If that never comes, because the client hung
/// up meanwhile, letting go of this closes it.
public final class PendingSession: Sendable {
    /// To be asked something of before it is taken; whoever keeps it says ``take()``.
    public let session: Session
    private let isTaken = Atomic<Bool>(false)

    public init(_ session: Session) { self.session = session }

    /// Whoever calls is responsible for the session from here on.
    public func take() -> Session {
        isTaken.store(true, ordering: .relaxed)
        return session
    }

    deinit {
        if !isTaken.load(ordering: .relaxed) { session.close() }
    }
}
