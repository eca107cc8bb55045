import ChatKernel
import Synchronization

/// Takes messages from any thread, within the limit, keeps the app's store of them, and passes them on in one order for all.
final class OutboxDesk: Sendable {
    /// Items, and of each whether an earlier client has left it behind. Answers whether they were taken; not so when the client has stopped.
    typealias Pass = @Sendable ([(item: OutboxItem, isKept: Bool)]) -> Bool

    private struct State {
        var count = 0
        /// Until the client runs.
        var early: [OutboxItem] = []
        var pass: Pass?
    }

    private let limit: Int
    private let store: (any OutboxStore)?
    private let state = Mutex(State())

    init(limit: Int, store: (any OutboxStore)?) {
        self.limit = max(1, limit)
        self.store = store
    }

    /// Passes on what there is, also what the last client left behind, and from now on what comes.
    func open(_ pass: @escaping Pass) throws(ClientFailure) {
        try state.withLock { (state) throws(ClientFailure) in
            do {
                // Of those that came early the store has been told.
                let items = try store?.items() ?? state.early
                let early = Set(state.early)
                state.count = items.count
                state.early = []
                state.pass = pass
                _ = pass(items.map { ($0, isKept: !early.contains($0)) })
            } catch {
                throw .outboxBroken("\(error)")
            }
        }
    }

    func add(_ item: OutboxItem) throws(ClientFailure) {
        try state.withLock { (state) throws(ClientFailure) in
            guard state.count < limit else { throw .outboxFull }
            do { try store?.add(item) } catch { throw .outboxBroken("\(error)") }
            if let pass = state.pass {
                guard pass([(item, isKept: false)]) else {
                    store?.remove(item)
                    throw .stopped
                }
            } else {
                state.early.append(item)
            }
            state.count += 1
        }
    }

    func remove(_ item: OutboxItem) {
        state.withLock { state in
            state.count -= 1
            store?.remove(item)
        }
    }
}
