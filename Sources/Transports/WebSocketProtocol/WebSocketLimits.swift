/// The bounds on what one peer may send. Beyond each of them the connection is closed; the code is named.
public struct WebSocketLimits: Sendable, Equatable {
    /// Payload of a single frame, in bytes; beyond it 1009, as soon as the header has arrived. The same as a message by default:
    /// a client may fragment, it need not.
    public var frameBytes: Int

    /// Payload of a message over all its fragments, in bytes; beyond it 1009, as soon as the header that passes it has arrived.
    /// 1 MiB leaves room for the largest chat message (64 KiB) with every character escaped. One connection's machine never
    /// holds more than this.
    public var messageBytes: Int

    /// Frames of one message; beyond it 1008. Empty fragments cost no memory, but each costs its sender 6 bytes and us a step, and a
    /// message must end some day. 65,536 is 1 MiB in pieces of 16 bytes.
    public var fragments: Int

    public init(frameBytes: Int = 1 << 20, messageBytes: Int = 1 << 20, fragments: Int = 65_536) {
        self.frameBytes = max(0, frameBytes)
        self.messageBytes = max(0, messageBytes)
        self.fragments = max(1, fragments)
    }
}
