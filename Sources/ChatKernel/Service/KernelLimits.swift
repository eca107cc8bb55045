/// The kernel's bounds. What happens at each is beside it. 0 means no limit only where it says so.
public struct KernelLimits: Sendable {
    /// The content of a message, in bytes of UTF-8; past it `message_too_large`. 64 KiB is some twenty pages of text.
    public var messageBytes = 65_536
    /// Commands that wait to be written; past it `overloaded`. At 100,000 a second this is under a second of work.
    public var queuedCommands = 65_536
    /// Their size; past it `overloaded`.
    public var queuedBytes = 64 << 20
    /// How long one busy outlet may hold back the next commit, in nanoseconds.
    public var gateBoundNanoseconds: Int64 = 5_000_000
    /// Open sessions of one user; past it `rate_limited`. 0 for no limit.
    public var sessionsPerUser = 64
    /// Messages, edits, deletions, reactions and changes of conversations and members by one user; past it `rate_limited`.
    /// Read marks are counted by themselves, as often. 0 for no limit.
    public var messagesPerUserPerSecond = 100
    /// Notices of typing from one user: each goes to everybody in the room at once. Past it `rate_limited`. Twenty are more
    /// than a hand can do. 0 for no limit.
    public var typingPerUserPerSecond = 20
    /// Conversations that one user owns, and members of one conversation: see ``MembershipLimits``. Ten thousand of either
    /// is more than people have, and keeps what is listed of them to a few megabytes.
    public var membership = MembershipLimits(conversationsPerUser: 10_000, membersPerConversation: 10_000)
    /// Pages, lists and searches under way for one user; those beyond wait for their turn, at that user's cost alone. What
    /// waits is bounded by the user's connections. Enough to keep every core busy, and little to stand behind.
    public var readsUnderWayPerUser = 8
    /// Live entries held for a reader that is still reading history, or that has not taken what came before; past it
    /// they are read from the store when it has.
    public var heldEntries = 1024
    /// Entries in one read of the store, when a reader catches up.
    public var pageEntries = 256
    /// Conversations in a snapshot, and the newest messages of each: what a client shows first. The rest it asks for.
    public var snapshotConversations = 100
    /// Of each conversation in it.
    public var snapshotMessages = 20
    /// All that is in a snapshot, weighed as pages are, participants and read marks too: the conversation at which it is spent has
    /// fewer messages, and those behind it are left out (``Kernel/UserSnapshot/hasMore``). Room for the hundred and their twenty usual
    /// messages.
    public var snapshotBytes = 1 << 20
    /// Snapshots of one user that are in memory: being made, or not yet taken by who asked for them; past it `rate_limited`. More
    /// than the devices of one person that begin at the same moment. 0 for no limit.
    public var snapshotsPerUser = 8
    /// How long conversations keep what happened in them, unless their own rule lets go of more. What is gone is said to be:
    /// readers get a ``Change/gap(_:)``. Nothing goes by itself unless this says so.
    public var retention = Retention()
    /// A conversation's name and description, in bytes; past it `invalid_field`.
    public var nameBytes = 256
    /// As for the name.
    public var descriptionBytes = 4096
    /// Participants named when a conversation is made; past it `invalid_field`.
    public var participants = 1000
    /// A reaction's key, in bytes; past it `invalid_field`.
    public var reactionBytes = 64

    public init() {}
}
