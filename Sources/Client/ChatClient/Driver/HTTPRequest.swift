import ChatHTTP1
import ChatKernel
import ChatWire

/// A request of the wire contract, before it is bytes.
struct HTTPRequest: Sendable {
    var method: String
    /// Path and query, percent-encoded, the server's prefix included.
    var target: String
    var token: String?
    /// JSON.
    var body: [UInt8]?

    init(_ method: String, _ target: String, token: String?, body: [UInt8]? = nil) {
        self.method = method
        self.target = target
        self.token = token
        self.body = body
    }

    /// Nil when something of it cannot be said in HTTP.
    func bytes(to server: ServerAddress) -> [UInt8]? {
        var fields = [HTTPField(name: "Accept", value: "application/json")]
        if let token { fields.append(Self.bearer(token)) }
        if body != nil { fields.append(HTTPField(name: "Content-Type", value: "application/json")) }
        return RequestWriter.serialize(
            method: method, target: target, host: server.authority, fields: fields, body: body)
    }

    static func bearer(_ token: String) -> HTTPField { HTTPField(name: "Authorization", value: "Bearer " + token) }

    /// A message of the outbox.
    static func post(_ item: OutboxItem, token: String, prefix: String) -> HTTPRequest {
        var body: [UInt8] = []
        body.appendObject { object in
            object.member("content", item.content)
            object.member("client_id", item.clientID.text)
            if let replyTo = item.replyTo { object.member("reply_to", replyTo.text) }
        }
        let conversation = PercentCoding.encode(item.conversation.text)
        return HTTPRequest(
            "POST", prefix + "/api/chat/conversations/\(conversation)/messages", token: token, body: body)
    }
}

extension HTTPRequest {
    /// A page of what a hole is filled with.
    static func messages(
        of conversation: ConversationID, after seq: Seq, token: String, prefix: String
    ) -> HTTPRequest {
        let path = prefix + "/api/chat/conversations/\(PercentCoding.encode(conversation.text))/messages"
        return HTTPRequest("GET", path + "?after_seq=\(seq)&limit=\(GapFill.pageLimit)", token: token)
    }
}

extension HTTPAnswer {
    /// Messages of a page, as they stand now, as if they had just been said; whether there is nothing behind them. Nil for something else.
    /// Where they stand among other conversations' events the page does not say: their `pos` is 0.
    var messagesAsEvents: (page: [ServerFrame], isAll: Bool)? {
        guard let value = try? JSONValue(parsing: body),
            let messages = try? value.elements({ (element) throws(ChatError) in try element.message() })
        else { return nil }
        let page = messages.map { message in
            let posted = Change.Posted(
                id: message.id, content: message.content, clientID: message.clientID, replyTo: message.replyTo,
                isDeleted: message.isDeleted)
            return ServerFrame.entry(
                Entry(
                    conversation: message.conversation, seq: message.seq, pos: 0, at: message.createdAt,
                    author: message.sender, change: .message(posted)), cursor: "")
        }
        return (page, next == nil)
    }

    /// The path of the next page, when the answer says that there is one (RFC 8288).
    var next: String? {
        guard let link = head.first("link"), link.contains(#"rel="next""#), link.hasPrefix("</"),
            let end = link.firstIndex(of: ">")
        else { return nil }
        return String(link[..<end].dropFirst())
    }
}

extension Receipt {
    /// Out of the answer to a post: 201 the first time, 200 when the message was there.
    init?(_ answer: HTTPAnswer) {
        guard let value = try? JSONValue(parsing: answer.body), let message = try? value.message() else { return nil }
        self.init(message: message.id, seq: message.seq, isDuplicate: answer.head.status == 200)
    }
}
