import Synchronization

/// Writes batch after batch, and hands each out once it is durable. One batch is in flight; nothing is shown before
/// its commit has returned.
final class Committer: Sendable {
    private struct State {
        var queue: CommitQueue
        var idle: CheckedContinuation<Bool, Never>?
        /// How many submissions have been let in, and how many of them have been handed out, ever.
        var admitted = 0
        var handedOut = 0
        /// Who waits for everything up to a count to be handed out.
        var settling: [(upTo: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var isStopping = false
        /// The last batch was not committed.
        var isFailing = false
        /// A batch of nothing is to be tried, to see whether that has passed.
        var wantsTrial = false
        /// Who is to be told with the next batch, if it is one of nothing, that it may not be here any more.
        var dismissals: [UserID] = []
        /// What is gone from the store, and is to be forgotten with the next batch.
        var expiries: [Expiry] = []

        /// Whether a batch may be taken, or there will be none. The gate holds nothing back when stopping: by then
        /// outlets may be gone, and the pulse that looks at the gate again has stopped too.
        func mayGoOn(now: Int64) -> Bool {
            if Mutation.waitsForGateWhenStopping.isOn, !queue.waiting.isEmpty { return queue.mayStart(now: now) }
            return queue.mayStart(now: now) || (isStopping || wantsTrial) && !queue.isWriting
        }
    }

    let store: any Store
    let fanout: Fanout
    let time: any TimeSource
    private let metrics: KernelMetrics
    private let log: any LogSink
    private let state: Mutex<State>
    /// Asks to be looked at again after the gate's bound.
    private let pulse: Pulse

    init(
        store: any Store, fanout: Fanout, limits: KernelLimits, time: any TimeSource, pulse: Pulse,
        metrics: KernelMetrics, log: any LogSink
    ) {
        self.store = store
        self.fanout = fanout
        self.time = time
        self.pulse = pulse
        self.metrics = metrics
        self.log = log
        state = Mutex(
            State(
                queue: CommitQueue(
                    countLimit: limits.queuedCommands, byteLimit: limits.queuedBytes,
                    gateBound: limits.gateBoundNanoseconds)))
    }

    /// Takes the submissions, all or none.
    func submit(_ submissions: [Submission]) throws(ChatError) {
        let refusal: ChatError? = wakeAfter { state in
            if state.isStopping {
                return ChatError(.draining, "This host is shutting down.", retryAfterMilliseconds: 1000)
            }
            guard state.queue.submit(submissions) == .admitted else {
                return ChatError(
                    .overloaded, "Too much is waiting to be written.", retryAfterMilliseconds: 250,
                    limit: .waitingCommands)
            }
            state.admitted += submissions.count
            return nil
        }
        if let refusal {
            metrics.count(refusal, times: submissions.count)
            throw refusal
        }
    }

    /// Returns when all that has been submitted so far has been committed, or refused, and handed to the outlets.
    func settled() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isSettled = state.withLock { state in
                if state.handedOut == state.admitted { return true }
                state.settling.append((state.admitted, continuation))
                return false
            }
            if isSettled { continuation.resume() }
        }
    }

    /// Looks again: the gate's bound may have passed.
    func checkGate() -> Bool { wakeAfter { $0.queue.isHeldByGate } }

    /// Whether the last batch was committed. When it was not, the store is tried again with a batch of nothing, so that the
    /// answer is another soon after the store can be written, also when nobody writes.
    func isStoreWritable() -> Bool {
        wakeAfter { state in
            if state.isFailing, !state.isStopping { state.wantsTrial = true }
            return !state.isFailing
        }
    }

    /// Has these users' connections closed, in order with what is committed.
    func dismiss(_ users: [UserID]) {
        wakeAfter { state in
            state.dismissals += users
            if !state.isStopping { state.wantsTrial = true }
        }
    }

