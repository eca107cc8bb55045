import ChatHTTPServer
import ChatKernel
import ChatNet
import ChatWire
import Synchronization

/// The connections of one loop: takes batches from the committer, and gathers what the loop's connections say in one round.
///
/// Confinement, on which `@unchecked Sendable` stands: `deliver` and `signal` may be called from any thread and only
/// post; everything else is touched on the loop alone.
final class Lane: Outlet, @unchecked Sendable {
    let kernel: Kernel
    let loop: EventLoop
    let settings: WebSocketSettings
    let errands: Errands
    let epoch: Epoch
    let durability: Durability
    /// Whether who was away can have what it missed.
    let resumes: Bool
    private var rooms: [ConversationID: Room] = [:]
    private var connections: [Session.ID: WebSocketChannel] = [:]
    private var gathered: [Submission] = []
    /// The connection whose replies are gathered at this moment, and what they are so far. Here and not with each of
    /// thousands.
    private(set) var speaker: WebSocketChannel?
    var replies: [UInt8] = []
    /// Whose pages are being read, and who waits for its turn.
    var pages: PageQueue { mail.pages }
    /// For connections that follow all of their user's conversations.
    let mail: MailDesk
    /// What was sent last by a cursor: mostly the next connection is sent the same.
    private var latest: (parcel: Parcel, frames: [UInt8])?
    private var handed: Pos
    private var taken = 0
    private let delivered = Atomic<Int>(0)
    /// How many connections there are of each profile: nothing is encoded for nobody.
    private let first = Atomic<Int>(0)
    private let second = Atomic<Int>(0)

    /// Those who follow one conversation, in arrays that delivery walks.
    private final class Room {
        let conversation: ConversationID
        var connections: [V1Connection] = []
        var subscriptions: [Subscription] = []
        /// Of those who follow all of their conversations: who hears what is not stored of this one.
        var listeners: [V2Connection] = []

        init(_ conversation: ConversationID) { self.conversation = conversation }

        var isEmpty: Bool { connections.isEmpty && subscriptions.isEmpty && listeners.isEmpty }
    }

    init(kernel: Kernel, loop: EventLoop, settings: WebSocketSettings, errands: Errands, head: Cursor) {
        self.kernel = kernel
        self.loop = loop
        self.settings = settings.fitted(toContent: kernel.limits.messageBytes)
        self.errands = errands
        epoch = head.epoch
        // Whoever comes reads what there is by then, and is live only when it has it.
        handed = head.pos
        let guarantees = kernel.store.guarantees
        durability = guarantees.durability
        resumes = guarantees.resume(over: WebSocketAdapter.guarantees)
        mail = MailDesk(kernel: kernel, loop: loop, errands: errands, attends: false)
        loop.post { [weak self] in
            loop.atRoundEnd { self?.handOver() }
        }
    }

    // MARK: From any thread

    /// Batches handed to this lane so far. While the number stays, nobody who is still being let in has missed anything.
    var batches: Int { delivered.load(ordering: .acquiring) }

    func deliver(_ batch: Batch) {
        delivered.add(1, ordering: .releasing)
        // Encoded here, on the committer's thread, while the loop is still busy with the sockets.
        if first.load(ordering: .relaxed) > 0 {
            for parcel in batch.parcels { _ = V1Frames.bytes(of: parcel, kernel: kernel) }
        }
        if second.load(ordering: .relaxed) > 0 {
            for parcel in batch.parcels { _ = V2Frames.bytes(of: parcel, epoch: epoch) }
            for mail in batch.mail { _ = V2Frames.bytes(of: mail.parcel, epoch: epoch) }
        }
        let isTaken = loop.post { [self] in take(batch) }
        if !isTaken { batch.finished() }
    }

    func signal(_ signal: Signal) {
        loop.post { [self] in take(signal) }
    }

    /// Up to here its connections have been handed all there is: nothing is left to be sent but to those that are behind.
    var through: Pos {
        // Asked first: what was delivered up to here has been counted by then.
        let all = kernel.deliveredThrough ?? 0
        if taken == batches { handed = max(handed, all) }
        return handed
    }

    // MARK: Who is here

    func add(_ connection: V1Connection) {
        first.add(1, ordering: .relaxed)
        connections[connection.session.id] = connection
        let room = room(connection.conversation)
        // One text for all of a room, instead of each request's own.
        connection.conversation = room.conversation
        room.connections.append(connection)
    }

    func remove(_ connection: V1Connection) {
        guard connections.removeValue(forKey: connection.session.id) != nil else { return }
        first.subtract(1, ordering: .relaxed)
        leave(connection.conversation) { $0.connections.removeSwapping(connection) }
    }

    /// A connection of profile v2 that has said who it is.
    func add(_ connection: V2Connection, _ session: Session) {
        second.add(1, ordering: .relaxed)
        connections[session.id] = connection
    }

    func remove(_ session: Session) {
        guard connections.removeValue(forKey: session.id) != nil else { return }
        second.subtract(1, ordering: .relaxed)
    }

