public import ChatKernel

/// What a client says on a connection: every client frame of `protocol.md` sections 2 and 3.
///
/// A `conversation` is nil when the frame named none: on the path of one conversation it is implied, elsewhere it is
/// missing, and the transport knows which. Content is passed on as it is; whether it is blank or too long is judged
/// by the kernel.
public struct ClientFrame: Hashable, Sendable {
    /// Echoed in the answer, if the frame had one.
    public let id: FrameID?
    public let body: Body

    public init(id: FrameID? = nil, body: Body) {
        self.id = id
        self.body = body
    }

    /// What it asks for. Identifiers are of 1 to ``UserID/limit`` bytes, numbers of entries are 0 or more.
    public enum Body: Hashable, Sendable {
        /// An empty cursor is no cursor.
        case hello(token: String?, cursor: String?)
        /// Without `after` from the head on.
        case subscribe(ConversationID?, after: Seq?)
        case unsubscribe(ConversationID?)
        case message(ConversationID?, content: String, clientID: ClientID?, replyTo: MessageID?)
        case edit(MessageID, content: String)
        case delete(MessageID)
        case react(MessageID, key: String, on: Bool)
        case typing(ConversationID?, on: Bool)
        case read(ConversationID?, through: Seq)
        /// `limit` is 1 or more; what is above the largest page is for the transport to clip.
        case history(ConversationID?, HistoryPage, limit: Int?)
        case auth(token: String)
        case ping
    }

    /// Which entries of a conversation a `history` asks for.
    public enum HistoryPage: Hashable, Sendable {
        case newest
        case before(Seq)
        case after(Seq)
    }
}

/// Why a frame was refused, and whose answer that is.
public struct FrameError: Error, Hashable, Sendable {
    /// `bad_json`, `unknown_type`, `missing_field` or `invalid_field`; the last two name the field.
    public let error: ChatError
    /// The frame's `id`, when the frame was valid JSON and had one that is valid itself.
    public let id: FrameID?

    public init(_ error: ChatError, id: FrameID? = nil) {
        self.error = error
        self.id = id
    }
}
