/// Carries what this host committed to other hosts on the same store, and brings theirs. Local delivery needs none.
///
/// ## For adapter authors
/// Best effort: a broadcaster may lose, and must not invent. Entries of one conversation should arrive in order; a hole
/// in `seq` makes the kernel read the store. A host's own entries must not come back to it.
public protocol Broadcaster: Sendable {
    /// Called after a commit, never before, in commit order. Must not wait for the other hosts.
    func publish(_ entries: [Entry], ephemeral: [Signal]) async

    /// The conversations this host has listeners for; replaces the set before. May be ignored.
    func follow(_ conversations: Set<ConversationID>) async

    /// Runs until cancelled, handing over what other hosts published.
    func run(delivering sink: @escaping @Sendable ([Entry], [Signal]) async -> Void) async throws
}
