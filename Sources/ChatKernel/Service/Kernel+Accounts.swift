/// Accounts that are disabled while their users are connected.
extension Kernel {
    /// How often the store is asked, in nanoseconds: a disabled user is gone within two seconds, as it is refused within two.
    private static let watchInterval: Int64 = 2_000_000_000
    /// For how long after it was disabled a user is dismissed again and again, in seconds. An authenticator may believe for a while
    /// what it was told a moment before, and whoever it let in then may board slowly; clocks of two processes differ a little.
    private static let watchWindow: Int64 = 60

    /// Closes everything these users have open, wherever it is: what was committed before is still delivered, and nothing after. New
    /// connections are the authenticator's to refuse; whoever it lets in after this is not closed by it. Harmless when done again.
    public func dismiss(_ users: [UserID]) {
        if !users.isEmpty { committer.dismiss(users) }
    }

    /// Asks the store who was disabled lately, also by another process, and dismisses them, each time anew: so whoever was let in
    /// by what was believed before is gone at the next time, two seconds after. Until cancelled. Of more than ten thousand who were
    /// disabled within a minute, those that a store names beyond are only refused.
    func watchAccounts() async {
        var since = time.wall()
        while true {
            do { try await time.sleep(until: time.monotonic() + Self.watchInterval) } catch { return }
            let next = time.wall()
            let lately = since.advanced(bySeconds: -Self.watchWindow)
            guard let found = try? await store.users(.disabled(since: lately), limit: 10_000) else { continue }
            since = next
            dismiss(found.map(\.id))
        }
    }
}
