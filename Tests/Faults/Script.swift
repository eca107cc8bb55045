package import ChatKernel

/// Something asked of a store that writes.
package enum Step: Sendable {
    case save(User)
    case batch([Draft], Timestamp)

    @discardableResult
    package func perform(on store: any Store) async throws(StoreError) -> [Result<Reply, ChatError>] {
        switch self {
        case .save(let user):
            try await store.save(user)
            return []
        case .batch(let drafts, let now): return try await store.commit(drafts, at: now)
        }
    }
}

extension History {
    /// The accounts, and two conversations of all; then batches, and now and then somebody is disabled or comes back.
    mutating func nextStep(_ number: Int) -> Step {
        if number < accounts.count { return .save(accounts[number]) }
        if number < accounts.count + 2 { return .batch([gathering()], Timestamp(microseconds: 1)) }
        if dice.roll(15) == 0 {
            var account = dice.pick(accounts)
            account.isActive = dice.roll(2) == 0
            return .save(account)
        }
        let (drafts, now) = nextBatch()
        return .batch(drafts, now)
    }
}

/// Looks at all there is in two stores.
struct Comparison {
    let accounts: [User]
    let conversations: [ConversationID]

    init(_ history: History) {
        accounts = history.accounts
        conversations = history.conversations
    }

    /// The first thing in which they differ, in a sentence; nil when there is none.
    func difference(_ found: any Store, _ wanted: any Store) async throws(StoreError) -> String? {
        func differ<T: Equatable>(
            _ what: String, _ read: (any Store) async throws(StoreError) -> T
        ) async throws(StoreError) -> String? {
            let (one, other) = (try await read(found), try await read(wanted))
            return one == other ? nil : "\(what): \(one) instead of \(other)"
        }
        if let text = try await differ("the head", { (store) throws(StoreError) in try await store.head().pos }) {
            return text
        }
        let users = { (store: any Store) async throws(StoreError) in
            try await store.users(.all(after: nil), limit: 100)
        }
        if let text = try await differ("the users", users) { return text }
        for id in conversations {
            let entries = { (store: any Store) async throws(StoreError) in
                try await store.entries(in: .conversation(id, after: 0), limit: 10_000)
            }
            if let text = try await differ("the entries of \(id)", entries) { return text }
            let messages = { (store: any Store) async throws(StoreError) in
                try await store.messages(.newest(id, spans: [Span(from: 1)], offset: 0), limit: 10_000)
            }
            if let text = try await differ("the messages of \(id)", messages) { return text }
        }
        for user in accounts.map(\.id) {
            let entries = { (store: any Store) async throws(StoreError) in
                try await store.entries(in: .user(user, after: 0), limit: 10_000)
            }
            if let text = try await differ("the entries for \(user)", entries) { return text }
            let list = { (store: any Store) async throws(StoreError) in
                try await store.conversations(of: user, after: nil, limit: 100)
            }
            if let text = try await differ("the conversations of \(user)", list) { return text }
            for id in conversations {
                let standing = { (store: any Store) async throws(StoreError) in
                    try await store.standing(of: user, in: id)
                }
                if let text = try await differ("the standing of \(user) in \(id)", standing) { return text }
            }
        }
        return nil
    }
}
