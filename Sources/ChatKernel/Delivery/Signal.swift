/// Something worth knowing now and never again: not stored, not numbered, dropped first under pressure.
public enum Signal: Sendable {
    /// Not meant for the session it came from.
    case typing(ConversationID, UserReference, on: Bool, origin: Session.ID?)
    case presence(PresenceNotice)

    public var conversation: ConversationID {
        switch self {
        case .typing(let id, _, _, _): id
        case .presence(let notice): notice.conversation
        }
    }

    /// Whether a session that follows the conversation is to be told.
    public func concerns(_ session: Session.ID?) -> Bool {
        switch self {
        case .typing(_, _, _, let origin): origin == nil || origin != session
        case .presence(let notice): notice.audience.map { $0.contains { $0 == session } } ?? true
        }
    }
}

/// Somebody came or went, or is told who is here. Notices that pile up are merged: the newest says who is here.
public struct PresenceNotice: Hashable, Sendable {
    /// What is told. Of several that were merged, the user is the last.
    public enum Event: String, Hashable, Sendable {
        /// The user was not here before: its first connection, or its first request for a while.
        case joined
        /// The last connection has closed, or nothing was asked for a while.
        case left
        /// Nobody came: the user has one connection more, which has not been told yet.
        case present
    }

    public let conversation: ConversationID
    public let event: Event
    public let user: UserReference
    /// Each present user once, by when they came.
    public let activeUsers: [UserID]
    /// The sessions it is for; nil for all of the conversation.
    public let audience: Set<Session.ID>?

    public init(
        conversation: ConversationID, event: Event, user: UserReference, activeUsers: [UserID],
        audience: Set<Session.ID>? = nil
    ) {
        self.conversation = conversation
        self.event = event
        self.user = user
        self.activeUsers = activeUsers
        self.audience = audience
    }
}
