public import ChatKernel

/// A message on its way: kept until the server has said that it is stored, or will not be.
///
/// It is sent as often as it takes, always with the same ``clientID``, so that the server has it once. A server knows that name for 24 hours
/// at least. A client with a cursor that was away for longer looks first whether the message is among what it has missed; one that begins
/// without a cursor cannot, and sends again what may have been stored before.
public struct OutboxItem: Sendable, Hashable {
    public let clientID: ClientID
    public let conversation: ConversationID
    /// How long it may be the server says, by refusing it.
    public let content: String
    public let replyTo: MessageID?

    /// - Parameter clientID: at most 64 bytes, never used before in this conversation; nil for a new random one.
    public init(
        to conversation: ConversationID, content: String, replyTo: MessageID? = nil, clientID: ClientID? = nil
    ) {
        self.clientID = clientID ?? Self.newID()
        self.conversation = conversation
        self.content = content
        self.replyTo = replyTo
    }

    /// 128 random bits: nobody can foresee it.
    private static func newID() -> ClientID {
        ClientID((0..<4).map { _ in String(UInt32.random(in: .min ... .max), radix: 36) }.joined(separator: "-"))
    }
}

/// Where an outbox outlives its client: so that what was written on a plane is sent after the app was started again.
///
/// One call at a time, on the thread of whoever sends or on the client's own, so a call should take milliseconds.
public protocol OutboxStore: Sendable {
    /// All items, in the order in which they were added. Asked once, when the client begins.
    func items() throws -> [OutboxItem]
    /// The item is about to be sent for the first time. When this throws it is not sent, and the sender is told.
    func add(_ item: OutboxItem) throws
    /// The item is not to be sent any more. When this fails it will be sent once more by the next client, which does no harm.
    func remove(_ item: OutboxItem)
}
