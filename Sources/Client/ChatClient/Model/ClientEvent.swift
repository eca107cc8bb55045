public import ChatKernel

/// What a client learns, in order.
public enum ClientEvent: Sendable, Hashable {
    /// Something happened for good. In the order of `pos`, each once, whatever the connection went through meanwhile. Where the wire
    /// carries only an identifier (`by` of a deletion, of a membership), the author's `username` is empty.
    case entry(Entry)
    /// How things stand: the first event of a client that began without a cursor, and after each ``startingOver(_:)``.
    case snapshot(ClientSnapshot)
    /// The server does not serve the position any more. What was known is to be forgotten; a snapshot follows.
    ///
    /// `epoch_changed`: its store has begun a new life (``Epoch``). `cursor_ahead`: an older copy of it was put back,
    /// and nothing more was done. `cursor_invalid`: it is no cursor.
    case startingOver(ChatError.Code)
    /// Entries that are not to be had: they are not kept any more, or were never this user's to see. What the history still has the client
    /// fills in by itself, in its place, before what follows; by polls only the messages of it, as they stand now and with a `pos` of 0.
    /// Of that a gap is told only when the server refuses it for good.
    case gap(Gap)
    /// Not stored, and possibly merged or left out.
    case typing(ConversationID, UserReference, on: Bool)
    /// Not stored: who came or went, and who is there now.
    case presence(ConversationID, UserReference, isOnline: Bool, active: [UserID])
    /// Everything up to here has come; from now on it comes as it happens. Told again by each connection, and when polls begin again.
    case caughtUp
    /// How the client reaches the server. Only changes are told.
    case connection(ConnectionState)
    /// The server's certificate is not to be believed, and why, as a sentence without its end. Nothing is said to such a server; it is tried
    /// again like one that cannot be reached. Told once, and again after a server has been believed.
    case distrusted(String)
    /// A message of the outbox is stored at the server.
    case sent(OutboxItem, Receipt)
    /// A message of the outbox will not be taken, and has left it.
    case refused(OutboxItem, ChatError)
}

/// How a client reaches its server.
public enum ConnectionState: Sendable, Hashable {
    /// Neither way stands yet.
    case connecting
    /// By WebSocket: what happens comes at once.
    case live
    /// By long-polling, because there was no WebSocket to be had; it is tried again now and then.
    case polling
    /// Nothing was reached. It is tried again after about so many milliseconds.
    case waiting(milliseconds: Int)
}

/// Conversations at one moment.
public struct ClientSnapshot: Sendable, Hashable {
    /// Newest activity first.
    public var conversations: [State]
    /// Whether the user is in more of them than are listed: the list of conversations has the rest.
    public var hasMore: Bool

    /// One conversation as it stood, and what to show of it first.
    public struct State: Sendable, Hashable {
        public var conversation: Conversation
        /// The newest, ascending; fewer, or none, where there is much. The rest is asked for.
        public var messages: [Message]
        /// How far each member has read; who has read nothing is left out.
        public var readMarks: [UserID: Seq]
    }
}

/// A run of entries that was left out.
public struct Gap: Sendable, Hashable {
    public var conversation: ConversationID
    /// The first and the last number that were left out.
    public var seqs: ClosedRange<Seq>
    /// A word: `retention`, for one.
    public var reason: String
    /// Whether the server said that its history has them.
    public var isFillable: Bool
}

/// What the server says of a message that it has stored.
public struct Receipt: Sendable, Hashable {
    /// The identifier that the server gave it.
    public var message: MessageID
    /// Its number in the conversation.
    public var seq: Seq
    /// It had been stored before: an answer was lost, and the message was sent again.
    public var isDuplicate: Bool
}
