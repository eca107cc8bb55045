import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatWire

/// A request of somebody who has been identified, and what can be asked of it.
struct Inquiry {
    let request: HTTPRequest
    let identity: Identity
    private let query: QueryItems

    var user: UserID { identity.user.id }

    /// - Throws: `token_invalid`, `token_expired`.
    init(_ request: HTTPRequest, _ kernel: Kernel) async throws(ChatError) {
        guard let token = request.bearerToken else {
            throw ChatError(.tokenInvalid, "A bearer token is needed.")
        }
        identity = try await kernel.identify(.token(token))
        query = try Self.query(request)
        self.request = request
    }

    static func query(_ request: HTTPRequest) throws(ChatError) -> QueryItems {
        guard let text = request.head.query else { return QueryItems() }
        guard let items = QueryItems(parsing: text) else {
            throw ChatError(.invalidField, "The query is malformed.")
        }
        return items
    }

    // MARK: Path and query

    var conversation: ConversationID {
        get throws(ChatError) { ConversationID(try parameter("conversation")) }
    }

    var message: MessageID {
        get throws(ChatError) { MessageID(try parameter("message")) }
    }

    func parameter(_ name: String) throws(ChatError) -> String {
        guard let value = request.parameters[name], value.utf8.count <= UserID.limit else {
            throw ChatError(.invalidField, "\(name): text of 1 to \(UserID.limit) bytes.")
        }
        return value
    }

    func text(_ name: String) -> String? { query.first(name) }

    /// A whole number of the query.
    func number(_ name: String, in range: ClosedRange<Int64>) throws(ChatError) -> Int64? {
        guard let text = query.first(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            let top = range.upperBound == .max ? "" : " to \(range.upperBound)"
            throw ChatError(.invalidField, "\(name): a whole number from \(range.lowerBound)\(top).")
        }
        return number
    }

    /// How many a page holds: 1 to 200, 50 unless said.
    var limit: Int {
        get throws(ChatError) { Int(try number("limit", in: 1...200) ?? 50) }
    }

    // MARK: Body

    /// The body, which must be JSON.
    func json<T>(_ parse: (RawSpan) throws(ChatError) -> T) throws(ChatError) -> T {
        try Self.json(request, parse)
    }

    static func json<T>(
        _ request: HTTPRequest, _ parse: (RawSpan) throws(ChatError) -> T
    ) throws(ChatError) -> T {
        try unsafe parse(request.body.span.bytes)
    }

    /// Whether the body says it is of this media type; one that does not say counts as JSON.
    static func isOfType(_ type: String, _ request: HTTPRequest) -> Bool {
        guard let value = request.head.first("Content-Type") else { return type == "application/json" }
        let essence = value.split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        return essence.split(separator: " ").joined().lowercased() == type
    }
}

/// Makes a route of a function that may refuse.
func route(
    _ method: String, _ pattern: String,
    _ handle: @escaping @Sendable (HTTPRequest) async throws(ChatError) -> HTTPResponse
) -> Route {
    Route(
        method, pattern,
        .respond { request in
            do throws(ChatError) {
                return try await handle(request)
            } catch {
                return Answer.refusal(error)
            }
        })
}

/// As `route`, for a request whose body must be JSON.
func jsonRoute(
    _ method: String, _ pattern: String,
    _ handle: @escaping @Sendable (HTTPRequest) async throws(ChatError) -> HTTPResponse
) -> Route {
    route(method, pattern) { request throws(ChatError) in
        guard request.body.isEmpty || Inquiry.isOfType("application/json", request) else { return unsupportedMediaType }
        return try await handle(request)
    }
}

let unsupportedMediaType = Answer.json(415) { bytes in
    bytes.appendObject { object in
        object.member("detail", "The body must be application/json.")
        object.member("code", "unsupported_media_type")
    }
}
