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
}

/// Somebody came or went. Notices that pile up are merged: the newest says who is here.
public struct PresenceNotice: Hashable, Sendable {
    public enum Event: String, Hashable, Sendable {
        case joined
        case left
    }

    public let conversation: ConversationID
    public let event: Event
    public let user: UserReference
    /// Each present user once, by when they came.
    public let activeUsers: [UserID]

    public init(conversation: ConversationID, event: Event, user: UserReference, activeUsers: [UserID]) {
        self.conversation = conversation
        self.event = event
        self.user = user
        self.activeUsers = activeUsers
    }
}
