extension Kernel {
    /// Whether the store finds messages by their words.
    public var canSearch: Bool { store is any StoreWithSearch }

    /// Messages of the user's conversations, or of one of them, that hold all the words of `text` (``SearchQuery``), newest
    /// first. A page may be shorter than `limit`; `next` of it says where the one behind begins, and is nil for the last.
    /// - Throws: `invalid_field` for a text that is no query; `unknown_conversation`, `not_a_member`; `unknown_type` when the
    ///   store cannot search.
    public func search(
        _ text: String, as user: UserID, in conversation: ConversationID? = nil, before pos: Pos? = nil, limit: Int
    ) async throws(ChatError) -> SearchPage {
        let query = try SearchQuery(text)
        guard let store = store as? any StoreWithSearch else {
            throw ChatError(.unknownType, "This server's store does not search.")
        }
        // To be refused with the reason. What is found is judged by the store, at the moment it is read.
        if let conversation { _ = try await member(user, of: conversation) }
        let search = Search(query, for: user, in: conversation, before: pos)
        return try await ask(for: user) { (_) throws(StoreError) in try await store.search(search, limit: limit) }
    }
}
