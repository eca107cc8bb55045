import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWire

/// Server-sent events: what happens, for as long as the connection lives. Takes its mail as fast as its socket drains, and reads
/// from the store what the mailbox no longer has, so that a slow reader costs no more than a fast one.
final class EventStream: StreamHandler, MailReader, @unchecked Sendable {
    private let owner: UserReference
    private var place: Int?
    private let session: Session
    private let conversations: Set<ConversationID>?
    private var position: Pos
    private let stream: ByteStream
    private let lane: EventLane
    private let endsAt: Int64
    private var saidAt: Int64
    private var isReading = false
    /// More waits than the client takes.
    private var isBehind = false
    private var isOver = false

    /// More is queued only by the last that was let in: the rest waits where all readers share it.
    private static let queueBytes = 256 << 10
    /// A reader that takes nothing for so long is gone.
    private static let stallLimit: Int64 = 45_000_000_000

    init(_ request: EventRequest, _ session: Session, position: Pos, on stream: ByteStream, in lane: EventLane) {
        owner = request.identity.user
        self.session = session
        conversations = request.conversations
        self.position = position
        self.stream = stream
        self.lane = lane
        saidAt = lane.loop.now
        let life = Int64(lane.settings.streamSeconds) * 1_000_000_000
        endsAt = lane.loop.now + min(life, request.identity.timeLeft(at: lane.kernel.time.wall()))
    }

    func begin() {
        do throws(ChatError) {
            place = try lane.mail.add(self, of: owner, through: lane)
        } catch {
            return end()
        }
        arm()
        mailCame()
    }

    // MARK: To the client

    func mailCame() {
        guard !isOver, !isReading, let place else { return }
        guard stream.queuedBytes <= Self.queueBytes else { return fallBehind(at: place) }
        guard let items = lane.mail.items(at: place, after: position) else {
            fallBehind(at: place)
            // Pages are a reader's own: one at a time, and when the one before has been taken.
            if stream.queuedBytes <= lane.mail.pages.lowWater { read(at: place) }
            return
        }
        if isBehind { lane.mail.caughtUp(self, at: place) }
        isBehind = false
        let run = MailRun(items, for: owner.id, after: position, among: conversations) {
            EventForm.serverSent.bytes(of: $0, epoch: lane.epoch)
        }
        position = run.through
        for piece in run.pieces { send(piece.isWhole ? piece.bytes : Array(piece.bytes[piece.range])) }
    }

    private func send(_ bytes: [UInt8]) {
        saidAt = lane.loop.now
        stream.send(bytes)
    }

    private func fallBehind(at place: Int) {
        isBehind = true
        lane.mail.isBehind(self, at: place)
    }

    private func read(at place: Int) {
        isReading = true
        lane.mail.pages.read({ self.beginPage(at: place) }, then: { self.take($0) })
    }

    private func beginPage(at place: Int) -> (@Sendable () async throws(ChatError) -> Kernel.EventPage)? {
        guard !isOver else { return nil }
        lane.mail.readsPage(at: place)
        let (kernel, user, position, conversations) = (lane.kernel, owner.id, position, conversations)
        let limit = min(lane.mail.pages.entries, kernel.limits.pageEntries)
        return { () async throws(ChatError) in
            try await kernel.events(of: user, after: position, among: conversations, limit: limit)
        }
    }

    private func take(_ result: Result<Kernel.EventPage, ChatError>) {
        isReading = false
        guard !isOver else { return }
        // It comes back when the store does, with its last id.
        guard case .success(let page) = result else { return end() }
        var bytes: [UInt8] = []
        for entry in page.entries { EventForm.serverSent.append(entry, epoch: lane.epoch, to: &bytes) }
        position = page.through
        lane.mail.pages.pageTook(bytes.count, entries: page.entries.count)
        if !bytes.isEmpty { send(bytes) }
        mailCame()
    }

    func drained(_ stream: ByteStream) {
        arm()
        mailCame()
    }

    // MARK: Time

    private func arm() {
        // Nothing is said to a reader that takes nothing.
        let due =
            stream.stalledSince.map { $0 + Self.stallLimit }
            ?? saidAt + Int64(lane.settings.heartbeatSeconds) * 1_000_000_000
        stream.deadline = min(due, endsAt)
    }

    func deadlineReached(_ stream: ByteStream, now: Int64) {
        guard !isOver else { return stream.close() }
        if let stalled = stream.stalledSince {
            if stalled + Self.stallLimit <= now { return stream.close() }
        } else if now - saidAt >= Int64(lane.settings.heartbeatSeconds) * 1_000_000_000 {
            send(Self.heartbeat)
        }
        if now >= endsAt { return end() }
        arm()
    }

    /// A comment: keeps the proxies from giving up, and tells us when the peer is gone.
    private static let heartbeat = Array(":\n\n".utf8)

    // MARK: The end

    /// What has been said is sent, and then it is over: the client comes back with its last id.
    private func end() {
        isOver = true
        stream.closeAfterFlush(deadline: lane.loop.now + 5_000_000_000)
    }

    /// Its next request is refused.
    func dismiss() { end() }

    /// There is nothing to be heard from a client.
    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int { bytes.byteCount }

    func inputEnded(_ stream: ByteStream) { end() }

    func drain(_ stream: ByteStream, deadline: Int64) { end() }

    func ended(_ stream: ByteStream, reason: EndReason) {
        isOver = true
        if let place { lane.mail.remove(self, at: place) }
        place = nil
        session.close()
    }
}
