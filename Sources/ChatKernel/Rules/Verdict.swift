/// What the rules say of a draft that stands.
public enum Verdict: Hashable, Sendable {
    /// Append this. The identifier of a new message is made by ``Appendix/change(at:pos:)`` once its `pos` is known.
    case append(author: UserReference, Appendix)
    /// Append nothing; this is the answer.
    case answer(Reply)

    /// A change that is complete but for what only the commit knows.
    public enum Appendix: Hashable, Sendable {
        /// A new message, whose identifier carries the `pos` it gets (``UUIDv7``).
        case message(content: String, clientID: ClientID?, replyTo: MessageID?, entropy: UInt64)
        /// Anything else, complete.
        case other(Change)

        /// The change, for an entry committed at this time and position.
        public consuming func change(at time: Timestamp, pos: Pos) -> Change {
            switch self {
            case .message(let content, let clientID, let replyTo, let entropy):
                .message(
                    Change.Posted(
                        id: UUIDv7.message(at: time, pos: pos, random: entropy), content: content,
                        clientID: clientID, replyTo: replyTo))
            case .other(let change): change
            }
        }

        /// Whether the entry takes a number in its conversation.
        public var isNumbered: Bool {
            if case .other(.read) = self { false } else { true }
        }
    }
}
