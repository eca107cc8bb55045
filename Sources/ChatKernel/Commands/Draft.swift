/// A change somebody asks for, before the store has judged and numbered it.
///
/// Its sizes have been judged by the kernel; a store hands it to ``Rules`` as it is.
public struct Draft: Sendable {
    /// The one it is about; of a new one the identifier that it is to have.
    public let conversation: ConversationID
    /// Who asks. Authenticated, and not known to be a member, or active.
    public let author: UserID
    public let proposal: Proposal
    /// Random bits for the identifier that the commit may make: a store needs no randomness of its own.
    public let entropy: UInt64
    /// What the rules are to judge by: a draft brings it along, so that a store has nothing to configure.
    public let limits: MembershipLimits

    public init(
        conversation: ConversationID, author: UserID, proposal: Proposal, entropy: UInt64,
        limits: MembershipLimits = MembershipLimits()
    ) {
        self.conversation = conversation
        self.author = author
        self.proposal = proposal
        self.entropy = entropy
        self.limits = limits
    }

    /// What is asked for: as the ``Command`` of the same meaning says, in the draft's conversation and by its author.
    public enum Proposal: Hashable, Sendable {
        /// The conversation's identifier is the draft's.
        case create(ConversationDetails, participants: [UserID])
        case post(content: String, clientID: ClientID?, replyTo: MessageID?)
        case edit(MessageID, content: String)
        case delete(MessageID)
        case react(MessageID, key: String, on: Bool)
        /// Nil leaves a detail as it is; a retention that says nothing takes the conversation's own away.
        case update(name: String?, description: String?, retention: Retention? = nil)
        case add(UserID, Role)
        case remove(UserID)
        case read(through: Seq)
    }
}
