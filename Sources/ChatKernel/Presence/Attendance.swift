import Synchronization

/// The presence of a user who follows all of its conversations by asking, or by one connection for all of them.
///
/// Told in the liveliest conversations, at most ``limit``, and in those that the user comes into meanwhile: each costs the others there
/// a notice, and ten thousand would not be borne. Whoever holds it decides how long the user counts as here without asking: that
/// is the lease. Letting go of it ends it.
public final class Attendance: Sendable {
    /// Conversations in which one attendance is told.
    public static let limit = 100

    private struct State {
        var here: Set<ConversationID> = []
        var hasEnded = false
    }

    private let kernel: Kernel
    private let user: UserReference
    private let state = Mutex(State())

    init(_ kernel: Kernel, _ user: UserReference) {
        self.kernel = kernel
        self.user = user
    }

    deinit { end() }

    /// Tells the liveliest conversations. What the store cannot say now is left out.
    public func begin() async {
        guard let found = try? await kernel.store.conversationIDs(of: user.id, limit: Self.limit) else { return }
        for conversation in found { enter(conversation) }
    }

    /// The user is a member of this one, and here.
    public func enter(_ conversation: ConversationID) {
        let isNew = state.withLock { state in
            guard !state.hasEnded, state.here.count < Self.limit else { return false }
            return state.here.insert(conversation).inserted
        }
        if isNew { kernel.enter(user, conversation) }
    }

    /// The user is not a member any more.
    public func leave(_ conversation: ConversationID) {
        if state.withLock({ $0.here.remove(conversation) }) != nil { kernel.leave(user, conversation) }
    }

    /// The user is not here any more. Harmless when done again.
    public func end() {
        let left = state.withLock { state in
            state.hasEnded = true
            defer { state.here = [] }
            return state.here.sorted()
        }
        for conversation in left { kernel.leave(user, conversation) }
    }
}

extension Kernel {
    /// Somebody is here who has no session of one conversation; ``Attendance/begin()`` tells the others.
    public func attendance(of user: UserReference) -> Attendance { Attendance(self, user) }
}
