import ChatKernel
import Synchronization

/// A session between the moment it was let in and the moment its connection takes over. If that never comes, because
/// the client hung up meanwhile, letting go of this closes it.
final class Boarding: Sendable {
    let session: Session
    let conversation: ConversationID
    /// What the client has.
    let position: Seq
    /// Whether there was nothing to read before the live entries, when it was let in.
    let isUpToDate: Bool
    /// Batches that the lane had been handed before it was let in.
    let batches: Int
    /// Something to be told once it is in: its position could not be served.
    let refusal: ChatError?
    private let isTaken = Atomic<Bool>(false)

    init(
        session: Session, conversation: ConversationID, position: Seq, isUpToDate: Bool, batches: Int,
        refusal: ChatError?
    ) {
        self.session = session
        self.conversation = conversation
        self.position = position
        self.isUpToDate = isUpToDate
        self.batches = batches
        self.refusal = refusal
    }

    /// The connection is responsible for the session from here on.
    func take() { isTaken.store(true, ordering: .relaxed) }

    deinit {
        if !isTaken.load(ordering: .relaxed) { session.close() }
    }
}
