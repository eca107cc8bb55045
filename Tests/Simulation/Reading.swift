import ChatKernel
import Synchronization

/// Somebody in the same process who reads a conversation, as slowly as the driver likes.
final class Reading {
    enum News: Sendable {
        case entry(Entry)
        case failed(ChatError)
        /// The sequence ended, and has been let go of.
        case over
    }

    let number: Int
    let user: UserID
    let conversation: ConversationID
    var position: Seq
    let news = Tray<News>()
    let valve = Valve()
    private(set) var task: Task<Void, Never>?
    var isOver = false
    /// The driver, not the kernel, ended it.
    var isStopped = false
    var hasFailed = false

    init(number: Int, user: UserID, conversation: ConversationID, after: Seq) {
        self.number = number
        self.user = user
        self.conversation = conversation
        position = after
    }

    /// - Parameter persists: goes on reading after a failed read.
    func start(from kernel: Kernel, persists: Bool, on executor: ManualExecutor) {
        task = executor.start { [user, conversation, position, news, valve] in
            await Self.read(
                kernel, conversation, user, after: position, persists: persists, news: news, valve: valve)
            news.put(.over)
        }
    }

    /// Ends it, with a cancellation or by letting go.
    func stop(cancelling: Bool) {
        isStopped = true
        valve.close()
        if cancelling { task?.cancel() }
    }

    private static func read(
        _ kernel: Kernel, _ conversation: ConversationID, _ user: UserID, after: Seq, persists: Bool,
        news: Tray<News>, valve: Valve
    ) async {
        do throws(ChatError) {
            let entries = try await kernel.entries(in: conversation, as: user, after: after)
            var iterator = entries.makeAsyncIterator()
            while await valve.pass() {
                do throws(ChatError) {
                    guard let entry = try await iterator.next() else { return }
                    news.put(.entry(entry))
                } catch {
                    guard persists else { throw error }
                }
            }
        } catch {
            news.put(.failed(error))
        }
    }
}

/// Lets a reader take one more, when there is leave for it.
final class Valve: Sendable {
    private struct State {
        var leave = 0
        var isClosed = false
        var waiter: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    /// Waits for leave. False when there will be none.
    func pass() async -> Bool {
        await withCheckedContinuation { continuation in
            let answer: Bool? = state.withLock { state in
                if state.isClosed { return false }
                if state.leave > 0 {
                    state.leave -= 1
                    return true
                }
                state.waiter = continuation
                return nil
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    /// Gives leave for this many more.
    func open(_ count: Int) {
        let waiter = state.withLock { state in
            state.leave += count
            guard state.leave > 0, let waiter = state.waiter.take() else {
                return CheckedContinuation<Bool, Never>?.none
            }
            state.leave -= 1
            return waiter
        }
        waiter?.resume(returning: true)
    }

    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            return state.waiter.take()
        }
        waiter?.resume(returning: false)
    }
}
