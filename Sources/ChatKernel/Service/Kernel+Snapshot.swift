/// How things stand, for a client that knows nothing.
extension Kernel {
    /// Where a client begins that has nothing: its conversations, and a position from before they were read, so that what
    /// follows it may overlap them and leaves nothing out.
    ///
    /// All of it is about ``KernelLimits/snapshotBytes`` at most, and one conversation more.
    public struct UserSnapshot: Sendable {
        /// Where to go on: everything that is not in the snapshot comes after it.
        public let cursor: Cursor
        /// Newest activity first, at most ``KernelLimits/snapshotConversations``.
        public let conversations: [Part]
        /// Whether there are more conversations, or more of those that were named: they are listed by
        /// ``Kernel/conversations(of:after:limit:)``, or asked for by name.
        public let hasMore: Bool
        /// To be kept for as long as the snapshot is in memory, or an answer that was made of it: one of
        /// ``KernelLimits/snapshotsPerUser``.
        public let share: Share

        /// One conversation, and what a client shows of it first.
        public struct Part: Sendable {
            public let conversation: Conversation
            /// The newest, ascending, at most ``KernelLimits/snapshotMessages``; fewer, or none, when there was no room for more.
            public let messages: [Message]
            /// Of the present members who have read something.
            public let readMarks: [ReadMark]
        }
    }

    /// How things stand for a user, read bit by bit: two of a user are made at a time, and others wait.
    /// - Parameter conversations: only these; nil for all. The first of them by identifier is always there.
    /// - Throws: `not_a_member` for a conversation named that the user is not in; `rate_limited` when as many of the user's
    ///   snapshots are in memory as may be.
    public func snapshot(
        of user: UserID, among conversations: Set<ConversationID>? = nil
    ) async throws(ChatError) -> UserSnapshot {
        // Those beyond wait for it, and are refused only when what was made before is not taken.
        try await snapshotTurns.take(for: user) { () async throws(ChatError) in
            guard let share = snapshots.take(for: user) else { throw tooManySnapshots() }
            return try await snapshot(of: user, among: conversations, share)
        }
    }

    private func tooManySnapshots() -> ChatError {
        let error = ChatError(
            .rateLimited, "You have not read \(limits.snapshotsPerUser) answers, which is as many as there may be.",
            retryAfterMilliseconds: 1000, limit: .snapshotsPerUser)
        metrics.count(error)
        return error
    }

    private func snapshot(
        of user: UserID, among named: Set<ConversationID>?, _ share: Share
    ) async throws(ChatError) -> UserSnapshot {
        let cursor = try await head()
        var ids: [ConversationID]
        var hasMore = false
        if let named {
            ids = named.sorted()
        } else {
            let limit = limits.snapshotConversations
            ids = try await ask(for: user) { (store) throws(StoreError) in
                try await store.conversationIDs(of: user, limit: limit + 1)
            }
            hasMore = ids.count > limit
            if hasMore { ids.removeLast() }
        }
        var parts: [UserSnapshot.Part] = []
        var budget = PageBudget(bytes: limits.snapshotBytes)
        for id in ids {
            guard !budget.isSpent else {
                hasMore = true
                break
            }
            do throws(ChatError) {
                parts.append(try await part(id, of: user, &budget))
            } catch {
                // Removed meanwhile: its removal is past the cursor.
                guard error.code == .notAMember, named == nil else { throw error }
            }
        }
        return UserSnapshot(cursor: cursor, conversations: parts, hasMore: hasMore, share: share)
    }

    private func part(
        _ id: ConversationID, of user: UserID, _ budget: inout PageBudget
    ) async throws(ChatError) -> UserSnapshot.Part {
        let conversation = try await conversation(id, as: user)
        let messages = try await messages(in: id, as: user, limit: limits.snapshotMessages)
        let marks = try await ask { (store) throws(StoreError) in try await store.readMarks(in: id) }
        budget.spend(conversation.weight)
        for mark in marks { budget.spend(mark.weight) }
        // The newest of the messages, as far as there is room.
        var first = messages.endIndex
        while first > messages.startIndex, !budget.isSpent {
            first -= 1
            budget.spend(messages[first].weight)
        }
        return UserSnapshot.Part(conversation: conversation, messages: Array(messages[first...]), readMarks: marks)
    }
}
