import ChatHTTP1
import ChatHTTPServer
import ChatKernel

/// What a request for events asks for, and who asks.
struct EventRequest: Sendable {
    let identity: Identity
    /// What the client has; nil for one that begins.
    let position: Pos?
    /// Only these; nil for all.
    let conversations: Set<ConversationID>?
    /// How many events an answer holds at most.
    let limit: Int
    /// How long to wait for one, in nanoseconds.
    let wait: Int64

    private static let filterLimit = 100
    private static let limits: ClosedRange<Int64> = 1...1000

    /// - Parameter cursor: where the client stands when the query does not say; a header that wins over it is given here.
    /// - Throws: `token_invalid` and the like, `invalid_field`, `cursor_invalid`, `cursor_ahead`, `epoch_changed`; for a
    ///   conversation that the user never was in `not_a_member` or `unknown_conversation`.
    init(
        _ request: HTTPRequest, _ kernel: Kernel, _ settings: LongPollingSettings, header: String? = nil
    ) async throws(ChatError) {
        guard let query = request.query() else { throw ChatError(.invalidField, "The query is malformed.") }
        guard let credentials = request.credentials(query, inQuery: true) else {
            throw ChatError(.tokenInvalid, "A token is needed: Authorization: Bearer, ?token=… or ?ticket=….")
        }
        identity = try await kernel.identify(credentials)
        (limit, wait) = try Self.measures(query, settings)
        conversations = try await Self.filter(query, of: identity.user.id, kernel)
        position = try await kernel.position(of: header ?? query.first("cursor"))
    }

    /// `limit`, and `wait` in nanoseconds.
    static func measures(
        _ query: QueryItems, _ settings: LongPollingSettings
    ) throws(ChatError) -> (limit: Int, wait: Int64) {
        let limit = try number("limit", query, in: limits) ?? 100
        let longest = Int64(LongPollingSettings.longestWait)
        let wait = try number("wait", query, in: 0...longest) ?? Int64(settings.waitSeconds)
        return (Int(limit), wait * 1_000_000_000)
    }

    /// A whole number; one outside the range is moved to its end.
    private static func number(
        _ name: String, _ query: QueryItems, in range: ClosedRange<Int64>
    ) throws(ChatError) -> Int64? {
        guard let text = query.first(name), !text.isEmpty else { return nil }
        guard let number = Int64(text) else {
            throw ChatError(
                .invalidField, "\(name): a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return min(max(number, range.lowerBound), range.upperBound)
    }

    private static func filter(
        _ query: QueryItems, of user: UserID, _ kernel: Kernel
    ) async throws(ChatError) -> Set<ConversationID>? {
        guard let text = query.first("conversations"), !text.isEmpty else { return nil }
        let names = text.split(separator: ",")
        guard names.count <= filterLimit, names.allSatisfy({ $0.utf8.count <= UserID.limit }) else {
            throw ChatError(.invalidField, "conversations: at most \(filterLimit) identifiers with commas between.")
        }
        let conversations = Set(names.map { ConversationID(String($0)) })
        for conversation in conversations.sorted() { try await kernel.requireKnown(conversation, to: user) }
        return conversations
    }
}
