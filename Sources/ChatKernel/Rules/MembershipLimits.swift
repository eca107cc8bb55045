/// How many conversations and members there may be. 0 for no limit.
///
/// Judged inside the commit, so that no two requests at once can pass together. What there is stays when a limit is
/// lowered: there is only no more of it.
public struct MembershipLimits: Hashable, Sendable {
    /// Conversations that one user owns: those it made and those it was made an owner of. Past it making one more, and
    /// making the user an owner of one, is a `conflict`.
    ///
    /// Not those it is a member of: others decide about that, and could fill up somebody's allowance.
    public var conversationsPerUser: Int
    /// Members of one conversation. Past it adding one is a `conflict`; naming too many when a conversation is made is
    /// `invalid_field`.
    public var membersPerConversation: Int

    public init(conversationsPerUser: Int = 0, membersPerConversation: Int = 0) {
        self.conversationsPerUser = conversationsPerUser
        self.membersPerConversation = membersPerConversation
    }
}
