import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatWire

/// Messages: a page of them, and one of them.
struct MessageRoutes {
    let kernel: Kernel

    private static let list = "/api/chat/conversations/{conversation}/messages"
    private static let one = "/api/chat/messages/{message}"

    var routes: [Route] {
        [
            route("GET", Self.list) { [self] request throws(ChatError) in try await page(request) },
            jsonRoute("POST", Self.list) { [self] request throws(ChatError) in try await post(request) },
            route("GET", Self.one) { [self] request throws(ChatError) in
                let inquiry = try await Inquiry(request, kernel)
                return answer(200, try await kernel.message(try inquiry.message, as: inquiry.user))
            },
            jsonRoute("PATCH", Self.one) { [self] request throws(ChatError) in try await edit(request) },
            route("DELETE", Self.one) { [self] request throws(ChatError) in
                let inquiry = try await Inquiry(request, kernel)
                _ = try await kernel.perform(.delete(try inquiry.message), as: inquiry.user)
                return Answer.nothing
            },
            route("PUT", Self.one + "/reactions/{key}") { [self] request throws(ChatError) in
                try await react(request, on: true)
            },
            route("DELETE", Self.one + "/reactions/{key}") { [self] request throws(ChatError) in
                try await react(request, on: false)
            },
        ]
    }

    private func page(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let limit = try inquiry.limit
        let before = try inquiry.number("before_seq", in: 1 ... .max)
        let after = try inquiry.number("after_seq", in: 0 ... .max)
        let offset = try inquiry.number("offset", in: 0...1_000_000)
        guard [before, after, offset].count(where: { $0 != nil }) <= 1 else {
            throw ChatError(.invalidField, "before_seq, after_seq and offset exclude one another.")
        }
        let window: Kernel.MessagePage =
            if let before { .before(before) } else if let after { .after(after) } else {
                .newest(offset: Int(offset ?? 0))
            }
        var messages = try await kernel.messages(
            in: try inquiry.conversation, as: inquiry.user, window, limit: limit + 1)
        let isTooLong = messages.count > limit
        // One more than asked for was read, on the far side of the page.
        if isTooLong {
            if after != nil { messages.removeLast() } else { messages.removeFirst() }
        }
        var fields: [HTTPField] = []
        // A page of long messages ends before its limit.
        if isTooLong || PageBudget.isSpent(by: messages.lazy.map(\.weight)) {
            let next: (String, String)? =
                if after != nil { messages.last.map { ("after_seq", String($0.seq)) } } else {
                    messages.first.map { ("before_seq", String($0.seq)) }
                }
            if let next { fields.append(Answer.next(request.head.path, [("limit", String(limit)), next])) }
        }
        return Answer.json(200, fields: fields) { RESTShapes.append(messages, to: &$0) }
    }

    private func post(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let body = try inquiry.json { bytes throws(ChatError) in try RequestBody.postMessage(bytes) }
        var clientID = body.clientID
        if let key = request.head.first("Idempotency-Key") {
            let named = try RequestBody.clientID(header: key)
            guard clientID == nil || clientID == named else {
                throw ChatError(.invalidField, "Idempotency-Key and client_id are one thing; these two differ.")
            }
            clientID = named
        }
        let reply = try await kernel.perform(
            .post(try inquiry.conversation, content: body.content, clientID: clientID, replyTo: body.replyTo),
            as: inquiry.user)
        guard let entry = reply.entry, case .message(let posted) = entry.change else {
            throw ChatError(.internal, "Something went wrong on our side.")
        }
        let isRepeat = if case .repeated = reply { true } else { false }
        // Of a repeat the first answer again, from what the commit said: who was removed since may not read it any more, and is
        // still to hear that the message is there.
        return answer(
            isRepeat ? 200 : 201,
            Message(
                id: posted.id, conversation: entry.conversation, seq: entry.seq, sender: entry.author,
                content: posted.content, isDeleted: posted.isDeleted, createdAt: entry.at, clientID: posted.clientID,
                replyTo: posted.replyTo))
    }

    private func edit(_ request: HTTPRequest) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let body = try inquiry.json { bytes throws(ChatError) in try RequestBody.editMessage(bytes) }
        let id = try inquiry.message
        _ = try await kernel.perform(.edit(id, content: body.content), as: inquiry.user)
        return answer(200, try await kernel.message(id, as: inquiry.user))
    }

    private func react(_ request: HTTPRequest, on: Bool) async throws(ChatError) -> HTTPResponse {
        let inquiry = try await Inquiry(request, kernel)
        let id = try inquiry.message
        _ = try await kernel.perform(.react(id, key: try inquiry.parameter("key"), on: on), as: inquiry.user)
        return answer(200, try await kernel.message(id, as: inquiry.user))
    }

    private func answer(_ status: Int, _ message: Message) -> HTTPResponse {
        Answer.json(status) { RESTShapes.append(message, to: &$0) }
    }
}
