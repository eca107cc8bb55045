/// The limits that a command or a session can meet.
///
/// The raw values are the words of `/metrics`: the names of the config's `limits` in snake_case, and limits of the
/// kernel or the host that no config sets.
public enum Limit: String, Hashable, Sendable, CaseIterable {
    case messageBytes = "message_bytes"
    /// Commands of all kinds but read marks and typing.
    case messagesPerUser = "messages_per_user_per_second"
    /// By the same setting as ``messagesPerUser``, counted apart.
    case readMarksPerUser = "read_marks_per_user_per_second"
    case typingPerUser = "typing_per_user_per_second"
    /// Sessions, and polls that wait.
    case connectionsPerUser = "connections_per_user"
    /// Snapshots that are made, or that nobody reads.
    case snapshotsPerUser = "snapshots_per_user"
    /// Those that the user owns: ``MembershipLimits/conversationsPerUser``.
    case conversationsPerUser = "conversations_per_user"
    case membersPerConversation = "members_per_conversation"
    case editsPerMessage = "edits_per_message"
    case reactionKeysPerMessage = "reaction_keys_per_message"
    case staysPerMember = "stays_per_member"
    case passwordAttempts = "password_attempts_per_minute"
    case registrationsPerAddress = "registrations_per_address_per_minute"
    /// Passwords that wait to be hashed.
    case waitingPasswords = "waiting_passwords"
    /// Commands that wait to be written.
    case waitingCommands = "waiting_commands"
}
