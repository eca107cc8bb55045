package import ChatKernel

/// A question both stores are asked.
package enum Read: Sendable, CustomStringConvertible {
    case entries(Scope, Int)
    case standing(UserID, ConversationID)
    case conversation(ConversationID, UserID)
    case conversations(UserID, ConversationMark?, Int)
    case messages(MessageQuery, Int)
    /// Words, all pages of them.
    case search(String, UserID, ConversationID?, Int)

    /// As text: what differs is then read at once.
    package func answer(of store: any Store) async throws -> [String] {
        switch self {
        case .entries(let scope, let limit): try await store.entries(in: scope, limit: limit).map { "\($0)" }
        case .standing(let user, let id): ["\(String(describing: try await store.standing(of: user, in: id)))"]
        case .conversation(let id, let viewer):
            ["\(String(describing: try await store.conversation(id, for: viewer)))"]
        case .conversations(let user, let mark, let limit):
            try await store.conversations(of: user, after: mark, limit: limit).map { "\($0)" }
        case .messages(let query, let limit): try await store.messages(query, limit: limit).map { "\($0)" }
        case .search(let words, let user, let id, let limit):
            try await store.search(words, for: user, in: id, limit: limit).map { "\($0)" }
        }
    }

    package var description: String {
        switch self {
        case .entries(let scope, let limit): "\(limit) entries of \(scope)"
        case .standing(let user, let id): "standing of \(user) in \(id)"
        case .conversation(let id, let viewer): "\(id) for \(viewer)"
        case .conversations(let user, let mark, let limit): "\(limit) conversations of \(user) after \(mark as Any)"
        case .messages(let query, let limit): "\(limit) messages of \(query)"
        case .search(let words, let user, let id, let limit):
            "search by \(limit) for \(words) by \(user) in \(id as Any)"
        }
    }
}

extension Store {
    /// All pages of what is found. A store may end a page early, each at another place.
    package func search(
        _ words: String, for user: UserID, in conversation: ConversationID? = nil, limit: Int = 100
    ) async throws(StoreError) -> [Message] {
        guard let store = self as? any StoreWithSearch, let query = try? SearchQuery(words) else {
            throw StoreError(.unavailable, "this cannot be searched: \(words)")
        }
        var (found, before): ([Message], Pos?) = ([], nil)
        repeat {
            let search = Search(query, for: user, in: conversation, before: before)
            let page = try await store.search(search, limit: max(1, limit))
            found += page.messages
            before = page.next
        } while before != nil
        return found
    }
}
