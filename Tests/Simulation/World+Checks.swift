import ChatKernel

/// What must hold at every moment.
extension World {
    func checkAlways() {
        if let violation = history({ $0.violation }) { fail("the log: \(violation)") }
        if let violation = life.store.violation { fail(violation) }
        for reading in readings where reading.news.count > 0 { hear(reading) }
    }

    /// Every reader gets every entry it may see, once, in order, as it stands in the log.
    func checkReceived(_ entry: Entry, by user: UserID, after position: Seq) {
        let fault: String? = history { history in
            if case .gap(let gap) = entry.change {
                if gap.from != position + 1 { return "a gap elsewhere" }
                return history.fault(of: gap, through: entry.seq, in: entry.conversation, toldTo: user)
            }
            if !history.holds(entry) { return "shown, and not in the log" }
            if history.stay(of: user, in: entry.conversation)?.contains(entry.seq) != true {
                return "shown to one who may not see it"
            }
            if entry.seq <= position { return "shown again" }
            return entry.seq == position + 1 ? nil : "a hole before it"
        }
        if let fault { fail("\(fault): \(user) got \(entry.seq) after \(position)") }
    }

    func checkJoin(_ following: Following, _ result: Result<Standing, ChatError>) {
        let user = following.connection.device.user.id
        let (isMember, wasMember, head) = history { history in
            let stay = history.stay(of: user, in: following.conversation)
            let wasMember = stay?.spans.contains { $0.through ?? .max > following.atStart.head } ?? false
            return (stay?.isOpen ?? false, wasMember, history.last(of: following.conversation))
        }
        switch result {
        case .success(let standing):
            if !wasMember { fail("\(user) joined without being a member") }
            if standing.lastSeq > head { fail("a conversation stands where nothing was committed") }
            if standing.lastSeq < following.atStart.head { fail("a conversation went backwards") }
        case .failure(let error):
            let stayed = history { history in
                history.stay(of: user, in: following.conversation)?.spans.contains {
                    $0.from <= following.atStart.head && $0.through == nil
                } ?? false
            }
            if error.code == .notAMember, isMember, stayed { fail("\(user) was not let in, and is a member") }
        }
    }

    func check(_ result: Result<[Message], ChatError>, of room: ConversationID, shownTo user: UserID) {
        guard case .success(let messages) = result else { return }
        let stay = history { $0.stay(of: user, in: room) }
        for message in messages where stay?.contains(message.seq) != true {
            fail("\(user) was shown a message it may not see: \(message.seq)")
        }
        if zip(messages, messages.dropFirst()).contains(where: { $0.seq >= $1.seq }) { fail("a page out of order") }
    }

    func checkPresence() {
        for room in history({ $0.rooms }) {
            let here = life.kernel.activeUsers(in: room)
            var expected: [UserID] = []
            for connection in connections {
                let user = connection.device.user.id
                if connection.following(room)?.isJoined == true, !expected.contains(user) { expected.append(user) }
            }
            if here.sorted() != expected.sorted() { fail("here are \(here), expected \(expected)") }
        }
    }

    // MARK: Rates

    func admitted(_ user: UserID) { life.admissions[user, default: []].append(time.monotonic()) }

    /// In no second may there be more than twice the limit: a burst, and what came back meanwhile.
    func checkRate(_ user: UserID) {
        let limit = scenario.limits.messagesPerUserPerSecond
        guard limit > 0 else { return }
        let now = time.monotonic()
        let recent = life.admissions[user]?.count { $0 > now - 1_000_000_000 } ?? 0
        if recent > 2 * limit { fail("\(recent) commands of \(user) in a second, with a limit of \(limit)") }
    }

    /// Whoever was quiet for two seconds has its whole allowance.
    func checkRefusal(_ user: UserID) {
        // An embedder's command is counted at a moment that only the kernel knows.
        let isAsking = attempts.contains {
            $0.user == user && $0.life == life.number && $0.connection == nil && !$0.isSettled
        }
        guard !isAsking else { return }
        if let last = life.lastTried[user], time.monotonic() - last < 2_000_000_000 { return }
        fail("\(user) was refused for its rate after a silence")
    }
}
