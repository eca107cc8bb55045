import Synchronization

/// Events on their way to the app, and how far it has come with them.
///
/// An event counts as handled when the app asks for the next one: the cursor moves then and not before, so that an app which is gone in
/// the middle of an event is given it again.
final class EventQueue: Sendable {
    private struct Delivery {
        /// Nil: only the position has moved.
        var event: ClientEvent?
        var cursor: String?
    }

    /// Whoever waits is told whether somebody else does already.
    private typealias Waiter = CheckedContinuation<Bool, Never>

    private struct State {
        var waiting: [Delivery] = []
        var head = 0
        /// Of what has been handed out last.
        var taken: String?
        var handled: String?
        var waiter: Waiter?
        var isFinished = false
        /// Somebody is to be told when there is room again.
        var isRoomAwaited = false

        var count: Int { waiting.count - head }

        mutating func removeFirst() -> Delivery? {
            guard head < waiting.count else { return nil }
            let first = waiting[head]
            waiting[head] = Delivery()
            head += 1
            if head == waiting.count || head > 1024 {
                waiting.removeFirst(head)
                head = 0
            }
            return first
        }
    }

    private let state: Mutex<State>
    private let limit: Int
    private let roomAgain = Mutex<(@Sendable () -> Void)?>(nil)

    init(limit: Int, cursor: String?) {
        self.limit = max(1, limit)
        state = Mutex(State(handled: cursor))
    }

    /// Where the app stands: it has handled everything up to here.
    var cursor: String? { state.withLock { $0.handled } }

    /// How many wait to be taken.
    var count: Int { state.withLock { $0.count } }

    var isFull: Bool { count >= limit }

    /// Whether so much of a full queue has been taken that it is worth to go on. If not, that will be told, once.
    func awaitRoom() -> Bool {
        state.withLock { state in
            state.isRoomAwaited = state.count > limit / 2
            return !state.isRoomAwaited
        }
    }

    /// What to do when half of a full queue has been taken, and somebody waits for that.
    func onRoom(_ body: @escaping @Sendable () -> Void) { roomAgain.withLock { $0 = body } }

    /// Puts an event, a position or both at the end. The limit is the caller's business: whoever has read something must be able to
    /// hand it over.
    func push(_ event: ClientEvent?, cursor: String?) {
        let waiter = state.withLock { state in
            if event == nil, state.count > 0, state.waiting[state.waiting.count - 1].event == nil {
                state.waiting[state.waiting.count - 1].cursor = cursor
            } else {
                state.waiting.append(Delivery(event: event, cursor: cursor))
            }
            return state.waiter.take()
        }
        waiter?.resume(returning: false)
    }

    /// No more comes; what is there may still be taken.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            return state.waiter.take()
        }
        waiter?.resume(returning: false)
    }

    /// The next event, and with that the last one is handled. Nil at the end, when the task that asks is cancelled, and for a second reader
    /// who asks while the first waits.
    func next() async -> ClientEvent? {
        while true {
            let (event, isAtEnd, hasRoom) = take()
            if hasRoom { roomAgain.withLock { $0 }?() }
            if let event { return event }
            if isAtEnd || Task.isCancelled { return nil }
            let isSecond = await withTaskCancellationHandler {
                await withCheckedContinuation { (continuation: Waiter) in
                    if let isSecond = wait(continuation) { continuation.resume(returning: isSecond) }
                }
            } onCancel: {
                state.withLock { $0.waiter.take() }?.resume(returning: false)
            }
            if isSecond { return nil }
        }
    }

    /// Nil: it waits. Else it need not (false) or may not (true).
    private func wait(_ continuation: Waiter) -> Bool? {
        state.withLock { state in
            guard state.waiter == nil else { return true }
            guard state.count == 0, !state.isFinished, !Task.isCancelled else { return false }
            state.waiter = continuation
            return nil
        }
    }

    private func take() -> (event: ClientEvent?, isAtEnd: Bool, hasRoom: Bool) {
        state.withLock { state in
            if let taken = state.taken.take() { state.handled = taken }
            var event: ClientEvent?
            while event == nil, let delivery = state.removeFirst() {
                event = delivery.event
                guard let cursor = delivery.cursor else { continue }
                // A mere position is handled with what came before it.
                if event == nil { state.handled = cursor } else { state.taken = cursor }
            }
            let hasRoom = state.isRoomAwaited && state.count <= limit / 2
            if hasRoom { state.isRoomAwaited = false }
            return (event, event == nil && state.isFinished, hasRoom)
        }
    }
}
