/// Something a user asks of the kernel, whatever the transport.
///
/// What comes of it is a ``Reply``. Sizes are judged at once (`invalid_field`, `message_empty`, `message_too_large`;
/// bounds in ``KernelLimits``), and whether the user may by ``Rules``, inside the commit.
public enum Command: Hashable, Sendable {
    /// The user becomes its owner, the participants members; naming the user, or one twice, changes nothing. Of a pair
    /// that has its conversation, that one (``Reply/existing(_:)``).
    case createConversation(ConversationDetails, participants: [UserID])
    /// `clientID` makes sending idempotent in the scope (user, conversation). `replyTo` is a message of the same
    /// conversation that the user may see.
    case post(ConversationID, content: String, clientID: ClientID? = nil, replyTo: MessageID? = nil)
    /// Only its sender may.
    case edit(MessageID, content: String)
    /// Erases the content, and keeps the numbered shell. Its sender may, admins and owners.
    case delete(MessageID)
    /// Any short text will do for a key, such as an emoji. What is so already is ``Reply/unchanged``.
    case react(MessageID, key: String, on: Bool)
    /// Nil leaves a detail as it is; a retention that says nothing takes the conversation's own away.
    case updateDetails(ConversationID, name: String?, description: String?, retention: Retention? = nil)
    /// Of one who is a member already: gives it this role.
    case addMember(ConversationID, UserID, Role)
    /// Of oneself: to leave. A pair cannot be left, nor by its last owner a group in which others stay (`conflict`).
    case removeMember(ConversationID, UserID)
    /// A mark only moves forward, and not past the head.
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
