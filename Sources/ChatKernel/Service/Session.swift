import Synchronization

/// One connected client, whatever its transport.
///
/// ## For adapter authors
/// Open one with ``Kernel/open(_:delivering:)``; ``join(_:)`` before the client is told that it is in;
/// ``announce(_:)`` once deliveries can reach it; ``close()`` when it is gone, at least once. The kernel does not watch
/// ``Identity/expiresAt``: close it then. All of it may be called from any thread.
public final class Session: Sendable {
    /// Which of a kernel's sessions it is.
    public struct ID: Hashable, Sendable {
        /// From 1, and never used twice while the kernel lives; after a restart it begins anew.
        public let number: UInt64
        init(_ number: UInt64) { self.number = number }
    }

    public let id: ID
    /// As it was when the session was opened; a token that is renewed changes nothing here.
    public let identity: Identity
    let outlet: any Outlet
    private let kernel: Kernel
    private let state = Mutex(State())

    private struct State {
        /// Mostly there is one, and ten thousand idle sessions pay for no table each.
        var only: Stay?
        var others: [ConversationID: Stay] = [:]
        var isClosed = false

        subscript(conversation: ConversationID) -> Stay? {
            get { only?.conversation == conversation ? only : others[conversation] }
            set {
                if only?.conversation ?? conversation == conversation, others[conversation] == nil {
                    only = newValue
                } else {
                    others[conversation] = newValue
                }
            }
        }

        var conversations: [ConversationID] {
            (only.map { [$0.conversation] } ?? []) + others.keys
        }
    }

    /// A conversation followed, by the text that all who follow it share.
    private struct Stay {
        let conversation: ConversationID
        /// Whether others have been told.
        var isAnnounced = false
    }

    init(id: ID, identity: Identity, kernel: Kernel, outlet: any Outlet) {
        self.id = id
        self.identity = identity
        self.kernel = kernel
        self.outlet = outlet
    }

    public var user: UserReference { identity.user }

    /// Follows a conversation: from here on its parcels reach the outlet. Returns where the conversation stood at a
    /// moment after that, so that nothing can fall between what is read up to there and what comes live. Parcels may
    /// come before this returns: a reader either has its ``Feed`` there to hold them, or reads a page when it has.
    /// Harmless when done again; a session that is closed follows nothing.
    /// - Throws: `unknown_conversation`, `not_a_member`, `store_unavailable`; then it follows it only if it did before.
    public func join(_ conversation: ConversationID) async throws(ChatError) -> Standing {
        let isNew = state.withLock { state in
            guard !state.isClosed, state[conversation] == nil else { return false }
            // Under the lock: a close at the same moment must find what it has to undo.
            let kept =
                Mutation.followsLate.isOn ? conversation : kernel.fanout.follow(conversation, by: outlet)
            state[kept] = Stay(conversation: kept)
            return true
        }
        do throws(ChatError) {
            let standing = try await kernel.standing(of: user.id, in: conversation)
            guard let membership = standing.membership, membership.isActive else {
                throw ChatError(.notAMember, "You are not a member of this conversation.")
            }
            if Mutation.followsLate.isOn, isNew { _ = kernel.fanout.follow(conversation, by: outlet) }
            return standing
        } catch {
            if isNew { leave(conversation) }
            throw error
        }
    }

    /// Whether it has joined this conversation.
    public func follows(_ conversation: ConversationID) -> Bool {
        state.withLock { $0[conversation] != nil }
    }

    /// Tells the others that the user is here, once for each ``join(_:)``. Its own outlet hears it too; when the others
    /// knew already, a notice for this session alone (``PresenceNotice/audience``).
    public func announce(_ conversation: ConversationID) {
        state.withLock { state in
            guard !state.isClosed, let stay = state[conversation], !stay.isAnnounced else { return }
            state[conversation] = Stay(conversation: stay.conversation, isAnnounced: true)
            // Under the lock, as its undoing is: who leaves at the same moment leaves after this.
            kernel.enter(user, conversation, by: id)
        }
    }

    /// Stops following a conversation: parcels that are on their way still come. Harmless for one that it does not
    /// follow.
    public func leave(_ conversation: ConversationID) {
        state.withLock { state in
            guard let stay = state[conversation] else { return }
            state[conversation] = nil
            kernel.fanout.unfollow(conversation, by: outlet)
            if stay.isAnnounced { kernel.leave(user, conversation) }
        }
    }

    /// Makes a command of this session ready for ``Kernel/submit(_:)``, and counts it against the user's rate. Commands
    /// are committed in the order in which they are submitted.
    /// - Parameters:
    ///   - tag: comes back in the ``Settlement``.
    ///   - wantsReply: false to be told only of a refusal.
    /// - Throws: what can be refused at once: `message_empty`, `message_too_large`, `invalid_field`, `rate_limited`.
    public func prepare(
        _ proposal: Draft.Proposal, in conversation: ConversationID, tag: UInt64, wantsReply: Bool
    ) throws(ChatError) -> Submission {
        let draft = kernel.newDraft(proposal, in: conversation, by: user.id)
        try kernel.admit(draft)
        return Submission(draft: draft, origin: .session(self, tag: tag, wantsReply: wantsReply))
    }

    /// Tells the others that the user is typing, or has stopped. In a conversation that it has not joined, nothing.
    /// - Throws: `rate_limited`. Being what it is, the notice may then be forgotten.
    public func type(in conversation: ConversationID, on: Bool) throws(ChatError) {
        guard follows(conversation) else { return }
        try kernel.type(self, in: conversation, on: on)
    }

    /// Leaves everything. Harmless when done again.
    public func close() {
        let joined: [ConversationID]? = state.withLock { state in
            guard !state.isClosed else { return nil }
            state.isClosed = true
            return state.conversations.sorted()
        }
        guard let joined else { return }
        for conversation in joined { leave(conversation) }
        kernel.closed(self)
    }
}
