import Synchronization

extension Kernel {
    /// What happens in a conversation, from behind a number on: what is stored, then what comes live, without a hole or a
    /// repeat. For readers in the same process.
    ///
    /// A slow reader costs a bounded amount of memory and misses nothing: it is given what it has not read from the store.
    ///
    /// It counts as one of the user's sessions, and is not announced: nobody is told that the user is here.
    /// - Throws: `unknown_conversation`, `not_a_member`, `cursor_ahead`, `rate_limited`, `store_unavailable`.
    public func entries(
        in conversation: ConversationID, as user: UserID, after seq: Seq
    ) async throws(ChatError) -> Subscription {
        let reference = try await member(user, of: conversation).user
        let reader = LocalReader(kernel: self, conversation: conversation, user: reference.id, after: seq)
        let session = try open(Identity(user: reference), delivering: reader)
        do throws(ChatError) {
            let standing = try await session.join(conversation)
            guard seq <= standing.lastSeq else {
                throw ChatError(
                    .cursorAhead, "This conversation has not come to \(seq); it stands at \(standing.lastSeq).")
            }
        } catch {
            session.close()
            throw error
        }
        return Subscription(reader: reader, session: session)
    }
}

/// The entries of one conversation, in order. Ends when the reader is a member no more; letting go of it ends it.
///
/// For one reader: iterators share what there is, and each entry goes to one of them.
public struct Subscription: AsyncSequence, Sendable {
    public typealias Element = Entry
    public typealias Failure = ChatError

    private let hold: Hold

    init(reader: LocalReader, session: Session) { hold = Hold(reader: reader, session: session) }

    public func makeAsyncIterator() -> Iterator { Iterator(hold: hold) }

    /// One place from which entries are taken; the last one to go closes the subscription.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let hold: Hold

        /// The next entry, once there is one. Nil at the end, and when the task is cancelled.
        /// - Throws: `store_unavailable` and the like when what is to be read cannot be. Nothing is passed over: asking
        ///   again goes on.
        public mutating func next() async throws(ChatError) -> Entry? { try await hold.reader.next() }

        /// As ``next()``.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(ChatError) -> Entry? {
            try await hold.reader.next()
        }
    }

    /// Closes the session with the last iterator.
    fileprivate final class Hold: Sendable {
        let reader: LocalReader
        let session: Session

        init(reader: LocalReader, session: Session) {
            self.reader = reader
            self.session = session
        }

        deinit { session.close() }
    }
}

/// An outlet for one reader in this process.
final class LocalReader: Outlet {
    private struct State {
        var feed: Feed
        var queue: [Entry] = []
        var queuedBytes = 0
        var mustRead = true
        var hasEnded = false
        /// Of every iterator that has nothing to give.
        var waiters: [CheckedContinuation<Void, Never>] = []

        /// Who waits, if there is something to be had.
        mutating func awakened() -> [CheckedContinuation<Void, Never>] {
            guard !queue.isEmpty || mustRead || hasEnded else { return [] }
            defer { waiters = [] }
            return waiters
        }

        mutating func enqueue(_ entries: some Sequence<Entry>) {
            for entry in entries {
                queue.append(entry)
                queuedBytes += entry.weight
            }
        }

        mutating func dequeue() -> Entry {
            let entry = queue.removeFirst()
            queuedBytes -= entry.weight
            return entry
        }
    }

    /// More than so many bytes are not queued live; what comes then is read from the store.
    private static let queueBytes = 1 << 20

    private let kernel: Kernel
    private let conversation: ConversationID
    private let user: UserID
    private let state: Mutex<State>

    init(kernel: Kernel, conversation: ConversationID, user: UserID, after seq: Seq) {
        self.kernel = kernel
        self.conversation = conversation
        self.user = user
        state = Mutex(State(feed: Feed(position: seq, isLive: false, holdLimit: kernel.limits.heldEntries)))
    }

    func deliver(_ batch: Batch) {
        for parcel in batch.parcels where parcel.conversation == conversation { take(parcel) }
        if batch.dismissals.contains(user) { end() }
        batch.finished()
    }

    func signal(_ signal: Signal) {}

    private func take(_ parcel: Parcel) {
        let waiters = state.withLock { state in
            if state.queue.count > kernel.limits.heldEntries || state.queuedBytes > Self.queueBytes { state.feed.lag() }
            switch state.feed.offer(parcel) {
            case .deliver: enqueue(parcel, after: 0, &state)
            case .deliverRest(let after): enqueue(parcel, after: after, &state)
            case .read: state.mustRead = true
            case .nothing: break
            }
            return state.awakened()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// What was delivered before is still given.
    private func end() {
        let waiters = state.withLock { state in
            state.hasEnded = true
            return state.awakened()
        }
        for waiter in waiters { waiter.resume() }
    }

    private func enqueue(_ parcel: Parcel, after: Seq, _ state: inout State) {
        guard !state.hasEnded else { return }
        let departure =
            Mutation.ignoresDeparture.isOn ? nil : parcel.departures.first { $0.user == user && $0.seq > after }
        state.enqueue(parcel.entries.lazy.filter { $0.seq > after && $0.seq <= departure?.seq ?? .max })
        if departure != nil { state.hasEnded = true }
    }

    func next() async throws(ChatError) -> Entry? {
        while true {
            enum Turn {
                case give(Entry)
                case end
                case read(after: Seq)
                case wait
            }
            let turn: Turn = state.withLock { state in
                if !state.queue.isEmpty { return .give(state.dequeue()) }
                if state.hasEnded { return .end }
                // Asked first: what was to be read before the feed lagged is read now.
                if state.feed.resume() || state.mustRead {
                    state.mustRead = false
                    return .read(after: state.feed.position)
                }
                return .wait
            }
            switch turn {
            case .give(let entry): return entry
            case .end: return nil
            case .read(let after): try await readPage(after: after)
            case .wait:
                await withTaskCancellationHandler {
                    await park()
                } onCancel: {
                    // All: whose task it is nobody knows, and the others wait again.
                    let waiters = state.withLock { state in
                        defer { state.waiters = [] }
                        return state.waiters
                    }
                    for waiter in waiters { waiter.resume() }
                }
                if Task.isCancelled { return nil }
            }
        }
    }

    private func park() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isParked = state.withLock { state in
                if !state.queue.isEmpty || state.mustRead || state.hasEnded || Task.isCancelled { return false }
                state.waiters.append(continuation)
                return true
            }
            if !isParked { continuation.resume() }
        }
    }

    private func readPage(after: Seq) async throws(ChatError) {
        let page: Kernel.LogPage
        do throws(ChatError) {
            page = try await kernel.log(of: conversation, as: user, after: after)
        } catch {
            state.withLock { $0.mustRead = true }
            throw error
        }
        let waiters = state.withLock { state in
            guard !state.hasEnded else { return [CheckedContinuation<Void, Never>]() }
            state.enqueue(page.entries)
            if page.endsMembership { state.hasEnded = true }
            switch state.feed.page(through: page.through, isLast: page.isLast) {
            case .read: state.mustRead = true
            case .live(let following):
                for item in following { enqueue(item.parcel, after: item.after, &state) }
            case .nothing: break
            }
            return state.awakened()
        }
        for waiter in waiters { waiter.resume() }
    }
}
