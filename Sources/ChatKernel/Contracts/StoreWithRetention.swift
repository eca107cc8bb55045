/// An optional ability: a store that lets go of what is not to be kept. Asked for with `as?`.
///
/// ```
///   1 ─────────── firstSeq ─────────────── lastSeq
///     gone, a gap │ kept
/// ```
/// Each conversation has a first number; those below it are gone. Numbers and positions stay taken: counters never go back.
public protocol StoreWithRetention: Store {
    /// Raises the first number of each conversation as its own rule (``ConversationDetails/retention``) and `retention`
    /// ask, both at once (``Retention/and(_:)``), and returns where it did.
    ///
    /// The new first number must be that of the oldest entry that is neither too old nor before the newest so many
    /// messages; deleted messages count. It must never go down, also when a rule is relaxed later. Once this has returned,
    /// and after a crash, nothing may show what is below:
    /// - ``Store/entries(in:limit:)`` must have a ``Change/gap(_:)`` of ``Change/Gap/Reason/retention`` for it. In a conversation it
    ///   must reach from the number asked for to the last that is gone. Of all of a user's conversations it must hold the
    ///   numbers within the user's stays that the page passes over, so that pages that follow from one another tell of each
    ///   number once; its `pos` is that of its last number. ``ReplayPage`` makes such pages.
    /// - ``Store/messages(_:limit:)``, search, ``Conversation/lastMessage`` and ``Conversation/unreadCount`` must know
    ///   nothing of it, and ``LedgerView/message(_:)`` must answer nil for it.
    /// - ``LedgerView/message(named:from:in:)`` must know the message, as if it had been deleted: its name stays taken.
    ///
    /// What was said in it must leave the store before long, also its last copies. Memberships, roles, details and read marks
    /// stay as they are. Called from time to time, never while a call is under way; commits go on meanwhile, and must
    /// not wait for long.
    /// - Throws: only when nothing was raised. What was must be returned, also when the rest could not be: the kernel forgets what it
    ///   still holds in memory of that, and asks again before long.
    func expire(_ retention: Retention, at now: Timestamp) async throws(StoreError) -> [Expiry]
}

/// What of a conversation went.
public struct Expiry: Hashable, Sendable {
    public let conversation: ConversationID
    /// The oldest number that is still kept.
    public let firstSeq: Seq

    public init(conversation: ConversationID, firstSeq: Seq) {
        self.conversation = conversation
        self.firstSeq = firstSeq
    }
}
