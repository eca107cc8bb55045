import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatWire

/// Finding messages by their words.
struct SearchRoutes {
    let kernel: Kernel

    private static let path = "/api/chat/search"

    var routes: [Route] {
        [route("GET", Self.path) { [self] request throws(ChatError) in try await search(request) }]
    }

    /// Newest first. A page may hold fewer than `limit`, or nothing: while there is a `Link`, there may be more behind it.
    private func search(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        guard let words = inquiry.text("q") else { throw .missing("q") }
        let conversation = try conversation(inquiry)
        let limit = try inquiry.limit
        let page = try await kernel.search(
            words, as: inquiry.user, in: conversation, before: try inquiry.number("before", in: 1 ... .max),
            limit: limit)
        var fields: [HTTPField] = []
        if let next = page.next {
            let place = conversation.map { [("conversation_id", $0.text)] } ?? []
            fields.append(
                Answer.next(
                    Self.path, [("q", words)] + place + [("limit", String(limit)), ("before", String(next))]))
        }
        return Answer.json(200, fields: fields) { RESTShapes.append(page.messages, to: &$0) }
    }

    private func conversation(_ inquiry: Inquiry) throws(ChatError) -> ConversationID? {
        guard let text = inquiry.text("conversation_id") else { return nil }
        guard !text.isEmpty, text.utf8.count <= UserID.limit else {
            throw ChatError(.invalidField, "conversation_id: text of 1 to \(UserID.limit) bytes.")
        }
        return ConversationID(text)
    }
}
