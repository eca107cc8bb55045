import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWebSocketProtocol
import ChatWire

/// All of a user's conversations, present and future, behind one cursor: what a connection takes that said `hello {cursor}`.
extension V2Connection {
    /// How far such a connection is. An object: a struct would be copied, with its sets, for each delivery.
    final class Wide {
        /// Where the user's mailbox is.
        let place: Int
        var position: Pos
        /// On the path of one conversation, that one only.
        let conversations: Set<ConversationID>?
        /// The client waits to hear that it has caught up.
        var isBehind = true
        /// The desk does not tell it of what comes: it is further behind than the mailbox may be.
        var isFar = false
        var isReading = false
        /// The last that was sent of its coming and going is that the user went.
        var isAway = false
        /// Conversations of which it hears what is not stored: the liveliest, since each costs the others a notice.
        var heard: Set<ConversationID> = []

        init(place: Int, position: Pos, conversations: Set<ConversationID>?) {
            self.place = place
            self.position = position
            self.conversations = conversations
        }

        /// Whether what comes is sent as it is, with nothing to be said, read or chosen.
        var isStraight: Bool { !isBehind && !isFar && !isReading && conversations == nil }
    }

    /// So many conversations are told that the user is here, and it hears who is there and who types. Past it they are as good as
    /// those of a client that only asks.
    private static let heardLimit = 100

    /// - Throws: `rate_limited`, `store_unavailable`; then nothing has changed.
    func follow(_ user: UserReference, from position: Pos) throws(ChatError) {
        let place = try lane.mail.add(self, of: user, through: lane)
        let wide = Wide(place: place, position: position, conversations: path.map { [$0] })
        self.wide = wide
        // What they had comes by the cursor now, and would come twice. Where the user is, it stays.
        for subscription in Array(subscriptions.values) {
            guard !subscription.hasDeparted, wide.heard.count < Self.heardLimit else {
                subscription.end()
                continue
            }
            subscription.stop()
            wide.heard.insert(subscription.conversation)
            lane.listen(self, to: subscription.conversation)
        }
        subscriptions = [:]
    }

    func unfollow() {
        guard let wide else { return }
        lane.mail.remove(self, at: wide.place)
        for conversation in wide.heard { lane.unlisten(self, to: conversation) }
        self.wide = nil
    }

    /// Answers a subscription to what comes already.
    func standing(in conversation: ConversationID, of user: UserID, _ id: FrameID) {
        let (kernel, cursor) = (lane.kernel, standing)
        answer(id) { () async throws(ChatError) in
            let last = try await kernel.conversation(conversation, as: user).lastSeq
            return { Ack.appendSubscribed(to: id, conversation: conversation, seq: last, cursor: cursor, to: &$0) }
        }
    }

    // MARK: Mail

    /// Nearly always it has all that came before, and gets what everybody in the room gets. Whoever is closing has left the desk.
    func mailCame(_ whole: Parcel, after before: Pos, through: Pos) {
        guard let wide, wide.isStraight, wide.position >= before, wide.position < whole.firstPos,
            stream.queuedBytes <= lane.settings.outboxBytes
        else { return mailCame() }
        wide.position = through
        stream.send(lane.frames(of: whole))
    }

    func mailCame() {
        guard let wide, !wide.isReading, !liveness.isClosing else { return }
        guard stream.queuedBytes <= lane.settings.outboxBytes else { return lag() }
        guard let items = lane.mail.items(at: wide.place, after: wide.position) else {
            // Pages are a reader's own: one at a time, and when the one before has been taken. It is not the client that is slow
            // when its mail was lost, or begins with a gap.
            fallBehind()
            return stream.queuedBytes <= lane.pages.lowWater ? read() : lag()
        }
        if wide.isFar { lane.mail.caughtUp(self, at: wide.place) }
        wide.isFar = false
        let run = MailRun(items, for: user, after: wide.position, among: wide.conversations) {
            V2Frames.bytes(of: $0, epoch: lane.epoch)
        }
        let isCaughtUp = wide.isBehind
        let before = wide.position
        wide.position = run.through
        wide.isBehind = false
        for piece in run.pieces { stream.send(piece.isWhole ? piece.bytes : Array(piece.bytes[piece.range])) }
        for item in items {
            for parcel in item.parcels where parcel.isCrossed(by: user) { cross(parcel.entries, after: before) }
        }
        // Only now: whoever went and came back has both, and stays.
        if path != nil, self.wide?.isAway == true { return close(.removed, "removed") }
        guard isCaughtUp, !liveness.isClosing else { return }
        let cursor = Cursor(epoch: lane.epoch, pos: run.through)
        stream.send(V2Frames.frame { V2.appendCaughtUp(at: cursor, to: &$0) })
    }