    func add(_ subscription: Subscription) { room(subscription.conversation).subscriptions.append(subscription) }

    func remove(_ subscription: Subscription) {
        leave(subscription.conversation) { $0.subscriptions.removeSwapping(subscription) }
    }

    func listen(_ connection: V2Connection, to conversation: ConversationID) {
        room(conversation).listeners.append(connection)
    }

    func unlisten(_ connection: V2Connection, to conversation: ConversationID) {
        leave(conversation) { $0.listeners.removeSwapping(connection) }
    }

    private func room(_ conversation: ConversationID) -> Room {
        if let room = rooms[conversation] { return room }
        let room = Room(conversation)
        rooms[conversation] = room
        return room
    }

    private func leave(_ conversation: ConversationID, _ change: (Room) -> Void) {
        guard let room = rooms[conversation] else { return }
        change(room)
        if room.isEmpty { rooms[conversation] = nil }
    }

    // MARK: What they say

    /// Keeps a command until the round ends, so that all of a round's travel as one.
    func gather(_ submission: consuming Submission) { gathered.append(submission) }

    /// Submits what the round gathered.
    func handOver() {
        guard !gathered.isEmpty else { return }
        let round = gathered
        gathered = []
        do throws(ChatError) {
            try kernel.submit(round)
        } catch {
            for submission in round {
                guard let (session, tag) = submission.session else { continue }
                settle(tag, .failure(error), of: session)
            }
            giveFloor(to: nil)
        }
    }

    /// Gathers the replies of one connection from here on, and sends those of the one before. They lie behind one
    /// another in one buffer: 32 acknowledgements of a client that keeps a window are one system call.
    func giveFloor(to connection: WebSocketChannel?) {
        guard speaker !== connection else { return }
        speaker?.sendReplies()
        speaker = connection
    }

    private func settle(_ tag: UInt64, _ result: Result<Reply, ChatError>, of session: Session) {
        guard let connection = connections[session.id] else { return }
        giveFloor(to: connection)
        connection.settle(tag, result)
    }

    // MARK: What they are told

    private func take(_ batch: Batch) {
        for parcel in batch.parcels {
            guard let room = rooms[parcel.conversation] else { continue }
            // A connection that fails while it is sent to leaves the room at the end of the round, not now.
            if !room.connections.isEmpty {
                let bytes = V1Frames.bytes(of: parcel, kernel: kernel)
                for connection in room.connections { connection.take(parcel, bytes) }
            }
            if !room.subscriptions.isEmpty {
                let bytes = V2Frames.bytes(of: parcel, epoch: epoch).bytes
                // A copy: one that ends leaves at once.
                for subscription in room.subscriptions { subscription.take(parcel, bytes) }
            }
            if !parcel.departures.isEmpty {
                // At once, however far behind their mail they are. A copy: who hears no more leaves.
                for connection in Array(room.listeners) where parcel.removes(connection.user) {
                    connection.hearNoMore(parcel.conversation)
                }
            }
        }
        mail.take(batch)
        handed = max(handed, batch.through)
        taken &+= 1
        latest = nil
        for settlement in batch.settlements { settle(settlement.tag, settlement.result, of: settlement.session) }
        giveFloor(to: nil)
        if !batch.dismissals.isEmpty { dismiss(Set(batch.dismissals)) }
        // Reported once the loop has polled again and handed over what came in meanwhile: else the next batch starts
        // without the messages that are already in the sockets.
        loop.afterNextPoll { batch.finished() }
    }

    /// The frames of a parcel in profile v2.
    func frames(of parcel: Parcel) -> [UInt8] {
        if let latest, latest.parcel === parcel { return latest.frames }
        let frames = V2Frames.bytes(of: parcel, epoch: epoch).bytes
        latest = (parcel, frames)
        return frames
    }

    private func dismiss(_ users: Set<UserID>) {
        // A copy: who is closed may leave.
        for connection in Array(connections.values) where users.contains(connection.user) { connection.dismiss() }
    }

    private func take(_ signal: Signal) {
        guard let room = rooms[signal.conversation] else { return }
        if !room.connections.isEmpty, let frame = V1Frames.frame(for: signal) {
            for connection in room.connections where signal.concerns(connection.session.id) {
                connection.take(signal, frame)
            }
        }
        guard !room.subscriptions.isEmpty || !room.listeners.isEmpty else { return }
        let frames = V2Frames.frames(for: signal)
        for subscription in room.subscriptions
        where !subscription.hasDeparted && signal.concerns(subscription.session.id) {
            subscription.connection.take(signal, frames)
        }
        for connection in room.listeners where signal.concerns(connection.session?.id) {
            connection.take(signal, frames)
        }
    }
}

extension Array where Element: AnyObject {
    /// Removes an element; the last one takes its place.
    fileprivate mutating func removeSwapping(_ element: Element) {
        guard let at = firstIndex(where: { $0 === element }) else { return }
        swapAt(at, count - 1)
        removeLast()
    }
}
