import ChatHTTPServer
import ChatKernel

/// What is known of a client of profile v1 when it is let in.
struct Boarding: Sendable {
    let session: PendingSession
    let conversation: ConversationID
    /// What the client has.
    let position: Seq
    /// Whether there was nothing to read before the live entries, when it was let in.
    let isUpToDate: Bool
    /// Batches that the lane had been handed before it was let in.
    let batches: Int
    /// Something to be told once it is in: its position could not be served.
    let refusal: ChatError?
}
