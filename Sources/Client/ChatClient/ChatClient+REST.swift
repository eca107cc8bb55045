import ChatHTTP1
public import ChatKernel
import ChatNet
import ChatWire

// What is asked and answered once, over HTTP. All of it throws `.refused` with the server's word, `.unreachable`, `.untrusted`,
// `.invalidAnswer`, `.unauthorized` or, once the client's run is over, `.stopped`; nothing of it is tried a second time.
extension ChatClient {
    /// Who the user is.
    public func me() async throws(ClientFailure) -> UserReference {
        try await ask("GET", "/api/auth/me") { (value) throws(ChatError) in try value.user("id", "username") }
    }

    /// A page of the user's conversations, newest activity first.
    /// - Parameters:
    ///   - limit: 1 to 200; a page of large ones is shorter.
    ///   - mark: where the page before ended; nil for the first.
    public func conversations(
        limit: Int = 50, from mark: ListPage<Conversation>.Mark? = nil
    ) async throws(ClientFailure) -> ListPage<Conversation> {
        try await page(mark?.path ?? "/api/chat/conversations?limit=\(limit)") { (element) throws(ChatError) in
            try element.conversation()
        }
    }

    /// Makes a conversation, whose owner the user is. One that is no group, with one other, is the one that the two have, if they have one.
    public func createConversation(
        name: String?, isGroup: Bool = true, with others: [UserID]
    ) async throws(ClientFailure) -> Conversation {
        var body: [UInt8] = []
        body.appendObject { object in
            if let name { object.member("name", name) }
            object.member("is_group", isGroup)
            object.array("participant_ids") { array in for other in others { array.element(other.text) } }
        }
        return try await ask("POST", "/api/chat/conversations", body) { (value) throws(ChatError) in
            try value.conversation()
        }
    }

    /// Messages as they stand now, ascending: the newest page, or the one before or after a number. 1 to 200 of them; of long ones fewer.
    public func messages(
        in conversation: ConversationID, before: Seq? = nil, after: Seq? = nil, limit: Int = 50
    ) async throws(ClientFailure) -> [Message] {
        var path = "/api/chat/conversations/\(PercentCoding.encode(conversation.text))/messages?limit=\(limit)"
        if let before { path += "&before_seq=\(before)" }
        if let after { path += "&after_seq=\(after)" }
        return try await ask("GET", path) { (value) throws(ChatError) in
            try value.elements { (element) throws(ChatError) in try element.message() }
        }
    }

    /// A page of messages by their words, newest first, where the server's store can search.
    /// - Parameters:
    ///   - limit: 1 to 200. A page may be shorter, or empty, and not be the last: the server looks at so much at once.
    ///   - mark: where the page before ended, of the same words; nil for the first.
    public func search(
        _ words: String, in conversation: ConversationID? = nil, limit: Int = 20,
        from mark: ListPage<Message>.Mark? = nil
    ) async throws(ClientFailure) -> ListPage<Message> {
        var path = "/api/chat/search?limit=\(limit)&q=\(PercentCoding.encode(words))"
        if let conversation { path += "&conversation_id=\(PercentCoding.encode(conversation.text))" }
        return try await page(mark?.path ?? path) { (element) throws(ChatError) in try element.message() }
    }

    /// Up to 20 users whose names begin so.
    public func users(named prefix: String) async throws(ClientFailure) -> [UserReference] {
        try await ask("GET", "/api/chat/users?username=\(PercentCoding.encode(prefix))") { (value) throws(ChatError) in
            try value.elements { (element) throws(ChatError) in try element.user("id", "username") }
        }
    }

    /// Gives a message of the user's own another content. The others learn of it by an event, as the user does.
    public func edit(_ message: MessageID, content: String) async throws(ClientFailure) {
        var body: [UInt8] = []
        body.appendObject { $0.member("content", content) }
        try await tell("PATCH", Self.path(of: message), body)
    }

    /// Erases the content of a message: of the user's own, or of anybody's for an admin or an owner.
    public func delete(_ message: MessageID) async throws(ClientFailure) {
        try await tell("DELETE", Self.path(of: message))
    }

    /// Puts a reaction to a message, or takes it back. Harmless when done again.
    /// - Parameter key: 1 to 64 bytes of text, such as an emoji.
    public func react(to message: MessageID, with key: String, on: Bool = true) async throws(ClientFailure) {
        try await tell(on ? "PUT" : "DELETE", Self.path(of: message) + "/reactions/\(PercentCoding.encode(key))")
    }

    /// Says that everything up to a number has been read. A mark never moves back.
    public func markRead(_ conversation: ConversationID, through seq: Seq) async throws(ClientFailure) {
        var body: [UInt8] = []
        body.appendObject { $0.member("seq", seq) }
        try await tell("POST", "/api/chat/conversations/\(PercentCoding.encode(conversation.text))/read", body)
    }

