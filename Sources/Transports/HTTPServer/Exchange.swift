public import ChatHTTP1
public import ChatNet
import Synchronization

/// A request that waits for its answer without a task of its own. See `Route.Handler.exchange`.
///
/// One that is let go without an answer is answered with 500: a peer never waits for what cannot come.
public final class Exchange: Sendable {
    /// The connection's loop: a place for timers.
    public let loop: EventLoop

    enum Answer: Sendable {
        case response(HTTPResponse)
        case upgrade(to: String, fields: [HTTPField], attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler)
        case stream(HTTPResponse, attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler)
        case none
    }

    private struct State {
        var answered = false
        var peerLeft = false
        var draining = false
        var whenClosed: (@Sendable () -> Void)?
        var whenDraining: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())
    private let deliver: @Sendable (Answer) -> Void

    init(loop: EventLoop, deliver: @escaping @Sendable (Answer) -> Void) {
        self.loop = loop
        self.deliver = deliver
    }

    deinit {
        if !state.withLock({ $0.answered }) { deliver(.none) }
    }

    /// Answers, from any thread. Only the first answer counts; false for a later one.
    @discardableResult
    public func respond(_ response: HTTPResponse) -> Bool {
        give(.response(response))
    }

    /// Answers with a body that has no end yet, from any thread: the head and the beginning are sent, then `attach` is called on the
    /// loop and gives the stream its new handler, as for an upgrade. The connection ends with the body. A HEAD gets the head alone.
    @discardableResult
    public func stream(
        _ beginning: HTTPResponse, attach: @escaping @Sendable (ByteStream, EventLoop) -> any StreamHandler
    ) -> Bool {
        give(.stream(beginning, attach: attach))
    }

    /// Calls `body` on the loop when the peer has ended its sending side or is gone, if that comes before the answer; at once when
    /// it has happened already. A peer that ended only its sending side may still read an answer.
    public func onClosed(_ body: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            guard !state.answered else { return false }
            if !state.peerLeft { state.whenClosed = body }
            return state.peerLeft
        }
        if now { body() }
    }

    /// Calls `body` on the loop when the server begins to drain, if that comes before the answer; at once when it has begun: the
    /// moment to answer with what there is.
    public func onDraining(_ body: @escaping @Sendable () -> Void) {
        let now = state.withLock { state in
            guard !state.answered else { return false }
            if !state.draining { state.whenDraining = body }
            return state.draining
        }
        if now { body() }
    }

    func give(_ answer: Answer) -> Bool {
        let (first, _, _) = state.withLock { state in
            // The closures are let go outside of the lock: their captures may end with a call to this object.
            let released = (!state.answered, state.whenClosed.take(), state.whenDraining.take())
            state.answered = true
            return released
        }
        if first { deliver(answer) }
        return first
    }

    func peerLeft() {
        let body = state.withLock { state in
            state.peerLeft = true
            return state.whenClosed.take()
        }
        body?()
    }

    func drain() {
        let body = state.withLock { state in
            state.draining = true
            return state.whenDraining.take()
        }
        body?()
    }
}