    /// Says once that more waits than the client takes.
    private func lag() {
        fallBehind()
        guard let wide, !wide.isBehind else { return }
        self.wide?.isBehind = true
        let items = lane.mail.items(at: wide.place, after: wide.position)
        let waiting = items?.reduce(0) { $0 + $1.parcels.reduce(0) { $0 + $1.count } } ?? 0
        stream.send(V2Frames.frame { V2.appendLagging(behind: Int64(max(1, waiting)), to: &$0) })
    }

    private func fallBehind() {
        guard let place = wide?.place else { return }
        wide?.isFar = true
        lane.mail.isBehind(self, at: place)
    }

    private func read() {
        wide?.isReading = true
        // Not weakly: an object that was once held so costs more each time it is used.
        lane.pages.read({ self.beginPage() }, then: { self.take($0) })
    }

    private func beginPage() -> (@Sendable () async throws(ChatError) -> Kernel.EventPage)? {
        guard let wide, !liveness.isClosing else { return nil }
        lane.mail.readsPage(at: wide.place)
        let (kernel, user, position, conversations) = (lane.kernel, user, wide.position, wide.conversations)
        let limit = min(lane.pages.entries, kernel.limits.pageEntries)
        return { () async throws(ChatError) in
            try await kernel.events(of: user, after: position, among: conversations, limit: limit)
        }
    }

    private func take(_ page: Result<Kernel.EventPage, ChatError>) {
        wide?.isReading = false
        guard wide != nil, !liveness.isClosing else { return }
        switch page {
        case .failure(let error): failed(error)
        case .success(let page):
            let before = wide?.position ?? 0
            wide?.position = page.through
            let bytes = V2Frames.bytes(of: page.entries, epoch: lane.epoch)
            lane.pages.pageTook(bytes.count, entries: page.entries.count)
            if !bytes.isEmpty { stream.send(bytes) }
            cross(page.entries, after: before)
            mailCame()
        }
    }

    // MARK: What is not stored

    /// Lets the liveliest conversations know that the user is here.
    func hear(_ session: Session) {
        if let path { return hear(path, session) }
        let (lane, user) = (lane, session.user.id)
        // Not weakly, as in ``inquire(_:then:)``. Of one that has closed by then nothing is left to be done.
        lane.errands.send { [self] in
            let store = lane.kernel.store
            guard let conversations = try? await store.conversationIDs(of: user, limit: Self.heardLimit) else { return }
            lane.loop.post { [self] in
                for conversation in conversations { hear(conversation, session) }
            }
        }
    }

    private func hear(_ conversation: ConversationID, _ session: Session) {
        guard let wide, wide.heard.count < Self.heardLimit, !wide.heard.contains(conversation) else { return }
        self.wide?.heard.insert(conversation)
        lane.listen(self, to: conversation)
        let lane = lane
        lane.errands.send { [self] in
            let refusal: ChatError?
            do throws(ChatError) {
                _ = try await session.join(conversation)
                refusal = nil
            } catch {
                refusal = error
            }
            lane.loop.post { [self] in
                guard self.wide?.heard.contains(conversation) == true else { return session.leave(conversation) }
                guard let refusal else { return session.announce(conversation) }
                hearNoMore(conversation, session)
                if refusal.code == .notAMember, conversation == path { leftBefore() }
            }
        }
    }

    /// The user has been removed, though this connection's mail may not be so far.
    func hearNoMore(_ conversation: ConversationID) {
        if let session { hearNoMore(conversation, session) }
    }

    private func hearNoMore(_ conversation: ConversationID, _ session: Session) {
        guard wide?.heard.remove(conversation) != nil else { return }
        missedPresence[conversation] = nil
        lane.unlisten(self, to: conversation)
        session.leave(conversation)
    }

    /// The user had left the only conversation of this connection before it was let in: there will be nothing, when it has had what
    /// there is.
    private func leftBefore() {
        guard let wide, !wide.isReading, !wide.isBehind else {
            self.wide?.isAway = true
            return
        }
        close(.removed, "removed")
    }

    /// The user came into a conversation, or left it: of that its mail tells, though it may be of a while ago. Where the user is not
    /// any more it has been told by then, by ``hearNoMore(_:)``.
    private func cross(_ entries: [Entry], after position: Pos) {
        guard let session else { return }
        for entry in entries where entry.pos > position && (path == nil || path == entry.conversation) {
            switch entry.change {
            case .created(_, let members) where members.contains { $0.user.id == user }:
                hear(entry.conversation, session)
            case .member(let action, let member) where member.user.id == user:
                if action == .added {
                    wide?.isAway = false
                    hear(entry.conversation, session)
                }
                if action.endsMembership { wide?.isAway = true }
            default: break
            }
        }
    }
}
