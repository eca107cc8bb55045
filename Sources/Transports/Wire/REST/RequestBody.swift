public import ChatKernel

/// The bodies that REST is asked with, read and checked.
///
/// All throw `bad_json` for what is no JSON object, `missing_field` and `invalid_field` naming the field. Unknown
/// fields are ignored; `null` counts as absent. Content, usernames and passwords are judged where they are kept.
/// Identifiers are of 1 to ``UserID/limit`` bytes.
public enum RequestBody {
    /// For `POST /api/chat/conversations`.
    public struct CreateConversation: Hashable, Sendable {
        public let details: ConversationDetails
        /// As sent: perhaps with repeats, perhaps with the caller.
        public let participants: [UserID]
    }

    /// For `POST` to the messages of a conversation.
    public struct PostMessage: Hashable, Sendable {
        public let content: String
        /// From the body alone; one of the header comes by ``RequestBody/clientID(header:)``.
        public let clientID: ClientID?
        public let replyTo: MessageID?
    }

    /// For `PATCH` of a message.
    public struct EditMessage: Hashable, Sendable {
        public let content: String
    }

    /// For `POST /api/auth/register`. Holds a password: not for a log.
    public struct Register: Sendable {
        public let username: String
        public let password: String
        public let email: String?
    }

    /// For `POST /api/auth/login`. Holds a password: not for a log.
    public struct Login: Sendable {
        public let username: String
        public let password: String
    }

    /// For `POST` to the members of a conversation.
    public struct AddMember: Hashable, Sendable {
        public let user: UserID
        public let role: Role
    }

    /// For `POST` to the `read` of a conversation.
    public struct Read: Hashable, Sendable {
        public let seq: Seq
    }

    /// For `POST` to the `typing` of a conversation.
    public struct Typing: Hashable, Sendable {
        public let on: Bool
    }

    /// For `PATCH` of a conversation. Nil leaves a detail as it is.
    public struct UpdateConversation: Hashable, Sendable {
        public let name: String?
        public let description: String?
        public let retention: Retention?
    }

    /// `{name?, description?, is_group? (false), retention?, participant_ids}`, within ``WireLimits``.
    public static func createConversation(_ bytes: RawSpan) throws(ChatError) -> CreateConversation {
        let body = try object(bytes)
        return CreateConversation(
            details: ConversationDetails(
                name: try body.optionalText("name", limit: WireLimits.name),
                description: try body.optionalText("description", limit: WireLimits.description),
                isGroup: try body.flag("is_group", default: false), retention: try retention(body)),
            participants: try body.names(
                "participant_ids", count: WireLimits.participants, limit: UserID.limit
            ).map { UserID($0) })
    }

    /// `{name?, description?, retention?}`, within ``WireLimits``.
    public static func updateConversation(_ bytes: RawSpan) throws(ChatError) -> UpdateConversation {
        let body = try object(bytes)
        return UpdateConversation(
            name: try body.optionalText("name", limit: WireLimits.name),
            description: try body.optionalText("description", limit: WireLimits.description),
            retention: try retention(body))
    }

    /// `{days? (0), messages? (0)}`, of which 0 is no limit.
    private static func retention(_ body: JSONValue) throws(ChatError) -> Retention? {
        guard let value = body["retention"], value != .null else { return nil }
        guard case .object = value else { throw .invalid("retention", "an object of days and messages") }
        return Retention(
            days: Int(try value.optionalInteger("days", in: 0...Int64(Retention.mostDays)) ?? 0),
            messages: Int(try value.optionalInteger("messages", in: 0...Int64(Retention.mostMessages)) ?? 0))
    }

    /// `{content, client_id?, reply_to?}`, the name of 1 to ``ClientID/limit`` bytes.
    public static func postMessage(_ bytes: RawSpan) throws(ChatError) -> PostMessage {
        let body = try object(bytes)
        return PostMessage(
            content: try body.text("content"),
            clientID: try body.optionalName("client_id", limit: ClientID.limit).map { ClientID($0) },
            replyTo: try body.optionalName("reply_to", limit: UserID.limit).map { MessageID($0) })
    }

    /// `{content}`
    public static func editMessage(_ bytes: RawSpan) throws(ChatError) -> EditMessage {
        EditMessage(content: try object(bytes).text("content"))
    }

    /// `{username, password, email?}`
    public static func register(_ bytes: RawSpan) throws(ChatError) -> Register {
        let body = try object(bytes)
        return Register(
            username: try body.text("username"), password: try body.text("password"),
            email: try body.optionalText("email"))
    }

    /// `{username, password}`
    public static func login(_ bytes: RawSpan) throws(ChatError) -> Login {
        let body = try object(bytes)
        return Login(username: try body.text("username"), password: try body.text("password"))
    }

    /// `{user_id, role? (member)}`, the role one of ``Role``.
    public static func addMember(_ bytes: RawSpan) throws(ChatError) -> AddMember {
        let body = try object(bytes)
        let user = UserID(try body.name("user_id", limit: UserID.limit))
        guard let word = try body.optionalText("role") else { return AddMember(user: user, role: .member) }
        guard let role = Role(rawValue: word) else {
            throw .invalid("role", "one of \(Role.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return AddMember(user: user, role: role)
    }

    /// `{seq}`, from 0.
    public static func read(_ bytes: RawSpan) throws(ChatError) -> Read {
        Read(seq: try object(bytes).integer("seq", in: 0 ... .max))
    }

    /// `{on? (true)}`, or nothing at all.
    public static func typing(_ bytes: RawSpan) throws(ChatError) -> Typing {
        guard bytes.byteCount > 0 else { return Typing(on: true) }
        return Typing(on: try object(bytes).flag("on", default: true))
    }

    /// The name for a message that came in an `Idempotency-Key` header.
    /// - Throws: `invalid_field` for an empty one, or more than ``ClientID/limit`` bytes.
    public static func clientID(header text: String) throws(ChatError) -> ClientID {
        guard 1...ClientID.limit ~= text.utf8.count else {
            throw .invalid("Idempotency-Key", "text of 1 to \(ClientID.limit) bytes")
        }
        return ClientID(text)
    }

    private static func object(_ bytes: RawSpan) throws(ChatError) -> JSONValue {
        do throws(JSONError) {
            let value = try JSONValue(parsing: bytes)
            guard case .object = value else { throw JSONError(offset: 0, reason: .notAnObject) }
            return value
        } catch {
            throw ChatError(error)
        }
    }
}
