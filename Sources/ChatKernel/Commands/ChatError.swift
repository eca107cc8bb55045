/// A refusal that a client can act on: a word, a status, a sentence, and whether trying again can help.
public struct ChatError: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Code
    /// A sentence fit to show. Never a path, a type, SQL, a token or a password.
    public let detail: String
    /// When trying again may succeed, in milliseconds.
    public let retryAfterMilliseconds: Int?
    /// The limit that was met, to be counted by; nil for any other refusal. Not shown to clients: the sentence says it.
    public let limit: Limit?

    public init(_ code: Code, _ detail: String, retryAfterMilliseconds: Int? = nil, limit: Limit? = nil) {
        self.code = code
        self.detail = detail
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.limit = limit
    }

    public var description: String { "\(code.rawValue): \(detail)" }

    /// The words of `protocol.md` section 7. The list may grow.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case badJSON = "bad_json"
        case unknownType = "unknown_type"
        case missingField = "missing_field"
        case invalidField = "invalid_field"
        case messageEmpty = "message_empty"
        case messageTooLarge = "message_too_large"
        case unknownConversation = "unknown_conversation"
        case unknownMessage = "unknown_message"
        case unknownUser = "unknown_user"
        case notAMember = "not_a_member"
        case forbidden
        case tokenInvalid = "token_invalid"
        case tokenExpired = "token_expired"
        case rateLimited = "rate_limited"
        case idempotencyMismatch = "idempotency_mismatch"
        case cursorInvalid = "cursor_invalid"
        case cursorAhead = "cursor_ahead"
        case epochChanged = "epoch_changed"
        case conflict
        case overloaded
        case storeUnavailable = "store_unavailable"
        case draining
        case `internal`

        /// The HTTP status that says the same.
        public var status: Int {
            switch self {
            case .badJSON, .cursorInvalid: 400
            case .unknownType, .missingField, .invalidField, .messageEmpty: 422
            case .messageTooLarge: 413
            case .unknownConversation, .unknownMessage, .unknownUser: 404
            case .notAMember, .forbidden: 403
            case .tokenInvalid, .tokenExpired: 401
            case .rateLimited: 429
            case .idempotencyMismatch, .cursorAhead, .epochChanged, .conflict: 409
            case .overloaded, .storeUnavailable, .draining: 503
            case .internal: 500
            }
        }

        /// Whether the same request, unchanged, may succeed later.
        public var isRetryable: Bool {
            switch self {
            case .rateLimited, .overloaded, .storeUnavailable, .draining, .internal: true
            default: false
            }
        }
    }
}
