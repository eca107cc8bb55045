public import ChatKernel

/// The frames of profile v1 (`protocol.md` section 2): the four types of the FastAPI chat whose protocol it keeps, its
/// fields first and in its order, ours behind them.
public enum V1 {
    /// Whether a v1 connection is shown this entry. Reactions, members, details and read marks are v2's; a gap comes as a `system`
    /// frame.
    public static func isVisible(_ entry: Entry) -> Bool {
        switch entry.change {
        case .message, .edited, .deleted, .gap: true
        case .created, .reaction, .member, .updated, .read: false
        }
    }

    /// Appends the frame that shows the entry, or nothing for one that v1 is not shown.
    ///
    /// `activeUsers` is asked only for a deletion and a gap. A message that was deleted since, and an edit of one, have empty
    /// content and `is_deleted: true` as their last field.
    public static func append(_ entry: Entry, activeUsers: () -> [UserID], to bytes: inout [UInt8]) {
        switch entry.change {
        case .message(let posted):
            bytes.write(about: frame &+ posted.content.utf8.count) {
                message(entry, posted, to: &$0)
            }
        case .edited(let id, let content):
            // An edit cannot be blank, so an empty one has been erased.
            let posted = Change.Posted(id: id, content: content, isDeleted: content.isEmpty)
            bytes.write(about: frame &+ content.utf8.count) {
                message(entry, posted, isEdited: true, to: &$0)
            }
        case .deleted(let message):
            let users = activeUsers()
            bytes.write(about: frame &+ 48 &* users.count) { pen in
                system("Message deleted", users, event: "message_deleted", entry.author, entry.conversation, to: &pen)
                pen.put(#","message_id":"#, message.text)
                pen.put(#","seq":"#, entry.seq)
                pen.put(#","pos":"#, entry.pos)
                pen.raw("}")
            }
        case .gap(let gap):
            let users = activeUsers()
            bytes.write(about: frame &+ 48 &* users.count) {
                append(gap, through: entry.seq, entry.conversation, users, &$0)
            }
        case .created, .reaction, .member, .updated, .read:
            break
        }
    }

    /// About the bytes that ``append(_:activeUsers:to:)`` appends, so that a batch is one allocation: at least as many when nothing
    /// of it needs an escape. For a deletion or a gap without its active users, who are asked for later.
    public static func sizeEstimate(_ entry: Entry) -> Int {
        /// Field names, punctuation, timestamp and two numbers of at most 20 bytes.
        let frame = 320
        let shared =
            frame &+ entry.author.id.text.utf8.count &+ entry.author.username.utf8.count
            &+ entry.conversation.text.utf8.count
        switch entry.change {
        case .message(let posted):
            return shared &+ posted.id.text.utf8.count &+ posted.content.utf8.count
                &+ (posted.clientID?.text.utf8.count ?? 0) &+ (posted.replyTo?.text.utf8.count ?? 0)
        case .edited(let message, let content): return shared &+ message.text.utf8.count &+ content.utf8.count
        case .deleted(let message): return shared &+ message.text.utf8.count
        case .gap: return shared
        case .created, .reaction, .member, .updated, .read: return 0
        }
    }

    // MARK: Notices

    /// Appends "somebody is typing".
    public static func appendTyping(
        _ user: UserReference, in conversation: ConversationID, to bytes: inout [UInt8]
    ) {
        bytes.write(about: frame) { pen in
            pen.put(#"{"type":"typing","sender_id":"#, user.id.text)
            pen.put(#","sender_username":"#, user.username)
            pen.put(#","conversation_id":"#, conversation.text)
            pen.raw("}")
        }
    }

    /// Appends "User joined". `activeUsers` holds each present user once, in the order in which it shall be shown.
    public static func appendJoined(
        _ user: UserReference, in conversation: ConversationID, activeUsers: [UserID], to bytes: inout [UInt8]
    ) {
        bytes.write(about: frame &+ 48 &* activeUsers.count) { pen in
            system("User joined", activeUsers, event: "joined", user, conversation, to: &pen)
            pen.raw("}")
        }
    }

    /// Appends "User left".
    public static func appendLeft(
        _ user: UserReference, in conversation: ConversationID, activeUsers: [UserID], to bytes: inout [UInt8]
    ) {
        bytes.write(about: frame &+ 48 &* activeUsers.count) { pen in
            system("User left", activeUsers, event: "left", user, conversation, to: &pen)
            pen.raw("}")
        }
    }

    /// Appends "Users present": who is here, for a connection of a user who was here before it.
    public static func appendPresent(
        _ user: UserReference, in conversation: ConversationID, activeUsers: [UserID], to bytes: inout [UInt8]
    ) {
        bytes.write(about: frame &+ 48 &* activeUsers.count) { pen in
            system("Users present", activeUsers, event: "present", user, conversation, to: &pen)
            pen.raw("}")
        }
    }

    /// Appends a refusal. `id` is the frame's, when it had one.
    public static func append(_ error: ChatError, id: FrameID? = nil, to bytes: inout [UInt8]) {
        bytes.write(about: frame &+ error.detail.utf8.count) { pen in
            pen.put(#"{"type":"error","content":"#, error.detail)
            pen.put(#","code":"#, error.code.rawValue)
            pen.put(#","status":"#, Int64(error.code.status))
            if let id { pen.put(#","id":"#, id) }
            pen.put(#","retryable":"#, error.code.isRetryable)
            if let milliseconds = error.retryAfterMilliseconds {
                pen.put(#","retry_after_ms":"#, Int64(milliseconds))
            }
            pen.raw("}")
        }
    }

    // MARK: Shapes

    /// Room for a frame whose identifiers are ours, but for its content and its list of users.
    private static let frame = 512

    private static func message(
        _ entry: Entry, _ posted: Change.Posted, isEdited: Bool = false, to pen: inout JSONPen
    ) {
        pen.put(#"{"type":"message","content":"#, posted.isDeleted ? "" : posted.content)
        pen.put(#","sender_id":"#, entry.author.id.text)
        pen.put(#","sender_username":"#, entry.author.username)
        pen.put(#","message_id":"#, posted.id.text)
        pen.put(#","timestamp":"#, entry.at)
        pen.put(#","is_edited":"#, isEdited)
        pen.put(#","conversation_id":"#, entry.conversation.text)
        pen.put(#","seq":"#, entry.seq)
        pen.put(#","pos":"#, entry.pos)
        pen.put(#","client_id":"#, ifAny: posted.clientID?.text)
        pen.put(#","reply_to":"#, ifAny: posted.replyTo?.text)
        if posted.isDeleted { pen.raw(#","is_deleted":true"#) }
        pen.raw("}")
    }

    private static func append(
        _ gap: Change.Gap, through seq: Seq, _ conversation: ConversationID, _ users: [UserID], _ pen: inout JSONPen
    ) {
        pen.raw(#"{"type":"system","content":""#)
        switch gap.reason {
        case .retention: pen.raw("Messages are not kept any more")
        case .membership: pen.raw("Messages are not shown")
        }
        pen.put(#"","active_users":"#, users)
        pen.put(#","event":"gap","conversation_id":"#, conversation.text)
        pen.put(#","from_seq":"#, gap.from)
        pen.put(#","to_seq":"#, seq)
        pen.put(#","reason":"#, gap.reason.rawValue)
        pen.raw("}")
    }

    /// Without the closing brace.
    private static func system(
        _ content: StaticString, _ activeUsers: [UserID], event: StaticString, _ user: UserReference,
        _ conversation: ConversationID, to pen: inout JSONPen
    ) {
        pen.raw(#"{"type":"system","content":""#)
        pen.raw(content)
        pen.put(#"","active_users":"#, activeUsers)
        pen.raw(#","event":""#)
        pen.raw(event)
        pen.put(#"","user_id":"#, user.id.text)
        pen.put(#","username":"#, user.username)
        pen.put(#","conversation_id":"#, conversation.text)
    }
}
