extension Kernel {
    /// Whether the store finds messages by their words.
    public var canSearch: Bool { store is any StoreWithSearch }

    /// Messages of the user's conversations, or of one of them, that hold all the words of `text` (``SearchQuery``),
    /// newest first. A page may be shorter than `limit`, or empty; `next` of it says where the one behind begins, and
    /// is nil for the last.
    /// - Throws: `invalid_field` for a text that is no query; `unknown_conversation`, `not_a_member`; `unknown_type` when the
    ///   store cannot search.
    public func search(
        _ text: String, as user: UserID, in conversation: ConversationID? = nil, before pos: Pos? = nil, limit: Int
    ) async throws(ChatError) -> SearchPage {
        try await search(try SearchQuery(text), as: user, in: conversation, before: pos, limit: limit)
    }

    /// Messages of others that name the user (``Mention``), of its conversations or of one of them, newest first. A page may be shorter
    /// than `limit`, as in a search; nothing is found for a name without a letter or digit.
    /// - Throws: `unknown_user`; `unknown_conversation`, `not_a_member`; `unknown_type` when the store cannot search.
    public func mentions(
        of user: UserID, in conversation: ConversationID? = nil, before pos: Pos? = nil, limit: Int
    ) async throws(ChatError) -> SearchPage {
        let account = try await ask { (store) throws(StoreError) in try await store.user(user) }
        guard let username = account?.username else { throw ChatError(.unknownUser, "There is no such user.") }
        guard let query = SearchQuery(naming: username) else { return SearchPage(messages: [], next: nil) }
        let page = try await search(query, as: user, in: conversation, before: pos, limit: limit)
        return SearchPage(
            messages: page.messages.filter { $0.sender.id != user && Mention.names(username, in: $0.content) },
            next: page.next)
    }

    private func search(
        _ query: SearchQuery, as user: UserID, in conversation: ConversationID?, before pos: Pos?, limit: Int
    ) async throws(ChatError) -> SearchPage {
        guard let store = store as? any StoreWithSearch else {
            throw ChatError(.unknownType, "This server's store does not search.")
        }
        // To be refused with the reason. What is found is judged by the store, at the moment it is read.
        if let conversation { _ = try await member(user, of: conversation) }
        let search = Search(query, for: user, in: conversation, before: pos)
        return try await ask(for: user) { (_) throws(StoreError) in try await store.search(search, limit: limit) }
    }
}
