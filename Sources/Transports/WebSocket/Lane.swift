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
    let durability: Durability
    private var rooms: [ConversationID: Room] = [:]
    private var connections: [Session.ID: WebSocketConnection] = [:]
    private var gathered: [Submission] = []
    /// The connection whose replies are gathered at this moment, and what they are so far. Here and not with each of
    /// thousands.
    private(set) var speaker: WebSocketConnection?
    var replies: [UInt8] = []
    /// Whose pages are being read, and who waits for its turn.
    let pages = PageQueue()
    private let delivered = Atomic<Int>(0)

    /// The connections that follow one conversation, in an array that delivery walks.
    private final class Room {
        let conversation: ConversationID
        var connections: [WebSocketConnection] = []

        init(_ conversation: ConversationID) { self.conversation = conversation }
    }

    init(kernel: Kernel, loop: EventLoop, settings: WebSocketSettings, errands: Errands) {
        self.kernel = kernel
        self.loop = loop
        self.settings = settings
        self.errands = errands
        durability = kernel.store.guarantees.durability
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
        for parcel in batch.parcels { _ = V1Frames.bytes(of: parcel, kernel: kernel) }
        let isTaken = loop.post { [self] in take(batch) }
        if !isTaken { batch.finished() }
    }

    func signal(_ signal: Signal) {
        loop.post { [self] in take(signal) }
    }

    // MARK: On the loop

    func add(_ connection: WebSocketConnection) {
        connections[connection.session.id] = connection
        let room = rooms[connection.conversation] ?? Room(connection.conversation)
        rooms[connection.conversation] = room
        // One text for all of a room, instead of each request's own.
        connection.conversation = room.conversation
        room.connections.append(connection)
    }

    func remove(_ connection: WebSocketConnection) {
        connections[connection.session.id] = nil
        guard let room = rooms[connection.conversation] else { return }
        if let at = room.connections.firstIndex(where: { $0 === connection }) {
            room.connections.swapAt(at, room.connections.count - 1)
            room.connections.removeLast()
        }
        if room.connections.isEmpty { rooms[connection.conversation] = nil }
    }

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
    func giveFloor(to connection: WebSocketConnection?) {
        guard speaker !== connection else { return }
        speaker?.sendReplies()
        speaker = connection
    }

    private func settle(_ tag: UInt64, _ result: Result<Reply, ChatError>, of session: Session) {
        guard let connection = connections[session.id] else { return }
        giveFloor(to: connection)
        connection.settle(tag, result)
    }

    private func take(_ batch: Batch) {
        for parcel in batch.parcels {
            guard let room = rooms[parcel.conversation] else { continue }
            let bytes = V1Frames.bytes(of: parcel, kernel: kernel)
            // A connection that fails while it is sent to leaves the room at the end of the round, not now.
            for connection in room.connections { connection.take(parcel, bytes) }
        }
        for settlement in batch.settlements { settle(settlement.tag, settlement.result, of: settlement.session) }
        giveFloor(to: nil)
        // Reported once the loop has polled again and handed over what came in meanwhile: else the next batch starts
        // without the messages that are already in the sockets.
        loop.afterNextPoll { batch.finished() }
    }

    private func take(_ signal: Signal) {
        guard let room = rooms[signal.conversation], let frame = V1Frames.frame(for: signal) else { return }
        let origin: Session.ID? = if case .typing(_, _, _, let origin) = signal { origin } else { nil }
        for connection in room.connections where connection.session.id != origin {
            connection.take(signal, frame)
        }
    }
}
