import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatWire

/// Finding messages by their words, and those that name oneself.
struct SearchRoutes {
    let kernel: Kernel

    private static let path = "/api/chat/search"
    private static let mentions = "/api/chat/mentions"

    var routes: [Route] {
        [
            route("GET", Self.path) { [self] request throws(ChatError) in try await search(request) },
            route("GET", Self.mentions) { [self] request throws(ChatError) in try await mentions(request) },
        ]
    }

    /// Newest first. A page may hold fewer than `limit`, or nothing: while there is a `Link`, there may be more behind it.
    private func search(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        guard let words = inquiry.text("q") else { throw .missing("q") }
        let (conversation, limit) = (try conversation(inquiry), try inquiry.limit)
        let page = try await kernel.search(
            words, as: inquiry.user, in: conversation, before: try inquiry.number("before", in: 1 ... .max),
            limit: limit)
        return answer(page, at: Self.path, [("q", words)], conversation, limit)
    }

    /// The same, of what others said that names the caller.
    private func mentions(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let (conversation, limit) = (try conversation(inquiry), try inquiry.limit)
        let page = try await kernel.mentions(
            of: inquiry.user, in: conversation, before: try inquiry.number("before", in: 1 ... .max), limit: limit)
        return answer(page, at: Self.mentions, [], conversation, limit)
    }

    private func answer(
        _ page: SearchPage, at path: String, _ query: [(String, String)], _ conversation: ConversationID?, _ limit: Int
    ) -> HTTPResponse {
        var fields: [HTTPField] = []
        if let next = page.next {
            let place = conversation.map { [("conversation_id", $0.text)] } ?? []
            fields.append(Answer.next(path, query + place + [("limit", String(limit)), ("before", String(next))]))
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
