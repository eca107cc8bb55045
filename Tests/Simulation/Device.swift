import ChatKernel

/// A client, with what it remembers from one connection to the next.
final class Device {
    let number: Int
    let user: UserReference
    /// The last number it received of each conversation; none for one it never followed.
    var positions: [ConversationID: Seq] = [:]
    var connection: Connection?

    init(number: Int, user: UserReference) {
        self.number = number
        self.user = user
    }
}

/// A socket, and the session behind it.
final class Connection {
    let device: Device
    let loop: Loop
    let session: Session
    var followings: [Following] = []
    /// On its way to the device.
    var frames: [Frame] = []
    /// The highest position a command of this connection got: they are committed in the order in which they were sent.
    var committed: (attempt: Int, pos: Pos) = (-1, 0)
    var typists: [(conversation: ConversationID, user: UserID)] = []
    /// Attempts whose end the device does not know.
    var unanswered: [Int] = []
    var isOpen = true

    init(device: Device, loop: Loop, session: Session) {
        self.device = device
        self.loop = loop
        self.session = session
    }

    func following(_ conversation: ConversationID) -> Following? {
        followings.first { $0.conversation == conversation }
    }
}

enum Frame {
    /// The device asked to begin at the present, which is here.
    case begins(ConversationID, at: Seq)
    case entry(Entry)
    case settled(attempt: Int, Result<Reply, ChatError>)
    case typing(ConversationID, UserID, on: Bool)

    /// The conversation in which it moves the device's position.
    var moves: ConversationID? {
        switch self {
        case .begins(let room, _): room
        case .entry(let entry): entry.conversation
        case .settled, .typing: nil
        }
    }

    var typing: ConversationID? { if case .typing(let room, _, _) = self { room } else { nil } }
}

/// One conversation on one connection: what a transport keeps for it.
final class Following {
    let number: Int
    let conversation: ConversationID
    let connection: Connection
    var feed: Feed
    /// Nil to begin at the present.
    let after: Seq?
    /// Whether it was there to hold what came while the session joined. A transport may also come after: then it must
    /// read a page at once, for parcels have passed it by.
    let isAttachedFirst: Bool
    /// The head of the log, and whether the user was a member, when joining began.
    let atStart: (head: Seq, isMember: Bool)
    var isJoined = false
    /// How much the loop had been handed when it joined.
    var joinedAt = 0
    var isReading = false
    var mustRead = false
    var isOver = false
    /// The last number handed to the socket.
    var pushed: Seq
    var activeUsers: [UserID]?
    /// Held back by a link that delays.
    var delayed: Parcel?
    var lastParcel: Parcel?

    init(
        number: Int, conversation: ConversationID, connection: Connection, after: Seq?, isAttachedFirst: Bool,
        atStart: (head: Seq, isMember: Bool), holdLimit: Int
    ) {
        self.number = number
        self.conversation = conversation
        self.connection = connection
        self.after = after
        self.isAttachedFirst = isAttachedFirst
        self.atStart = atStart
        pushed = after ?? 0
        feed = Feed(position: after ?? 0, isLive: false, holdLimit: holdLimit)
    }
}

/// A message somebody wants to send, through however many attempts it takes.
struct Letter {
    let device: Device
    let conversation: ConversationID
    let text: String
    let key: ClientID?
    /// Attempts whose end the sender does not know.
    var inFlight = 0
    /// The sender has been told that it was kept.
    var isAcknowledged = false
    /// The kernel has said that it was kept.
    var mustExist = false
}

/// One command on its way.
struct Attempt {
    enum Kind: Equatable {
        case letter(Int)
        /// Another text under a key that was used: to be refused, unless it comes first.
        case forgery(Int)
        case other
    }

    let kind: Kind
    let user: UserID
    let conversation: ConversationID
    let wantsReply: Bool
    /// Nil when an embedder asked.
    let connection: Connection?
    let life: Int
    /// It passed the first door.
    var isAccepted = false
    var isSettled = false
}