    private static func path(of message: MessageID) -> String {
        "/api/chat/messages/\(PercentCoding.encode(message.text))"
    }

    // MARK: Accounts

    /// A token for a name and a password, where the server keeps accounts.
    /// - Parameter authorities: as ``ClientSettings/authorities``.
    public static func login(
        to server: ServerAddress, username: String, password: String, authorities: String? = nil
    ) async throws(ClientFailure) -> String {
        let answer = try await account(server, "/api/auth/login", username, password, authorities)
        return try read(answer) { (value) throws(ChatError) in try value.text("access_token") }
    }

    /// Makes an account, where the server lets everybody do so.
    /// - Parameter authorities: as ``ClientSettings/authorities``.
    public static func register(
        at server: ServerAddress, username: String, password: String, authorities: String? = nil
    ) async throws(ClientFailure) {
        _ = try await account(server, "/api/auth/register", username, password, authorities)
    }

    private static func account(
        _ server: ServerAddress, _ path: String, _ username: String, _ password: String, _ authorities: String?
    ) async throws(ClientFailure) -> HTTPAnswer {
        let trust = try server.trust(authorities)
        let loop = try EventLoop.started()
        var body: [UInt8] = []
        body.appendObject { object in
            object.member("username", username)
            object.member("password", password)
        }
        let request = HTTPRequest("POST", server.prefix + path, token: nil, body: body)
        let result = await Result.catching { () async throws(ClientFailure) in
            try await exchange(request, server, trust, loop)
        }
        loop.stop()
        await loop.ended()
        let answer = try result.get()
        guard answer.isFine else { throw .refused(answer.refusal.error) }
        return answer
    }

    // MARK: How

    private func tell(_ method: String, _ path: String, _ body: [UInt8]? = nil) async throws(ClientFailure) {
        _ = try await answer(method, path, body)
    }

    private func ask<Value>(
        _ method: String, _ path: String, _ body: [UInt8]? = nil, _ read: (JSONValue) throws(ChatError) -> Value
    ) async throws(ClientFailure) -> Value {
        try Self.read(try await answer(method, path, body), read)
    }

    private func page<Element>(
        _ path: String, _ read: (JSONValue) throws(ChatError) -> Element
    ) async throws(ClientFailure) -> ListPage<Element> {
        let answer = try await answer("GET", path, nil)
        let items = try Self.read(answer) { (value) throws(ChatError) in try value.elements(read) }
        return ListPage(items: items, next: answer.next.map { ListPage.Mark(path: $0) })
    }

    private func answer(
        _ method: String, _ path: String, _ body: [UInt8]?
    ) async throws(ClientFailure) -> HTTPAnswer {
        let token = try await currentToken()
        let request = HTTPRequest(method, server.prefix + path, token: token, body: body)
        let answer = try await Self.exchange(request, server, trust, loop)
        if answer.head.status == 401 {
            forget(token)
            throw .unauthorized
        }
        guard answer.isFine else { throw .refused(answer.refusal.error) }
        return answer
    }

    private static func read<Value>(
        _ answer: HTTPAnswer, _ read: (JSONValue) throws(ChatError) -> Value
    ) throws(ClientFailure) -> Value {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: answer.body)
        } catch {
            throw .invalidAnswer(error.description)
        }
        do throws(ChatError) { return try read(value) } catch { throw .invalidAnswer(error.detail) }
    }

    /// How long an answer may take to begin, and pause on its way, in nanoseconds.
    private static let patience: Int64 = 30_000_000_000

    private static func exchange(
        _ request: HTTPRequest, _ server: ServerAddress, _ trust: TLSTrust?, _ loop: EventLoop
    ) async throws(ClientFailure) -> HTTPAnswer {
        guard let bytes = request.bytes(to: server) else {
            throw .invalidAnswer("the token holds what a token cannot")
        }
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<HTTPAnswer, ClientFailure>, Never>) in
            let isRunning = loop.post {
                let call = HTTPCall(patience: patience) { continuation.resume(returning: $0) }
                _ = Dial.start(
                    to: server, trusting: trust, on: loop, saying: bytes, deadline: loop.now &+ patience, for: call)
            }
            if !isRunning { continuation.resume(returning: .failure(.stopped)) }
        }
        return try result.get()
    }
}

extension Result where Success: Sendable {
    fileprivate static func catching(_ body: () async throws(Failure) -> Success) async -> Result {
        do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension JSONValue {
    /// The elements of an answer that is an array.
    func elements<Value>(_ read: (JSONValue) throws(ChatError) -> Value) throws(ChatError) -> [Value] {
        guard case .array(let elements) = self else { throw .invalid("the answer", "an array") }
        var values: [Value] = []
        for element in elements { values.append(try read(element)) }
        return values
    }
}