    /// Has what is in memory of these forgotten too.
    func forget(_ expiries: [Expiry]) {
        wakeAfter { state in
            state.expiries += expiries
            if !state.isStopping { state.wantsTrial = true }
        }
    }

    /// Runs until told to stop, and then until the queue is empty.
    func run() async {
        await withTaskCancellationHandler {
            while await isReady() {
                let batch = state.withLock { state in
                    state.wantsTrial = false
                    return state.queue.take()
                }
                await commit(batch)
            }
        } onCancel: {
            stop()
        }
    }

    /// Lets in nothing more; what has been let in is still committed.
    func stop() { wakeAfter { $0.isStopping = true } }

    // MARK: The wait

    /// Changes the state, then wakes the run loop if a commit may start.
    @discardableResult
    private func wakeAfter<T: Sendable>(_ change: (inout State) -> T) -> T {
        let now = time.monotonic()
        let (result, sleeper, isHeld) = state.withLock { state in
            let result = change(&state)
            let sleeper = state.mayGoOn(now: now) ? state.idle.take() : nil
            return (result, sleeper, sleeper == nil && state.queue.isHeldByGate)
        }
        sleeper?.resume(returning: true)
        if isHeld { pulse.arm() }
        return result
    }

    /// True when a batch may be taken; false when stopped and empty.
    private func isReady() async -> Bool {
        while true {
            let isDone: Bool? = state.withLock { state in
                state.mayGoOn(now: time.monotonic()) ? state.queue.waiting.isEmpty && !state.wantsTrial : nil
            }
            if let isDone { return !isDone }
            // Readiness is looked at again inside the continuation, under the lock: no wake-up can fall between.
            _ = await withCheckedContinuation { (continuation: CheckedContinuation<Bool, Never>) in
                let now = time.monotonic()
                let parked = state.withLock { state in
                    if state.mayGoOn(now: now) { return false }
                    state.idle = continuation
                    return true
                }
                if !parked { continuation.resume(returning: true) }
            }
        }
    }

    // MARK: One batch

    private func commit(_ batch: [Submission]) async {
        #if Mutants
            await showEarly(batch)
        #endif
        let drafts = batch.map { $0.draft }
        var results: [Result<Reply, ChatError>]
        var isLost = false
        do throws(StoreError) {
            results = try await store.commit(drafts, at: time.wall())
        } catch {
            isLost = true
            if !drafts.isEmpty {
                log.error("a batch was not committed", LogField("reason", error), LogField("drafts", drafts.count))
                metrics.failedBatches.add(1, ordering: .relaxed)
            }
            results = drafts.map { _ in
                Mutation.acknowledgesFailure.isOn ? .success(.unchanged) : .failure(error.asChatError)
            }
        }
        if results.count != batch.count {
            // An adapter that breaks its contract: nobody may be told that anything is safe.
            log.error("the store answered for another number of drafts", LogField("drafts", drafts.count))
            results = drafts.map { _ in .failure(ChatError(.internal, "Something went wrong on our side.")) }
        }
        await handOut(batch, results, isLost: isLost)
    }

