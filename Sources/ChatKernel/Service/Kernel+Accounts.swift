/// Accounts that are disabled while their users are connected.
extension Kernel {
    /// How often the store is asked, in nanoseconds: a disabled user is gone within two seconds, as it is refused within two.
    private static let watchInterval: Int64 = 2_000_000_000

    /// Closes everything these users have open, wherever it is: what was committed before is still delivered, and nothing after. New
    /// connections are the authenticator's to refuse.
    public func dismiss(_ users: [UserID]) {
        if !users.isEmpty { committer.dismiss(users) }
    }

    /// Asks the store who was disabled lately, also by another process, and dismisses them; until cancelled.
    func watchAccounts() async {
        var since = time.wall()
        var known: [UserID: Timestamp] = [:]
        while true {
            do { try await time.sleep(until: time.monotonic() + Self.watchInterval) } catch { return }
            // Clocks of two processes may differ a little, so what was asked for is asked for again.
            let next = time.wall()
            guard let found = try? await store.users(.disabled(since: since.advanced(bySeconds: -60)), limit: 10_000)
            else { continue }
            let news = found.filter { known[$0.id] != $0.updatedAt }
            known = Dictionary(found.map { ($0.id, $0.updatedAt) }) { $1 }
            since = next
            dismiss(news.map(\.id))
        }
    }
}
