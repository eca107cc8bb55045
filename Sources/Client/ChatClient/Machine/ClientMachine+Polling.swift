import ChatKernel

// By long-polling, and where a client that knows nothing begins.
extension ClientMachine {
    /// Whether a poll is called for.
    private var wantsPoll: Bool {
        guard !isWithoutPolls, hasRoom, fill == nil else { return false }
        if case .open(_, entered: true) = socket { return false }
        return cursor == nil || usesPolls
    }

    /// Whether polls are the way, for now or for good.
    var usesPolls: Bool { isFallenBack || !settings.webSocket }

    mutating func settlePolling(_ token: String, now: Int64) {
        if case .open(_, entered: true) = socket { isPollGood = false }
        switch polling {
        case .asking(let number, let isSnapshot):
            guard !isSnapshot, case .open(_, entered: true) = socket else { return }
            polling = .off
            actions.append(.cancel(number))
        case .waiting(let until):
            guard wantsPoll else {
                polling = .off
                return
            }
            if until <= now { poll(token) }
        case .off:
            if wantsPoll { poll(token) } else { isPollGood = isPollGood && usesPolls }
        }
    }

    private mutating func poll(_ token: String) {
        let number = attempt()
        polling = .asking(number, isSnapshot: cursor == nil)
        if !isPollGood || cursor == nil { isCaughtUp = false }
        // The first ones are not to wait: their answers say that polls get through, and messages will, and when that was all.
        let seconds = isCaughtUp ? min(max(0, settings.pollSeconds), 55) : 0
        actions.append(.poll(number, cursor: cursor, seconds: seconds, token: token))
    }

    private func isCurrent(_ number: Int) -> Bool {
        if case .asking(number, _) = polling { true } else { false }
    }

    mutating func polled(_ number: Int, _ answer: PollAnswer) {
        guard isCurrent(number) else { return }
        polling = .off
        pollBackoff.reset()
        isPollGood = true
        refusedTokens = 0
        distrust = nil
        if let snapshot = answer.snapshot {
            covered = [:]
            for state in snapshot.conversations { covered[state.conversation.id] = state.conversation.lastSeq }
            cursor = answer.cursor
            actions.append(.tell(.snapshot(snapshot), cursor: answer.cursor))
        } else {
            for frame in answer.frames { news(frame) }
            restartBackoff.reset()
            stand(at: answer.cursor)
            if !isCaughtUp, !answer.hasMore {
                isCaughtUp = true
                tellCaughtUp()
            }
        }
    }

    mutating func pollRefused(_ number: Int, _ refusal: Refusal, now: Int64) {
        guard isCurrent(number) else { return }
        isPollGood = false
        switch (refusal.status, refusal.error.code) {
        case (401, _):
            polling = .off
            unauthorized(number, now: now)
        case (_, .cursorInvalid), (_, .cursorAhead), (_, .epochChanged):
            polling = .off
            startOver(refusal.error.code, now: now)
        case (404, _), (405, _), (501, _):
            // This server has no polls.
            polling = .off
            guard settings.webSocket else { return end(.unsupported("The server has no long-polling.")) }
            isWithoutPolls = true
        default:
            let asked = Int64(refusal.error.retryAfterMilliseconds ?? 0) * 1_000_000
            polling = .waiting(until: now + max(asked, pollBackoff.next(&dice)))
        }
    }

    mutating func pollFailed(_ number: Int, now: Int64) {
        guard isCurrent(number) else { return }
        isPollGood = false
        polling = .waiting(until: now + pollBackoff.next(&dice))
    }

    // MARK: Positions

    /// Hands out what is new of a frame.
    mutating func news(_ frame: ServerFrame) {
        switch frame {
        case .entry, .gap, .other(.some):
            guard fill == nil else { return hold(.frame(frame)) }
        default: break
        }
        switch frame {
        case .entry(let entry, let cursor):
            guard entry.pos > pos else { return }
            pos = entry.pos
            self.cursor = cursor
            recognise(entry)
            // A snapshot has it already.
            let isCovered = entry.seq > 0 && entry.seq <= covered[entry.conversation] ?? 0
            actions.append(.tell(isCovered ? nil : .entry(entry), cursor: cursor))
        case .gap(let gap, let cursor): meet(gap, cursor: cursor)
        case .typing(let conversation, let user, let on): tell(.typing(conversation, user, on: on))
        case .presence(let conversation, let user, let isOnline, let active):
            tell(.presence(conversation, user, isOnline: isOnline, active: active))
        case .other(let cursor?): stand(at: cursor)
        default: break
        }
    }

    /// Nothing is left to be learnt up to here.
    mutating func stand(at cursor: String) {
        guard fill == nil else { return hold(.stand(cursor)) }
        guard cursor != self.cursor else { return }
        self.cursor = cursor
        actions.append(.tell(nil, cursor: cursor))
    }

    /// The server does not know our position. The second time in a row is waited for: nobody is helped by a circle.
    mutating func startOver(_ code: ChatError.Code, now: Int64) {
        cursor = nil
        pos = 0
        covered = [:]
        abandonFill()
        filled = nil
        tell(.startingOver(code))
        let isAgain = restartBackoff.attempts > 0
        let pause = restartBackoff.next(&dice)
        if isWithoutPolls, case .open(let number, _) = socket {
            // A new connection says where to begin.
            actions.append(.close(number))
            outbox.lost(number)
            socket = .waiting(until: now + pause)
        } else if isAgain {
            polling = .waiting(until: now + pause)
        }
    }
}