    private func handOut(
        _ batch: [Submission], _ results: consuming [Result<Reply, ChatError>], isLost: Bool
    ) async {
        var groups = ParcelGroups()
        var settlements: [Settlement] = []
        var calls: [(CheckedContinuation<Result<Reply, ChatError>, Never>, Result<Reply, ChatError>)] = []
        var committed = 0
        // Taken out from the end, and so from the front: an iterator would copy each, with all its texts.
        var results = results
        results.reverse()
        for at in batch.indices {
            guard let result = results.popLast() else { break }
            var isRefused = false
            if case .failure(let refusal) = result {
                isRefused = true
                metrics.count(refusal)
            }
            switch batch[at].origin {
            case .session(let session, let tag, let wantsReply):
                if wantsReply || isRefused {
                    settlements.append(Settlement(session: session, tag: tag, result: result))
                }
            case .call(let continuation):
                calls.append((continuation, result))
            }
            if case .success(.committed(let entry)) = result {
                committed += 1
                groups.add(entry)
            }
        }
        if !isLost, !batch.isEmpty { metrics.batches.add(1, ordering: .relaxed) }
        metrics.entries.add(committed, ordering: .relaxed)
        let news = state.withLock { state in
            defer { (state.dismissals, state.expiries) = ([], []) }
            return Fanout.News(dismissals: state.dismissals, expiries: state.expiries)
        }
        let addressed = await address(groups.parcels(), settlements, news, through: groups.through)
        let generation = wakeAfter { [time] in
            $0.isFailing = isLost
            return $0.queue.written(toOutlets: addressed.count, now: time.monotonic())
        }
        for item in Mutation.deliversTwice.isOn ? addressed + addressed : addressed {
            item.outlet.deliver(
                Batch(item.contents, through: groups.through) { [weak self] in
                    self?.wakeAfter { $0.queue.reported(generation) }
                })
        }
        if groups.through > 0 { fanout.delivered(through: groups.through) }
        for (continuation, result) in calls { continuation.resume(returning: result) }
        let settled = state.withLock { state in
            state.handedOut += batch.count
            guard !state.settling.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            let reached = state.settling.filter { $0.upTo <= state.handedOut }.map(\.continuation)
            state.settling.removeAll { $0.upTo <= state.handedOut }
            return reached
        }
        for continuation in settled { continuation.resume() }
    }

    /// Sorts parcels by outlet, and learns first who is in conversations that have not had news for long.
    private func address(
        _ parcels: [Parcel], _ settlements: [Settlement], _ news: Fanout.News, through: Pos
    ) async -> [Fanout.Addressed] {
        var isFinal = false
        while true {
            switch fanout.address(parcels, settlements, news, through: through, isFinal: isFinal) {
            case .done(let addressed): return addressed
            case .lacks(let conversations):
                for conversation in conversations {
                    do throws(StoreError) {
                        // No batch is under way, so these are the members after this one.
                        let found = try await store.conversation(conversation, for: UserID(""))
                        fanout.learn(conversation, members: found?.participants.map(\.user.id) ?? [])
                    } catch {
                        log.error("the members of a conversation could not be read", LogField("reason", error))
                        isFinal = true
                    }
                }
            }
        }
    }
}

/// What a batch brought, by conversation.
private struct ParcelGroups {
    private struct Group {
        let conversation: ConversationID
        var entries: [Entry] = []
        var marks: [Entry] = []
    }

    private var groups: [Group] = []
    private var places: [ConversationID: Int] = [:]
    /// The highest `pos` of all.
    private(set) var through: Pos = 0

    mutating func add(_ entry: Entry) {
        through = entry.pos
        let place = place(of: entry.conversation)
        if entry.seq > 0 { groups[place].entries.append(entry) } else { groups[place].marks.append(entry) }
    }

    private mutating func place(of conversation: ConversationID) -> Int {
        if let last = groups.indices.last, groups[last].conversation == conversation { return last }
        if let known = places[conversation] { return known }
        places[conversation] = groups.count
        groups.append(Group(conversation: conversation))
        return groups.count - 1
    }

    consuming func parcels() -> [Parcel] {
        if Mutation.dropsDelivery.isOn { _ = groups.popLast() }
        if Mutation.reordersBatch.isOn { for at in groups.indices { groups[at].entries.reverse() } }
        return groups.map {
            Parcel(conversation: $0.conversation, entries: $0.entries, marks: Self.newest(of: $0.marks))
        }
    }

    /// State, not history: the newest of each user is what matters.
    private static func newest(of marks: [Entry]) -> [Entry] {
        guard marks.count > 1 else { return marks }
        if Mutation.dropsOtherMarks.isOn { return marks.suffix(1) }
        var seen: Set<UserID> = []
        return marks.reversed().filter { seen.insert($0.author.id).inserted }.reversed()
    }
}
