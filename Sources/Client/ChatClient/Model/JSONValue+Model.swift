import ChatKernel
import ChatWire

// The kernel's model out of the wire's JSON. Identifiers are at most 128 bytes, as the server promises; what is longer is no answer of
// a server of ours, and throws as any other broken field does.
extension JSONValue {
    private static let idLimit = UserID.limit

    func conversationID(_ key: String) throws(ChatError) -> ConversationID {
        ConversationID(try name(key, limit: Self.idLimit))
    }

    func messageID(_ key: String) throws(ChatError) -> MessageID { MessageID(try name(key, limit: Self.idLimit)) }

    func userID(_ key: String) throws(ChatError) -> UserID { UserID(try name(key, limit: Self.idLimit)) }

    func user(_ id: String, _ username: String) throws(ChatError) -> UserReference {
        UserReference(id: try userID(id), username: try optionalText(username) ?? "")
    }

    func time(_ key: String) throws(ChatError) -> Timestamp {
        guard let time = Timestamp(wire: try text(key)) else { throw .invalid(key, "a moment") }
        return time
    }

    func list(_ key: String) throws(ChatError) -> [JSONValue] {
        switch self[key] {
        case nil, .null: return []
        case .array(let elements): return elements
        default: throw .invalid(key, "an array")
        }
    }

    func details() throws(ChatError) -> ConversationDetails {
        ConversationDetails(
            name: try optionalText("name"), description: try optionalText("description"),
            isGroup: try flag("is_group", default: true), retention: try retention())
    }

    private func retention() throws(ChatError) -> Retention? {
        guard let value = self["retention"], case .object = value else { return nil }
        let (days, messages) = (try value.optionalInteger("days") ?? 0, try value.optionalInteger("messages") ?? 0)
        return Retention(days: Int(clamping: days), messages: Int(clamping: messages))
    }

    func member(_ id: String = "id") throws(ChatError) -> Member {
        // A role of a later version is one who may at least read.
        Member(user: try user(id, "username"), role: Role(rawValue: try text("role")) ?? .reader)
    }

    func members(_ key: String) throws(ChatError) -> [Member] {
        var members: [Member] = []
        for element in try list(key) { members.append(try element.member()) }
        return members
    }

    func message() throws(ChatError) -> Message {
        var reactions: [Reactions] = []
        for element in try list("reactions") {
            let users = try element.names("user_ids", count: .max, limit: Self.idLimit).map { UserID($0) }
            reactions.append(Reactions(key: try element.text("key"), users: users))
        }
        return Message(
            id: try messageID("id"), conversation: try conversationID("conversation_id"), seq: try integer("seq"),
            sender: try user("sender_id", "sender_username"), content: try text("content"),
            isEdited: try flag("is_edited", default: false), isDeleted: try flag("is_deleted", default: false),
            createdAt: try time("created_at"), updatedAt: try time("updated_at"),
            clientID: try optionalText("client_id").map { ClientID($0) },
            replyTo: try optionalName("reply_to", limit: Self.idLimit).map { MessageID($0) }, reactions: reactions)
    }

    func messages(_ key: String) throws(ChatError) -> [Message] {
        var messages: [Message] = []
        for element in try list(key) { messages.append(try element.message()) }
        return messages
    }

    func conversation() throws(ChatError) -> Conversation {
        var last: Message?
        if let value = self["last_message"], value != .null { last = try value.message() }
        return Conversation(
            id: try conversationID("id"), details: try details(), createdAt: try time("created_at"),
            updatedAt: try time("updated_at"), participants: try members("participants"),
            firstSeq: try optionalInteger("first_seq") ?? 1, lastSeq: try integer("last_seq"),
            unreadCount: Int(clamping: try integer("unread_count")),
            lastMessage: last)
    }

    func snapshot() throws(ChatError) -> ClientSnapshot {
        var snapshot = ClientSnapshot(conversations: [], hasMore: try flag("more", default: false))
        for element in try list("conversations") {
            var marks: [UserID: Seq] = [:]
            if case .object(let members) = element["read_marks"] {
                for member in members {
                    if case .number(let number) = member.value { marks[UserID(member.key)] = number.int64 }
                }
            }
            snapshot.conversations.append(
                ClientSnapshot.State(
                    conversation: try element.conversation(), messages: try element.messages("messages"),
                    readMarks: marks))
        }
        return snapshot
    }

    /// A refusal, in an `error` frame or in the body of an HTTP answer: whose sentence stands under either name.
    ///
    /// - Parameter status: decides what a word means that this version does not know; nil in a frame.
    func refusal(status: Int?) -> ChatError {
        func text(_ key: String) -> String? { if case .string(let text) = self[key] { text } else { nil } }
        let word = text("code") ?? ""
        let code = ChatError.Code(rawValue: word) ?? .standing(for: status)
        var delay: Int?
        if case .number(let number) = self["retry_after_ms"] {
            delay = number.int64.map { Int(clamping: min(max(0, $0), 3_600_000)) }
        }
        let detail = text("detail") ?? text("content") ?? "The server said \(status.map { "\($0)" } ?? "no")."
        return ChatError(code, String(detail.prefix(1000)), retryAfterMilliseconds: delay)
    }
}

extension ChatError.Code {
    /// What a refusal without a word of ours means: that of a proxy, or of a later server.
    static func standing(for status: Int?) -> ChatError.Code {
        switch status {
        case 401: .tokenInvalid
        case 403: .forbidden
        case 409: .conflict
        case 429: .rateLimited
        case 413: .messageTooLarge
        case 408, 425, 502, 503, 504: .overloaded
        case .some(400...499): .invalidField
        default: .internal
        }
    }
}
