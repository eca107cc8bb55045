/// Where deliveries leave the kernel: one for each loop of a transport, or one for each reader in the same process.
///
/// ## For adapter authors
/// Called in commit order, from the committer; signals come from any thread. Neither call may block or wait, or call a session or
/// the kernel back. ``Batch/dismissals`` must be obeyed: what is open for these users must be closed, after what the batch brings; and
/// nothing of ``Batch/expiries`` may be shown from memory any more. Tell
/// ``Batch/finished()`` when the batch has been sent: the next commit waits for it (a few milliseconds at most), so that
/// messages gather into larger batches exactly while you are busy.
public protocol Outlet: AnyObject, Sendable {
    /// A commit brought something for this outlet, or settled commands of its sessions. Never twice at once. The
    /// committer waits until it returns: pass the batch on to a thread of your own.
    func deliver(_ batch: Batch)
    /// Somebody types, comes or goes in a conversation that one of its sessions has joined. Meant for those of them
    /// that ``Signal/concerns(_:)`` says; may be dropped.
    func signal(_ signal: Signal)
}

/// What one commit brought to one outlet.
public final class Batch: Sendable {
    /// Of the conversations that its readers follow, in commit order; at most one for each.
    public let parcels: [Parcel]
    /// Of the conversations that its followed users are or were in, in commit order; at most one for each.
    public let mail: [Mail]
    /// Not all mail is here: what the followed users are to get of this batch is in the store only.
    public let lacksMail: Bool
    /// Users who may not be here any more: everything of theirs is to be closed, after what this batch brings.
    public let dismissals: [UserID]
    /// What the store does not keep any more: to be shown from memory no longer.
    public let expiries: [Expiry]
    /// Everything committed up to here has been handed out, with this batch.
    public let through: Pos
    /// What became of the commands of this outlet's sessions, in the order in which they were submitted.
    public let settlements: [Settlement]
    private let report: Report

    init(_ contents: consuming Contents, through: Pos, gate: @escaping @Sendable () -> Void) {
        parcels = contents.parcels
        mail = contents.mail
        lacksMail = contents.lacksMail
        dismissals = contents.dismissals
        expiries = contents.expiries
        settlements = contents.settlements
        self.through = through
        report = Report(gate)
    }

    struct Contents {
        var parcels: [Parcel] = []
        var mail: [Mail] = []
        var lacksMail = false
        var dismissals: [UserID] = []
        var expiries: [Expiry] = []
        var settlements: [Settlement] = []
    }

    /// Says that everything here has been handed to the network. Only the first call counts; an outlet that forgets
    /// says it by letting go of the batch.
    public func finished() { report.make() }

    deinit { report.make() }
}

/// A parcel for users whom an outlet follows, wherever they are.
public struct Mail: Sendable {
    public let parcel: Parcel
    /// Who may see something of it. What that is ``Parcel/visible(to:)`` says; mostly all.
    public let followers: [Follower]
}

/// A user whom an outlet follows through all of the user's conversations, those to come included.
public final class Follower: Sendable {
    public let user: UserID
    /// The outlet's own name for it.
    public let place: Int
    /// Held by ``Followers`` for as long as this is among them, and asked for only there: the outlet itself keeps its followers.
    unowned let outlet: any Outlet

    init(user: UserID, place: Int, outlet: any Outlet) {
        self.user = user
        self.place = place
        self.outlet = outlet
    }
}

/// The answer to one command of a session.
public struct Settlement: Sendable {
    public let session: Session
    /// As given when the command was prepared.
    public let tag: UInt64
    public let result: Result<Reply, ChatError>
}
