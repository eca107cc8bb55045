/// Where deliveries leave the kernel: one for each loop of a transport, or one for each reader in the same process.
///
/// ## For adapter authors
/// Called in commit order, from the committer; signals come from any thread. Neither call may block or wait. Tell
/// ``Batch/finished()`` when the batch has been sent: the next commit waits for it (a few milliseconds at most), so that
/// messages gather into larger batches exactly while you are busy.
public protocol Outlet: AnyObject, Sendable {
    func deliver(_ batch: Batch)
    func signal(_ signal: Signal)
}

/// What one commit brought to one outlet.
public final class Batch: Sendable {
    /// In commit order; at most one for each conversation.
    public let parcels: [Parcel]
    /// What became of the commands of this outlet's sessions, in the order in which they were submitted.
    public let settlements: [Settlement]
    private let report: Report

    init(parcels: [Parcel], settlements: [Settlement], gate: @escaping @Sendable () -> Void) {
        self.parcels = parcels
        self.settlements = settlements
        report = Report(gate)
    }

    /// Says that everything here has been handed to the network. Only the first call counts; an outlet that forgets
    /// says it by letting go of the batch.
    public func finished() { report.make() }

    deinit { report.make() }
}

/// The answer to one command of a session.
public struct Settlement: Sendable {
    public let session: Session
    /// As given when the command was prepared.
    public let tag: UInt64
    public let result: Result<Reply, ChatError>
}
