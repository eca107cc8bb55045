import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

// Conversations that are followed one by one, each from a number of its own.
extension V2Connection {
    func subscribe(
        to conversation: ConversationID, after: Seq?, _ session: Session, _ id: FrameID?
    ) throws(ChatError) {
        if let known = subscriptions[conversation] {
            // Harmless, and says where it stands.
            if let id { acknowledge(id, conversation, at: known.feed.position, standing) }
            return
        }
        guard wide == nil else {
            // Harmless too: by the cursor comes all of it.
            if let id { standing(in: conversation, of: session.user.id, id) }
            return
        }
        guard subscriptions.count < Self.subscriptionLimit else {
            throw ChatError(
                .conflict,
                "A connection has at most \(Self.subscriptionLimit) subscriptions; hello with a cursor has all.")
        }
        // Before the head is read: what is delivered from here on finds no subscription yet, and may not be in the head.
        let batches = lane.batches
        inquire({ () async throws(ChatError) in
            let standing = try await session.join(conversation)
            guard after ?? 0 <= standing.lastSeq else {
                session.leave(conversation)
                throw ChatError(
                    .cursorAhead,
                    "This conversation has not come to \(after ?? 0); it stands at \(standing.lastSeq).")
            }
            return standing.lastSeq
        }) { [self] in
            switch $0 {
            case .failure(let error): send(error, id: id)
            case .success(let last):
                subscribe(to: conversation, from: after ?? last, last, batches, after != nil, session, id)
            }
        }
    }

    private static let subscriptionLimit = 1000

    private func subscribe(
        to conversation: ConversationID, from position: Seq, _ last: Seq, _ batches: Int, _ isCatchingUp: Bool,
        _ session: Session, _ id: FrameID?
    ) {
        let feed = Feed(
            position: position, isLive: position == last && batches == lane.batches,
            holdLimit: lane.kernel.limits.heldEntries)
        let subscription = Subscription(
            conversation, of: session, on: self, feed: feed, isCatchingUp: isCatchingUp)
        subscriptions[conversation] = subscription
        // Before it is answered: behind the cursor told there nothing is still to be read.
        if !feed.isLive { subscription.fallBehind() }
        if let id { acknowledge(id, conversation, at: position, standing) }
        subscription.begin()
    }

    func unsubscribe(from conversation: ConversationID, _ id: FrameID?) throws(ChatError) {
        guard wide == nil else {
            throw ChatError(.conflict, "hello with a cursor has all conversations, and not all but one.")
        }
        subscriptions.removeValue(forKey: conversation)?.end()
        if let id { acknowledge(id) }
    }

    func endSubscriptions() {
        for subscription in Array(subscriptions.values) { subscription.end() }
        subscriptions = [:]
    }

    /// The user is not in a conversation any more, and has been told so by its removal.
    func departed(from conversation: ConversationID) {
        subscriptions[conversation] = nil
        missedPresence[conversation] = nil
        if conversation == path { close(.removed, "removed") }
    }
}
