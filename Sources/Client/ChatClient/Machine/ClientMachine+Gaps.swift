import ChatKernel

// Holes that the history still has: what is in them comes before what follows them.
extension ClientMachine {
    /// A gap is told, or filled first: then what comes behind it waits. Of one that was begun to be filled before a connection was lost
    /// only the rest is asked for.
    mutating func meet(_ gap: Gap, cursor: String?) {
        guard gap.isFillable else {
            if let cursor { self.cursor = cursor }
            return actions.append(.tell(.gap(gap), cursor: cursor))
        }
        var next = gap.seqs.lowerBound
        if let filled, filled.conversation == gap.conversation, gap.seqs.contains(filled.through) {
            next = filled.through &+ 1
        }
        let isBySocket = if case .open(_, entered: true) = socket { true } else { false }
        fill = GapFill(gap, from: next, cursor: cursor, isBySocket: isBySocket)
        if fill?.isWhole == true { finishFill() }
    }

    /// Keeps what comes behind a hole. With as many as the app may have waiting, the connection is given up instead: all of it comes
    /// again, from the cursor on, and of the hole only the rest.
    mutating func hold(_ behind: GapFill.Behind) {
        fill?.behind.append(behind)
        guard let fill, fill.isBySocket, fill.behind.count > max(1, settings.eventLimit),
            case .open(let number, _) = socket
        else { return }
        actions.append(.close(number))
        outbox.lost(number)
        socket = .waiting(until: lastTime &+ socketBackoff.next(&dice))
        abandonFill()
    }

    /// The gap will be told again, by whoever is asked from the cursor on.
    mutating func abandonFill() {
        guard let fill else { return }
        if let attempt = fill.attempt, !fill.isBySocket { actions.append(.cancel(attempt)) }
        self.fill = nil
    }

    mutating func settleFill(_ token: String, now: Int64) {
        guard let fill, fill.attempt == nil, fill.due <= now, hasRoom else { return }
        let number = attempt()
        self.fill?.attempt = number
        let (conversation, after) = (fill.gap.conversation, fill.next &- 1)
        if fill.isBySocket {
            guard case .open(let socket, entered: true) = socket else { return abandonFill() }
            actions.append(.send(socket, .history(number, conversation, after: after)))
        } else {
            actions.append(.page(number, conversation, after: after, token: token))
        }
    }

    // MARK: Answers

    /// - Parameters:
    ///   - isAll: whether there is nothing behind the page.
    ///   - isSparse: whether numbers that the page leaves out are no events that could be had.
    mutating func paged(_ number: Int, _ page: [ServerFrame], isAll: Bool, isSparse: Bool) {
        guard var fill, fill.attempt == number else { return }
        let before = fill.next
        fill.attempt = nil
        fill.setbacks = 0
        fill.failures = 0
        for event in fill.take(page) {
            if case .entry(let entry) = event { recognise(entry) }
            tell(event)
        }
        self.fill = fill
        filled = (fill.gap.conversation, fill.next &- 1)
        // A server that gives nothing of it, and says that there is more, is not asked for ever.
        let isOver = isAll || fill.isPassed || fill.next == before
        if !fill.isWhole, !isOver { return }
        let isComplete = fill.isWhole || isSparse && (isAll || fill.isPassed)
        if !isComplete { tell(.gap(fill.rest)) }
        finishFill()
    }

    mutating func pageRefused(_ number: Int, _ refusal: Refusal, now: Int64) {
        guard fill?.attempt == number else { return }
        guard refusal.status != 401 else {
            fill?.attempt = nil
            return unauthorized(number, now: now)
        }
        pageRefused(number, refusal.error, now: now)
    }

    mutating func pageRefused(_ number: Int, _ error: ChatError, now: Int64) {
        guard var fill, fill.attempt == number else { return }
        if error.code == .internal { fill.failures &+= 1 }
        guard error.code.isRetryable, fill.failures < GapFill.failureLimit else {
            tell(.gap(fill.rest))
            return finishFill()
        }
        putOff(fill, by: Int64(error.retryAfterMilliseconds ?? 0) &* 1_000_000, now: now)
    }

    /// Nobody answered, which says nothing about the page.
    mutating func pageFailed(_ number: Int, now: Int64) {
        guard let fill, fill.attempt == number else { return }
        putOff(fill, by: 0, now: now)
    }

    private mutating func putOff(_ fill: GapFill, by asked: Int64, now: Int64) {
        var fill = fill
        fill.attempt = nil
        fill.setbacks &+= 1
        fill.due = now &+ max(asked, wait(fill.setbacks))
        self.fill = fill
    }

    /// What waited has its turn, up to the next hole.
    private mutating func finishFill() {
        guard let done = fill else { return }
        fill = nil
        filled = nil
        if let cursor = done.cursor { stand(at: cursor) }
        for item in done.behind {
            switch item {
            case .frame(let frame): news(frame)
            case .stand(let cursor): stand(at: cursor)
            case .caughtUp: tellCaughtUp()
            }
        }
    }

    mutating func tellCaughtUp() {
        if fill == nil { tell(.caughtUp) } else { hold(.caughtUp) }
    }
}
