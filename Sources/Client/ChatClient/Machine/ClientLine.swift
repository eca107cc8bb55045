import ChatKernel
import ChatWire

/// What the client says on a WebSocket (`protocol.md` section 3).
enum ClientLine: Equatable {
    case hello(cursor: String)
    case auth(token: String)
    case message(OutboxItem)
    case typing(ConversationID, on: Bool)

    static let helloID = "hello"
    private static let messagePrefix = "m:"

    /// The name of the message that an answer with this `id` is about.
    static func clientID(in id: String) -> ClientID? {
        id.hasPrefix(messagePrefix) ? ClientID(String(id.dropFirst(messagePrefix.count))) : nil
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
            }
        }
        return bytes
    }
}
