/// A refusal that a client can act on: a word, a status, a sentence, and whether trying again can help.
public struct ChatError: Error, Hashable, Sendable, CustomStringConvertible {
    public let code: Code
    /// A sentence fit to show. Never a path, a type, SQL, a token or a password.
    public let detail: String
    /// After how many milliseconds trying again may succeed; nil when nobody knows, or when it never will.
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

    /// The words of `protocol.md` section 7, as the wire has them. The list may grow.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Not JSON, or no object, or a key twice in one object.
        case badJSON = "bad_json"
        /// A frame of a type that there is not, or a question that this host cannot answer: a search, over a store
        /// without one.
        case unknownType = "unknown_type"
        /// The detail names it.
        case missingField = "missing_field"
        /// The detail names it, and says what is allowed.
        case invalidField = "invalid_field"
        /// Nothing but white space.
        case messageEmpty = "message_empty"
        /// Past ``KernelLimits/messageBytes``.
        case messageTooLarge = "message_too_large"
        case unknownConversation = "unknown_conversation"
        /// There is none that the user may see; for what would change it, also one that is deleted.
        case unknownMessage = "unknown_message"
        /// There is none, or it is disabled; for a removal, it is no member.
        case unknownUser = "unknown_user"
        /// The user is not in the conversation now; for what is only looked back at, it never was.
        case notAMember = "not_a_member"
        /// The role does not allow it, or the host does not.
        case forbidden
        /// There is no token, or it is not believed: a spent ticket, a wrong password and a disabled user too.
        case tokenInvalid = "token_invalid"
        case tokenExpired = "token_expired"
        /// Too often, or too many at a time: ``ChatError/limit`` says of what.
        case rateLimited = "rate_limited"
        /// The client's name for the message belongs to one with other content.
        case idempotencyMismatch = "idempotency_mismatch"
        /// No cursor that a store of ours made.
        case cursorInvalid = "cursor_invalid"
        /// A position past the store's head, or a number past its conversation's, as after an older copy was put back.
        case cursorAhead = "cursor_ahead"
        /// A cursor of another life of the store (``Epoch``): begin without one.
        case epochChanged = "epoch_changed"
        /// Against how things stand: a name that is taken, the last owner who would leave, a limit of
        /// ``MembershipLimits``.
        case conflict
        /// Too much waits; nothing was done.
        case overloaded
        /// The store cannot be read or written now; of a command nothing was kept.
        case storeUnavailable = "store_unavailable"
        /// The host is stopping; nothing was done.
        case draining
        /// Our fault. Clients are told no more.
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
