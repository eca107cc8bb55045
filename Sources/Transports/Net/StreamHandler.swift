/// Why a stream is no more.
public enum EndReason: Sendable, Equatable {
    /// We closed it, by `close()` or after `closeAfterFlush(deadline:)`.
    case closed
    /// The peer ended its sending side and nobody wished to go on.
    case peerClosed
    /// As `peerClosed`, on TLS and without its farewell (`close_notify`): somebody else may have cut the peer off. For protocols that
    /// say themselves where a message ends it is no different.
    case truncated
    /// The system reported a failure: the `errno`.
    case failed(Int32)
    /// The handler left more than `ByteStream.maximumLeftover` bytes unconsumed.
    case overflow
    /// The loop was stopped.
    case loopStopped
}

/// Whoever makes sense of a stream's bytes.
///
/// All calls come from the stream's loop, one at a time, and never from inside a call the handler makes on the
/// stream: `send` and `close` return before `drained` or `ended` is called. A stream holds its handler strongly until
/// it has ended, so a handler may hold its stream.
public protocol StreamHandler: AnyObject {
    /// Bytes have arrived, behind those that were left the last time. The handler may change them in place.
    ///
    /// - Returns: how many were consumed. The rest is kept and handed in again, followed by new bytes.
    func received(_ bytes: inout MutableRawSpan, on stream: ByteStream) -> Int

    /// The peer sends no more; it may still read. Called at most once. Closes unless implemented.
    func inputEnded(_ stream: ByteStream)

    /// What had been queued has shrunk to `ByteStream.lowWater` or less. May be called several times on the way to 0.
    func drained(_ stream: ByteStream)

    /// `stream.deadline` has passed (it is nil again). Closes unless implemented.
    func deadlineReached(_ stream: ByteStream, now: Int64)

    /// The server is about to stop: say goodbye and close by the deadline (monotonic nanoseconds). Closes after what is
    /// queued unless implemented.
    func drain(_ stream: ByteStream, deadline: Int64)

    /// The stream is no more. Called exactly once, and nothing is called afterwards.
    func ended(_ stream: ByteStream, reason: EndReason)
}

extension StreamHandler {
    public func inputEnded(_ stream: ByteStream) { stream.end(stream.isInputTruncated ? .truncated : .peerClosed) }
    public func drained(_ stream: ByteStream) {}
    public func deadlineReached(_ stream: ByteStream, now: Int64) { stream.close() }
    public func drain(_ stream: ByteStream, deadline: Int64) { stream.closeAfterFlush(deadline: deadline) }
}

/// Whoever keeps count of streams while their handlers come and go. Called on the stream's loop, after the handler.
public protocol StreamOwner: AnyObject, Sendable {
    /// Until when (monotonic nanoseconds) a TLS handshake that began then may go on, or nil to end it. Asked when it begins, and
    /// again whenever that time has come.
    func handshakeDeadline(of stream: ByteStream, began: Int64) -> Int64?

    /// A TLS handshake is over: exactly once for each stream that has one, before it gets its handler or else before its end.
    /// - Parameter failure: nil when it succeeded.
    func handshakeOver(_ stream: ByteStream, failure: TLSFailure?)

    /// The stream is no more.
    func ended(_ stream: ByteStream)
}
