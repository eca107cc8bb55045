/// A draft on its way to the store, and who wants to know what becomes of it.
public struct Submission: Sendable {
    let draft: Draft
    let origin: Origin
    /// About what it occupies while it waits, in bytes.
    let cost: Int

    init(draft: consuming Draft, origin: Origin) {
        cost =
            switch draft.proposal {
            case .post(let content, _, _): 256 &+ content.utf8.count
            case .edit(_, let content): 256 &+ content.utf8.count
            case .create(_, let participants): 512 &+ 64 &* participants.count
            default: 256
            }
        self.draft = draft
        self.origin = origin
    }

    enum Origin: Sendable {
        /// A session's command. Unless `wantsReply`, only a refusal is told.
        case session(Session, tag: UInt64, wantsReply: Bool)
        case call(CheckedContinuation<Result<Reply, ChatError>, Never>)
    }
}

extension Submission {
    /// The session whose command this is, and its tag; nil for an embedder's.
    public var session: (session: Session, tag: UInt64)? {
        if case .session(let session, let tag, _) = origin { (session, tag) } else { nil }
    }
}
