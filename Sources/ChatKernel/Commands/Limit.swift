/// The limits that a command or a session can meet. The words are those of the config's `limits`, as `/metrics` and
/// `/api/chat/info` write them: whoever sees one grow knows which setting it is.
public enum Limit: String, Hashable, Sendable, CaseIterable {
    case messageBytes = "message_bytes"
    case messagesPerUser = "messages_per_user_per_second"
    case readMarksPerUser = "read_marks_per_user_per_second"
    case typingPerUser = "typing_per_user_per_second"
    case connectionsPerUser = "connections_per_user"
    /// Snapshots that are made, or that nobody reads.
    case snapshotsPerUser = "snapshots_per_user"
    case conversationsPerUser = "conversations_per_user"
    case membersPerConversation = "members_per_conversation"
    case passwordAttempts = "password_attempts_per_minute"
    case registrationsPerAddress = "registrations_per_address_per_minute"
    /// Passwords that wait to be hashed.
    case waitingPasswords = "waiting_passwords"
    /// Commands that wait to be written.
    case waitingCommands = "waiting_commands"
}
