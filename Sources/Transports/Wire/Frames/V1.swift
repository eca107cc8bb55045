public import ChatKernel

/// The frames of profile v1: the seed's four types, its fields first and in its order, ours behind them
/// (`protocol.md` section 2).
public enum V1 {
    /// Whether a v1 connection is shown this entry. Reactions, members, details and read marks are v2's.
    public static func isVisible(_ entry: Entry) -> Bool {
        switch entry.change {
        case .message, .edited, .deleted: true
        case .created, .reaction, .member, .updated, .read: false
        }
    }

    /// Appends the frame that shows the entry, or nothing for one that v1 is not shown.
    ///
    /// `activeUsers` is asked only for a deletion. A message that was deleted since, and an edit of one, have empty
    /// content and `is_deleted: true` as their last field.
    public static func append(_ entry: Entry, activeUsers: () -> [UserID], to bytes: inout [UInt8]) {
        switch entry.change {
        case .message(let posted):
            appendMessage(
                entry, posted.id, content: posted.content, isEdited: false, clientID: posted.clientID,
                replyTo: posted.replyTo, isDeleted: posted.isDeleted, to: &bytes)
        case .edited(let message, let content):
            // An edit cannot be blank, so an empty one has been erased.
            appendMessage(
                entry, message, content: content, isEdited: true, clientID: nil, replyTo: nil,
                isDeleted: content.isEmpty, to: &bytes)
        case .deleted(let message):
            appendSystem(
                "Message deleted", activeUsers(), event: "message_deleted", entry.author, entry.conversation,
                to: &bytes)
            bytes.put(#","message_id":"#, message.text)
            bytes.put(#","seq":"#, entry.seq)
            bytes.put(#","pos":"#, entry.pos)
            bytes.put("}")
        case .created, .reaction, .member, .updated, .read:
            break
        }
    }

    /// At least the bytes that ``append(_:activeUsers:to:)`` appends, so that a batch is one allocation. For a deletion
    /// with this many active users of identifiers up to ``UserID/limit`` bytes, without escapes.
    public static func sizeBound(_ entry: Entry, activeUsers: Int = 0) -> Int {
        /// Field names, punctuation, timestamp and two numbers of at most 20 bytes.
        let frame = 320
        let shared =
            frame &+ JSONWriter.length(of: entry.author.id.text) &+ JSONWriter.length(of: entry.author.username)
            &+ JSONWriter.length(of: entry.conversation.text)
        switch entry.change {
        case .message(let posted):
            return shared &+ JSONWriter.length(of: posted.id.text) &+ JSONWriter.length(of: posted.content)
                &+ (posted.clientID.map { JSONWriter.length(of: $0.text) } ?? 0)
                &+ (posted.replyTo.map { JSONWriter.length(of: $0.text) } ?? 0)
        case .edited(let message, let content):
            return shared &+ JSONWriter.length(of: message.text) &+ JSONWriter.length(of: content)
        case .deleted(let message):
            return shared &+ JSONWriter.length(of: message.text) &+ max(0, activeUsers) &* (UserID.limit &+ 3)
        case .created, .reaction, .member, .updated, .read:
            return 0
        }
    }

    // MARK: Notices

    /// Appends "somebody is typing".
    public static func appendTyping(
        _ user: UserReference, in conversation: ConversationID, to bytes: inout [UInt8]
    ) {
        bytes.put(#"{"type":"typing","sender_id":"#, user.id.text)
        bytes.put(#","sender_username":"#, user.username)
        bytes.put(#","conversation_id":"#, conversation.text)
        bytes.put("}")
    }

    /// Appends "User joined". `activeUsers` holds each present user once, in the order in which it shall be shown.
    public static func appendJoined(
        _ user: UserReference, in conversation: ConversationID, activeUsers: [UserID], to bytes: inout [UInt8]
    ) {
        appendSystem("User joined", activeUsers, event: "joined", user, conversation, to: &bytes)
        bytes.put("}")
    }

    /// Appends "User left".
    public static func appendLeft(
        _ user: UserReference, in conversation: ConversationID, activeUsers: [UserID], to bytes: inout [UInt8]
    ) {
        appendSystem("User left", activeUsers, event: "left", user, conversation, to: &bytes)
        bytes.put("}")
    }

    /// Appends a refusal. `id` is the frame's, when it had one.
    public static func append(_ error: ChatError, id: FrameID? = nil, to bytes: inout [UInt8]) {
        bytes.put(#"{"type":"error","content":"#, error.detail)
        bytes.put(#","code":"#, error.code.rawValue)
        bytes.put(#","status":"#, Int64(error.code.status))
        if let id { bytes.put(#","id":"#, id) }
        bytes.put(#","retryable":"#, error.code.isRetryable)
        if let milliseconds = error.retryAfterMilliseconds {
            bytes.put(#","retry_after_ms":"#, Int64(milliseconds))
        }
        bytes.put("}")
    }

    // MARK: Shapes

    private static func appendMessage(
        _ entry: Entry, _ message: MessageID, content: String, isEdited: Bool, clientID: ClientID?,
        replyTo: MessageID?, isDeleted: Bool, to bytes: inout [UInt8]
    ) {
        bytes.put(#"{"type":"message","content":"#, isDeleted ? "" : content)
        bytes.put(#","sender_id":"#, entry.author.id.text)
        bytes.put(#","sender_username":"#, entry.author.username)
        bytes.put(#","message_id":"#, message.text)
        bytes.put(#","timestamp":"#, entry.at)
        bytes.put(#","is_edited":"#, isEdited)
        bytes.put(#","conversation_id":"#, entry.conversation.text)
        bytes.put(#","seq":"#, entry.seq)
        bytes.put(#","pos":"#, entry.pos)
        bytes.put(#","client_id":"#, ifAny: clientID?.text)
        bytes.put(#","reply_to":"#, ifAny: replyTo?.text)
        if isDeleted { bytes.put(#","is_deleted":true"#) }
        bytes.put("}")
    }

    /// Without the closing brace.
    private static func appendSystem(
        _ content: StaticString, _ activeUsers: [UserID], event: StaticString, _ user: UserReference,
        _ conversation: ConversationID, to bytes: inout [UInt8]
    ) {
        bytes.put(#"{"type":"system","content":""#)
        bytes.put(content)
        bytes.put(#"","active_users":"#, activeUsers)
        bytes.put(#","event":""#)
        bytes.put(event)
        bytes.put(#"","user_id":"#, user.id.text)
        bytes.put(#","username":"#, user.username)
        bytes.put(#","conversation_id":"#, conversation.text)
    }
}
