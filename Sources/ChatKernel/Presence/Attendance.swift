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
        /// What the user has left since the list of its conversations was asked for, which may still name them; nil while none is
        /// asked for.
        var leftMeanwhile: Set<ConversationID>?
        var hasEnded = false
    }

    private let kernel: Kernel
    private let user: UserReference
    /// The kernel is told under it, so that it hears of a coming before the going that follows it. It only notes that, and its
    /// outlets only post.
    private let state = Mutex(State())

    init(_ kernel: Kernel, _ user: UserReference) {
        self.kernel = kernel
        self.user = user
    }

    deinit { end() }

    /// Tells the liveliest conversations, but for those that the user leaves meanwhile. What the store cannot say now is left out.
    /// To be called once.
    public func begin() async {
        state.withLock { $0.leftMeanwhile = [] }
        let found = (try? await kernel.store.conversationIDs(of: user.id, limit: Self.limit)) ?? []
        state.withLock { state in
            let left = state.leftMeanwhile.take() ?? []
            for conversation in found where !left.contains(conversation) { enter(conversation, &state) }
        }
    }

    /// The user is a member of this one, and here.
    public func enter(_ conversation: ConversationID) {
        state.withLock { state in
            state.leftMeanwhile?.remove(conversation)
            enter(conversation, &state)
        }
    }

    private func enter(_ conversation: ConversationID, _ state: inout State) {
        guard !state.hasEnded, state.here.count < Self.limit, state.here.insert(conversation).inserted else { return }
        kernel.enter(user, conversation)
    }

    /// The user is not a member any more.
    public func leave(_ conversation: ConversationID) {
        state.withLock { state in
            state.leftMeanwhile?.insert(conversation)
            if state.here.remove(conversation) != nil { kernel.leave(user, conversation) }
        }
    }

    /// The user is not here any more. Harmless when done again.
    public func end() {
        state.withLock { state in
            state.hasEnded = true
            for conversation in state.here.sorted() { kernel.leave(user, conversation) }
            state.here = []
        }
    }
}

extension Kernel {
    /// Somebody is here who has no session of one conversation; ``Attendance/begin()`` tells the others.
    public func attendance(of user: UserReference) -> Attendance { Attendance(self, user) }
}
