import ChatKernel
import ChatWire

/// What a server says in profile v2 (`protocol.md` section 3), on a WebSocket or as an event of a poll.
enum ServerFrame: Sendable, Equatable {
    /// - frameBytes: the longest frame that the server takes.
    case hello(cursor: String, frameBytes: Int? = nil)
    case entry(Entry, cursor: String)
    /// With the cursor that it brings, unless it belongs to the event behind it.
    case gap(Gap, cursor: String?)
    case typing(ConversationID, UserReference, on: Bool)
    case presence(ConversationID, UserReference, isOnline: Bool, active: [UserID])
    case caughtUp
    case acknowledged(id: String, message: MessageID?, seq: Seq?, isDuplicate: Bool)
    case page(id: String, [ServerFrame], isAll: Bool)
    case refused(id: String?, ChatError)
    case authExpiring
    case draining(retryAfterMilliseconds: Int64)
    /// Of no use to this client, or of a later version of the protocol: passed over. A durable one still moves the cursor.
    case other(cursor: String?)

    /// - Throws: for what is not of the protocol at all.
    init(_ bytes: [UInt8]) throws(ChatError) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch { throw ChatError(error) }
        try self.init(value)
    }

    init(_ value: JSONValue) throws(ChatError) {
        switch try value.text("type") {
        case "hello":
            let limit = try value["limits"]?.optionalInteger("frame_bytes", in: 0 ... .max)
            self = .hello(cursor: try value.cursor(), frameBytes: limit.map { Int(clamping: $0) })
        case "gap":
            // There is a number behind each hole.
            let to = try value.integer("to_seq", in: 0 ... .max - 1)
            let from = try value.integer("from_seq", in: 0 ... .max)
            guard from <= to else { throw .invalid("to_seq", "at least from_seq") }
            self = .gap(
                Gap(
                    conversation: try value.conversationID("conversation_id"), seqs: from...to,
                    reason: try value.optionalText("reason") ?? "",
                    isFillable: try value.flag("fillable", default: false)),
                cursor: try value.optionalText("cursor", limit: 256))
        case "typing":
            self = .typing(
                try value.conversationID("conversation_id"), try value.user("sender_id", "sender_username"),
                on: try value.flag("on", default: true))
        case "presence":
            var active: [UserID] = []
            for case .string(let id) in try value.list("active_users") { active.append(UserID(id)) }
            self = .presence(
                try value.conversationID("conversation_id"), try value.user("user_id", "username"),
                isOnline: try value.text("status") == "online", active: active)
        case "caught_up": self = .caughtUp
        case "ack" where value["events"] != nil:
            var events: [ServerFrame] = []
            for event in try value.list("events") { events.append(try ServerFrame(event)) }
            self = .page(
                id: try value.optionalText("id") ?? "", events, isAll: !(try value.flag("more", default: false)))
        case "ack":
            self = .acknowledged(
                id: try value.optionalText("id") ?? "",
                message: try value.optionalText("message_id").map { MessageID($0) },
                seq: try value.optionalInteger("seq"), isDuplicate: try value.flag("duplicate", default: false))
        case "error": self = .refused(id: try value.optionalText("id"), value.refusal(status: nil))
        case "auth_expiring": self = .authExpiring
        case "draining":
            self = .draining(
                retryAfterMilliseconds: try value.optionalInteger("retry_after_ms", in: 0...3_600_000) ?? 0)
        case let type:
            if let entry = try Entry(type: type, value) {
                self = .entry(entry, cursor: try value.cursor())
            } else {
                self = .other(
                    cursor: type == "lagging" || type == "pong" ? nil : try value.optionalText("cursor", limit: 256))
            }
        }
    }
}

extension JSONValue {
    /// Opaque, and still of a size.
    func cursor() throws(ChatError) -> String { try name("cursor", limit: 256) }
}

extension Entry {
    /// A durable event; nil for a type that is none.
    init?(type: String, _ value: JSONValue) throws(ChatError) {
        let author: UserReference
        let change: Change
        switch type {
        case "message":
            author = try value.user("sender_id", "sender_username")
            change = .message(
                Change.Posted(
                    id: try value.messageID("message_id"), content: try value.text("content"),
                    clientID: try value.optionalText("client_id").map { ClientID($0) },
                    replyTo: try value.optionalText("reply_to").map { MessageID($0) },
                    isDeleted: try value.flag("is_deleted", default: false)))
        case "edited":
            author = try value.user("sender_id", "sender_username")
            change = .edited(try value.messageID("message_id"), content: try value.text("content"))
        case "deleted":
            author = try value.user("by", "by_username")
            change = .deleted(try value.messageID("message_id"))
        case "reaction":
            author = try value.user("user_id", "username")
            change = .reaction(
                try value.messageID("message_id"), key: try value.text("key"), on: try value.flag("on", default: true))
        case "member":
            author = try value.user("by", "by_username")
            guard let action = MemberAction(rawValue: try value.text("action")) else { return nil }
            change = .member(action, try value.member("user_id"))
        case "conversation":
            author = try value.user("by", "by_username")
            switch try value.text("action") {
            case "created": change = .created(try value.details(), members: try value.members("participants"))
            case "updated": change = .updated(try value.details())
            default: return nil
            }
        case "read":
            author = try value.user("user_id", "username")
            change = .read(through: try value.integer("read_seq"))
        default: return nil
        }
        self.init(
            conversation: try value.conversationID("conversation_id"),
            seq: try value.optionalInteger("seq", in: 0 ... .max) ?? 0, pos: try value.integer("pos", in: 0 ... .max),
            at: try value.time("timestamp"), author: author, change: change)
    }
}
