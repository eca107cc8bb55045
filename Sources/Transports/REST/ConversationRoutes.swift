import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatWire

/// Conversations and who is in them.
struct ConversationRoutes {
    let kernel: Kernel

    private static let path = "/api/chat/conversations"

    var routes: [Route] {
        [
            jsonRoute("POST", Self.path) { [self] request throws(ChatError) in try await create(request) },
            route("GET", Self.path) { [self] request throws(ChatError) in try await list(request) },
            route("GET", Self.path + "/{conversation}") { [self] request throws(ChatError) in
                let inquiry = try await Inquiry(request, kernel)
                return try await show(try inquiry.conversation, to: inquiry.user, status: 200)
            },
            jsonRoute("PATCH", Self.path + "/{conversation}") { [self] request throws(ChatError) in
                try await update(request)
            },
            jsonRoute("POST", Self.path + "/{conversation}/members") { [self] request throws(ChatError) in
                try await add(request)
            },
            route("DELETE", Self.path + "/{conversation}/members/{user}") { [self] request throws(ChatError) in
                try await remove(request)
            },
            jsonRoute("POST", Self.path + "/{conversation}/read") { [self] request throws(ChatError) in
                try await read(request)
            },
            jsonRoute("POST", Self.path + "/{conversation}/typing") { [self] request throws(ChatError) in
                try await type(request)
            },
        ]
    }

    private func create(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let body = try inquiry.json { bytes throws(ChatError) in try RequestBody.createConversation(bytes) }
        let reply = try await kernel.perform(
            .createConversation(body.details, participants: body.participants), as: inquiry.user)
        switch reply {
        case .committed(let entry), .repeated(let entry):
            return try await show(entry.conversation, to: inquiry.user, status: 201)
        case .existing(let id):
            return try await show(id, to: inquiry.user, status: 200)
        case .unchanged:
            throw ChatError(.internal, "Something went wrong on our side.")
        }
    }

    private func show(
        _ id: ConversationID, to user: UserID, status: Int
    ) async throws(ChatError) -> HTTPResponse {
        let conversation = try await kernel.conversation(id, as: user)
        return Answer.json(status) { RESTShapes.append(conversation, to: &$0) }
    }

    private func list(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let limit = try inquiry.limit
        var conversations = try await kernel.conversations(
            of: inquiry.user, after: try mark(inquiry), limit: limit + 1)
        let isTooLong = conversations.count > limit
        if isTooLong { conversations.removeLast() }
        var fields: [HTTPField] = []
        // A page of large conversations ends before its limit.
        if isTooLong || PageBudget.isSpent(by: conversations.lazy.map(\.weight)), let last = conversations.last {
            fields.append(
                Answer.next(
                    Self.path,
                    [("limit", String(limit)), ("after", "\(last.updatedAt.microseconds).\(last.id.text)")]))
        }
        return Answer.json(200, fields: fields) { RESTShapes.append(conversations, to: &$0) }
    }

    /// Where the last page ended, as its `Link` said.
    private func mark(_ inquiry: Inquiry) throws(ChatError) -> ConversationMark? {
        guard let text = inquiry.text("after") else { return nil }
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let microseconds = Int64(parts[0]) else {
            throw ChatError(.invalidField, "after: use the Link of the page before.")
        }
        return ConversationMark(
            updatedAt: Timestamp(microseconds: microseconds), id: ConversationID(String(parts[1])))
    }

    private func update(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let body = try inquiry.json { bytes throws(ChatError) in try RequestBody.updateConversation(bytes) }
        let id = try inquiry.conversation
        _ = try await kernel.perform(
            .updateDetails(id, name: body.name, description: body.description, retention: body.retention),
            as: inquiry.user)
        return try await show(id, to: inquiry.user, status: 200)
    }

    // MARK: Members

    private func add(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let body = try inquiry.json { bytes throws(ChatError) in try RequestBody.addMember(bytes) }
        let id = try inquiry.conversation
        let reply = try await kernel.perform(.addMember(id, body.user, body.role), as: inquiry.user)
        let isNew = if case .member(.added, _)? = reply.entry?.change { true } else { false }
        let conversation = try await kernel.conversation(id, as: inquiry.user)
        guard let member = conversation.participants.first(where: { $0.user.id == body.user }) else {
            throw ChatError(.conflict, "That member has been removed again.")
        }
        return Answer.json(isNew ? 201 : 200) { RESTShapes.append(member, to: &$0) }
    }

    private func remove(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let named = try inquiry.parameter("user")
        let user = named == "me" ? inquiry.user : UserID(named)
        _ = try await kernel.perform(.removeMember(try inquiry.conversation, user), as: inquiry.user)
        return Answer.nothing
    }

    // MARK: Marks

    private func read(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let body = try inquiry.json { bytes throws(ChatError) in try RequestBody.read(bytes) }
        _ = try await kernel.perform(.read(try inquiry.conversation, through: body.seq), as: inquiry.user)
        return Answer.nothing
    }

    private func type(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let body = try inquiry.json { bytes throws(ChatError) in try RequestBody.typing(bytes) }
        _ = try await kernel.perform(.typing(try inquiry.conversation, on: body.on), as: inquiry.user)
        return Answer.nothing
    }
}
