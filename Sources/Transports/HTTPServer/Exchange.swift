public import ChatHTTP1
public import ChatNet
import Synchronization

/// A request that waits for its answer without a task of its own. See `Route.Handler.exchange`.
///
/// One that is let go without an answer is answered with 500: a peer never waits for what cannot come.
public final class Exchange: Sendable {
    /// The connection's loop.
    public var loop: EventLoop { stream.loop }

    enum Answer: Sendable {
        case response(HTTPResponse, holding: (any AnyObject & Sendable)?)
        case upgrade(to: String, fields: [HTTPField], attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler)
        case stream(HTTPResponse, attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler)
        case none
    }

    private let connection: HTTPConnection
    private let stream: ByteStream
    /// Which of the connection's requests it is.
    private let turn: UInt64
    private let isAnswered = Atomic<Bool>(false)

    init(_ connection: HTTPConnection, turn: UInt64, on stream: ByteStream) {
        self.connection = connection
        self.turn = turn
        self.stream = stream
    }

    deinit {
        // By then nobody else has it, so nobody can answer meanwhile.
        if !isAnswered.load(ordering: .relaxed) { post(.none) }
    }

    /// Answers, from any thread; on the loop it is sent before this returns. Only the first answer counts; false for a later
    /// one.
    /// - Parameter object: let go of when the peer has taken the answer, but for `ByteStream.lowWater` bytes, or is gone: so that
    ///   answers which nobody reads can be counted.
    @discardableResult
    public func respond(_ response: HTTPResponse, holding object: (any AnyObject & Sendable)? = nil) -> Bool {
        give(.response(response, holding: object))
    }

    /// The same with an answer that others on this loop get too. On the loop only.
    @discardableResult
    public func respond(_ response: SharedResponse) -> Bool {
        assert(loop.isCurrent, "touched from outside the loop's thread")
        guard !isAnswered.exchange(true, ordering: .relaxed) else { return false }
        connection.finish(turn, response, stream)
        return true
    }

    /// Answers with a body that has no end yet, from any thread: the head and the beginning are sent, then `attach` is called on the
    /// loop and gives the stream its new handler, as for an upgrade. The connection ends with the body. A HEAD gets the head alone.
    /// False when there was an answer before.
    @discardableResult
    public func stream(
        _ beginning: HTTPResponse, attach: @escaping @Sendable (ByteStream, EventLoop) -> any StreamHandler
    ) -> Bool {
        give(.stream(beginning, attach: attach))
    }

    /// Something to keep on the loop for as long as the peer's requests say the same in all their fields, such as who asks. What was
    /// kept for the request before is here if, and only if, this one's head `isRepeated`.
    public var keepsake: AnyObject? {
        get { connection.request.keepsake }
        set { connection.request.keepsake = newValue }
    }

    /// Waits, on the loop: from here on the waiter is kept, and is told once why it should wait no longer, if that comes before
    /// the answer; at once when it has come already.
    /// - Parameter deadline: in monotonic nanoseconds; never early, and as coarse as `ByteStream.deadline`.
    public func wait(until deadline: Int64, _ waiter: any ExchangeWaiter) {
        assert(loop.isCurrent, "touched from outside the loop's thread")
        connection.wait(turn, until: deadline, waiter, stream)
    }

    func give(_ answer: Answer) -> Bool {
        guard !isAnswered.exchange(true, ordering: .relaxed) else { return false }
        switch answer {
        case .response:
            if loop.isCurrent { connection.finish(turn, answer, stream) } else { post(answer) }
        case .upgrade, .stream, .none: post(answer)
        }
        return true
    }

    private func post(_ answer: Answer) {
        loop.post { [connection, turn, stream] in connection.finish(turn, answer, stream) }
    }
}

/// Who waits at an exchange. Called on its loop, once at most.
public protocol ExchangeWaiter: AnyObject, Sendable {
    /// The exchange is still to be answered: a peer that has gone is then told nothing.
    func waitEnded(_ reason: WaitEnd)
}

/// Why nobody need wait any longer.
public enum WaitEnd: Sendable, Equatable {
    /// The deadline has come.
    case timeOut
    /// The peer has ended its sending side, after which it may still read an answer, or is gone.
    case peerLeft
    /// The server stops: the moment to answer with what there is.
    case draining
}
