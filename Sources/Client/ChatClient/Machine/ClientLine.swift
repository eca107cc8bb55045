import ChatKernel
import ChatWire

/// What the client says on a WebSocket (`protocol.md` section 3).
enum ClientLine: Equatable {
    case hello(cursor: String)
    case auth(token: String)
    case message(OutboxItem)
    case typing(ConversationID, on: Bool)
    /// A page of what a hole is filled with.
    case history(Int, ConversationID, after: Seq)

    static let helloID = "hello"
    static let authID = "auth"
    private static let messagePrefix = "m:"
    private static let pagePrefix = "h:"

    /// The name of the message that an answer with this `id` is about.
    static func clientID(in id: String) -> ClientID? {
        id.hasPrefix(messagePrefix) ? ClientID(String(id.dropFirst(messagePrefix.count))) : nil
    }

    /// The number of the page that an answer with this `id` is, or is about.
    static func page(in id: String) -> Int? {
        id.hasPrefix(pagePrefix) ? Int(id.dropFirst(pagePrefix.count)) : nil
    }

    var json: [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendObject { object in
            switch self {
            case .hello(let cursor):
                object.member("type", "hello")
                object.member("id", Self.helloID)
                object.member("cursor", cursor)
            case .auth(let token):
                object.member("type", "auth")
                object.member("id", Self.authID)
                object.member("token", token)
            case .message(let item):
                object.member("type", "message")
                object.member("id", Self.messagePrefix + item.clientID.text)
                object.member("conversation_id", item.conversation.text)
                object.member("content", item.content)
                object.member("client_id", item.clientID.text)
                if let replyTo = item.replyTo { object.member("reply_to", replyTo.text) }
            case .typing(let conversation, let on):
                object.member("type", "typing")
                object.member("conversation_id", conversation.text)
                object.member("on", on)
            case .history(let number, let conversation, let after):
                object.member("type", "history")
                object.member("id", Self.pagePrefix + String(number))
                object.member("conversation_id", conversation.text)
                object.member("after", after)
                object.member("limit", GapFill.pageLimit)
            }
        }
        return bytes
    }
}
