/// Something a user asks of the kernel, whatever the transport.
public enum Command: Hashable, Sendable {
    case createConversation(ConversationDetails, participants: [UserID])
    /// `clientID` makes sending idempotent in the scope (user, conversation).
    case post(ConversationID, content: String, clientID: ClientID? = nil, replyTo: MessageID? = nil)
    case edit(MessageID, content: String)
    case delete(MessageID)
    case react(MessageID, key: String, on: Bool)
    /// Nil leaves a detail as it is; a retention that says nothing takes the conversation's own away.
    case updateDetails(ConversationID, name: String?, description: String?, retention: Retention? = nil)
    case addMember(ConversationID, UserID, Role)
    /// Of oneself: to leave.
    case removeMember(ConversationID, UserID)
    case read(ConversationID, through: Seq)
    /// Ephemeral: never stored, ends by itself after ``Typing/lifetime``.
    case typing(ConversationID, on: Bool)
}

/// What became of a command.
public enum Reply: Hashable, Sendable {
    /// A new entry, at the store's durability.
    case committed(Entry)
    /// The same key and content had been committed before: this is what came of it then.
    case repeated(Entry)
    /// A conversation of this pair existed already.
    case existing(ConversationID)
    /// What was asked for was so already, or leaves nothing behind.
    case unchanged

    /// The entry, when there is one.
    public var entry: Entry? {
        switch self {
        case .committed(let entry), .repeated(let entry): entry
        case .existing, .unchanged: nil
        }
    }
}
