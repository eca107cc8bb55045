/// An optional ability: a store that finds messages by their words. Asked for with `as?`.
public protocol StoreWithSearch: Store {
    /// Messages as they stand that match, newest first: those with the highest `pos` of the entry that brought them.
    ///
    /// An edited message must be found by its newest text and not by an older one; a deleted message must not be found. Only
    /// what the user may see must be found: messages within its stays, in conversations of which it is a member, judged
    /// at the moment the messages are read. A message that was committed before this was called must be found, if it matches
    /// as ``SearchQuery/matches(_:)`` says, on this page or on one that follows from it.
    ///
    /// A page may be shorter than `limit`, or empty, when its ``PageBudget`` is spent or when much was looked at in
    /// vain: then ``SearchPage/next`` must lead on. It must be nil when there is nothing more. Pages that follow from one another
    /// must hold each message once, whatever is committed meanwhile.
    ///
    /// ## For adapter authors
    /// Simplest is to walk over the messages from the newest and ask ``SearchQuery/matches(_:)``. An index should
    /// hold ``Words``, so that it finds what a walk would.
    func search(_ search: Search, limit: Int) async throws(StoreError) -> SearchPage
}

/// What to find, for whom, and where.
public struct Search: Hashable, Sendable {
    public let query: SearchQuery
    public let user: UserID
    /// The only conversation to look in; nil for all of the user's.
    public let conversation: ConversationID?
    /// Only messages brought by entries below this; nil for all.
    public let before: Pos?

    public init(_ query: SearchQuery, for user: UserID, in conversation: ConversationID? = nil, before: Pos? = nil) {
        self.query = query
        self.user = user
        self.conversation = conversation
        self.before = before
    }
}

/// A page of what was found, newest first.
public struct SearchPage: Hashable, Sendable {
    public let messages: [Message]
    /// What the next page is searched ``Search/before``; nil when this is the last.
    public let next: Pos?

    public init(messages: [Message], next: Pos?) {
        self.messages = messages
        self.next = next
    }
}
