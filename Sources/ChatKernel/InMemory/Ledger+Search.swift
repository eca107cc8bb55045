extension Ledger {
    func search(_ search: Search, limit: Int) -> SearchPage {
        guard limit > 0 else { return SearchPage(messages: [], next: nil) }
        var budget = PageBudget()
        var page: [Message] = []
        var last: Pos?
        for entry in log.prefix(Int(clamping: max(1, search.before ?? .max) - 1)).reversed() {
            guard let message = found(entry, search) else { continue }
            guard page.count < limit, !budget.isSpent else { return SearchPage(messages: page, next: last) }
            page.append(message)
            budget.spend(message.weight)
            last = entry.pos
        }
        return SearchPage(messages: page, next: nil)
    }

    /// The message that the entry brought, if it is one, may be seen and matches.
    private func found(_ entry: Entry, _ search: Search) -> Message? {
        guard case .message(let posted) = entry.change, let message = kept(posted.id)?.message,
            search.conversation ?? entry.conversation == entry.conversation,
            let membership = conversations[entry.conversation]?.memberships[search.user], membership.isActive,
            membership.sees(entry.seq), !message.isDeleted, search.query.matches(message.content)
        else { return nil }
        return message
    }
}
