/// The one read over all of a user's conversations, from a position on: what every transport that is not of one
/// conversation stands on. Catching up, polls and streams differ only in how they wait for what comes after it.
extension Kernel {
    /// A stretch of what a user may see.
    public struct EventPage: Sendable {
        /// Entries, read marks and gaps, ascending by `pos`. A ``Change/Gap/Reason/membership`` gap has no `pos` of its own, which is 0: it
        /// belongs to the entry behind it, which let the user in.
        public let entries: [Entry]
        /// The page is complete up to here: where the next one begins.
        public let through: Pos
        /// Nothing more had been committed when it was read.
        public let isLast: Bool
    }

    /// What happened after a position in the user's conversations, each event judged by whether the user was a member then.
    ///
    /// - Parameters:
    ///   - pos: taken as it is; for what comes from a client ask ``position(of:)``.
    ///   - conversations: only these; nil for all. The position passes over the others.
    ///   - limit: at least 1; gaps that belong to an entry are not counted. A page ends before it when its ``PageBudget`` is spent.
    /// - Throws: `store_unavailable`, `internal`.
    public func events(
        of user: UserID, after pos: Pos, among conversations: Set<ConversationID>? = nil, limit: Int
    ) async throws(ChatError) -> EventPage {
        let limit = max(1, limit)
        // The head first: what is read after it is complete at least up to there.
        let head = try await head().pos
        let entries = try await ask(for: user) { (store) throws(StoreError) in
            try await store.entries(in: .user(user, after: pos, among: conversations), limit: limit)
        }
        let isLast = entries.count < limit && !PageBudget.isSpent(by: entries.lazy.map(\.weight))
        let last = entries.last?.pos ?? pos
        return EventPage(
            entries: try await announcing(entries, to: user),
            through: isLast || Mutation.passesOverEvents.isOn ? max(last, head, pos) : last,
            isLast: isLast)
    }

    /// Puts a gap in front of each beginning of a stay: what happened before, the user is not shown.
    private func announcing(_ entries: [Entry], to user: UserID) async throws(ChatError) -> [Entry] {
        guard entries.contains(where: { $0.mayBeginStay(of: user) }), !Mutation.forgetsStayGaps.isOn else {
            return entries
        }
        var shown: [Entry] = []
        for entry in entries {
            if entry.mayBeginStay(of: user), let gap = try await gap(before: entry, of: user) { shown.append(gap) }
            shown.append(entry)
        }
        return shown
    }

    private func gap(before entry: Entry, of user: UserID) async throws(ChatError) -> Entry? {
        let standing = try await standing(of: user, in: entry.conversation)
        return standing.membership?.hidden(before: entry.lowest).map { entry.hiding($0) }
    }

    /// The position that a client's cursor names.
    /// - Returns: nil for none, which an empty text is too.
    /// - Throws: `cursor_invalid`, `epoch_changed`, `cursor_ahead`; `store_unavailable`.
    public func position(of text: String?) async throws(ChatError) -> Pos? {
        guard let text, !text.isEmpty else { return nil }
        guard let cursor = Cursor(text) else {
            throw ChatError(.cursorInvalid, "This is no cursor of ours.")
        }
        let head = try await head()
        guard cursor.epoch == head.epoch else {
            throw ChatError(.epochChanged, "The cursor belongs to another life of the store; begin without one.")
        }
        guard cursor.pos <= head.pos else {
            throw ChatError(.cursorAhead, "The store has not come to this cursor; begin without one.")
        }
        return cursor.pos
    }

    /// Follows a user through all of its conversations: from here on the outlet gets ``Batch/mail`` for it. The outlet
    /// is kept until ``unfollow(_:)``, or until ``run()`` returns.
    ///
    /// - Parameter place: the outlet's own name for the user, handed back with each parcel.
    /// - Returns: the follower, to be given to ``unfollow(_:)``, and the position after which everything comes as mail. Nil
    ///   when the store's head was never read: ask ``head()`` first, once.
    public func follow(
        _ user: UserID, as place: Int, by outlet: any Outlet
    ) -> (follower: Follower, after: Pos)? {
        fanout.follow(user, as: place, by: outlet)
    }

    /// Outlets have been handed everything up to here: what one of them has not taken yet stands in its own queue. Nil when the
    /// store's head was never read.
    public var deliveredThrough: Pos? { fanout.deliveredThrough }

    /// No more mail, but for what is on its way. Harmless when done again.
    public func unfollow(_ follower: Follower) { fanout.unfollow(follower) }
}
