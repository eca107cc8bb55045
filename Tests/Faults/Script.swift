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
