import ChatKernel

/// What a transport does with what the kernel hands it.
extension World {
    // MARK: From the kernel

    func handle(_ loop: Loop) {
        switch loop.outlet.items.take() {
        case nil: return
        case .signal(let signal): hand(signal, to: loop)
        case .batch(let batch, let head):
            note("handles", batch.parcels.count, batch.settlements.count)
            for parcel in batch.parcels { check(parcel, on: loop, head: head) }
            check(loop.room.take(batch), of: batch, at: loop)
            for expiry in batch.expiries { loop.firstSeqs[expiry.conversation] = expiry.firstSeq }
            for settlement in batch.settlements { settle(settlement) }
            for parcel in batch.parcels {
                for connection in loop.connections {
                    if let following = connection.following(parcel.conversation) { carry(parcel, to: following) }
                }
            }
            if loop.habit == .prompt { batch.finished() } else { loop.unreported.append(batch) }
        }
    }

    /// Parcels come in the order of commits, each once, and none before its commit.
    private func check(_ parcel: Parcel, on loop: Loop, head: Pos) {
        for mark in parcel.marks where mark.pos > head { fail("shown before it was committed: pos \(mark.pos)") }
        guard !parcel.entries.isEmpty else { return }
        let reached = loop.reached[parcel.conversation] ?? 0
        if parcel.first <= reached { fail("a parcel came twice, or too late: \(parcel.first) after \(reached)") }
        for (entry, next) in zip(parcel.entries, parcel.entries.dropFirst()) where next.seq != entry.seq + 1 {
            fail("a parcel is out of order: \(next.seq) after \(entry.seq)")
        }
        for entry in parcel.entries where entry.pos > head { fail("shown before it was committed: pos \(entry.pos)") }
        loop.reached[parcel.conversation] = parcel.last
    }

    private func hand(_ signal: Signal, to loop: Loop) {
        for connection in loop.connections {
            guard let following = connection.following(signal.conversation), following.isJoined else { continue }
            // What was said before it came is not for it: the end of it may have been said while nobody was here.
            guard loop.outlet.items.total - loop.outlet.items.count > following.joinedAt else { continue }
            guard signal.concerns(connection.session.id) else { continue }
            switch signal {
            case .presence(let notice):
                following.activeUsers = notice.activeUsers
                if Set(notice.activeUsers).count < notice.activeUsers.count { fail("a user is here twice") }
            case .typing(let conversation, let user, let on, _):
                connection.frames.append(.typing(conversation, user.id, on: on))
            }
        }
    }

    /// The way from the loop to the session; a lossy one does what a network between hosts may do.
    private func carry(_ parcel: Parcel, to following: Following) {
        guard following.isAttachedFirst || following.isJoined else { return }
        guard scenario.isLossy else { return offer(parcel, to: following) }
        var parcels = [parcel]
        if let delayed = following.delayed { parcels.append(delayed) }
        following.delayed = nil
        if !isCalm {
            if random.chance(100) { parcels.removeFirst() }
            if random.chance(100) { parcels.append(parcel) }
            if random.chance(100) { following.delayed = parcel }
            if random.chance(200), let last = following.lastParcel, last.last + 1 == parcel.first {
                let tail = last.entries.suffix(random.within(1...2))
                parcels.insert(Parcel(conversation: parcel.conversation, entries: tail + parcel.entries), at: 0)
            }
        }
        following.lastParcel = parcel
        for parcel in parcels where !following.isOver { offer(parcel, to: following) }
    }

    private func offer(_ parcel: Parcel, to following: Following) {
        if following.connection.frames.count > scenario.socketFrames { following.feed.lag() }
        switch following.feed.offer(parcel) {
        case .deliver: push(parcel, after: 0, to: following)
        case .deliverRest(let after): push(parcel, after: after, to: following)
        case .read: following.mustRead = true
        case .nothing: break
        }
        pump(following.connection)
    }

    private func push(_ parcel: Parcel, after: Seq, to following: Following) {
        guard !following.isOver else { return }
        let user = following.connection.device.user.id
        let departure = parcel.departures.first { $0.user == user && $0.seq > after }
        push(parcel.entries.filter { $0.seq > after && $0.seq <= departure?.seq ?? .max }, to: following)
        if departure != nil { part(following) }
    }

    private func push(_ entries: [Entry], to following: Following) {
        for entry in entries { following.connection.frames.append(.entry(entry)) }
        following.pushed = entries.last?.seq ?? following.pushed
    }

    /// The user is a member no more: what it was given must end with its removal.
    private func part(_ following: Following) {
        note("is parted", following.number, Int(following.pushed))
        let user = following.connection.device.user.id
        let isEnd = history { history in
            history.stay(of: user, in: following.conversation)?.spans.contains {
                $0.through.map { $0 <= following.pushed } ?? false
            } ?? false
        }
        if !isEnd { fail("a session was parted before its user's removal") }
        stop(following)
    }

    // MARK: Reading

    /// Reads what is to be read, where there is room for it. One page at a time; and a feed that lagged resumes only when
    /// no page from before is on its way.
    func pump(_ connection: Connection) {
        for following in connection.followings where !following.isReading && following.isJoined {
            if connection.frames.isEmpty, following.feed.resume() { following.mustRead = true }
            guard following.mustRead, connection.frames.count <= scenario.socketFrames else { continue }
            following.mustRead = false
            if following.feed.isLagging { continue }
            following.isReading = true
            let (number, after) = (following.number, following.feed.position)
            let user = connection.device.user.id
            executor.start { [kernel = life.kernel, answers = life.answers, room = following.conversation] in
                do throws(ChatError) {
                    let page = try await kernel.log(of: room, as: user, after: after)
                    answers.put(.page(following: number, .success(page)))
                } catch {
                    answers.put(.page(following: number, .failure(error)))
                }
            }
        }
    }

    func answer() {
        guard let answer = life.answers.take(at: random.below(life.answers.count)) else { return }
        take(answer)
    }

    func take(_ answer: Answer) {
        switch answer {
        case .joined(let number, let result):
            if let following = followings[number] { joined(following, result) }
        case .page(let number, let result):
            if let following = followings[number] { read(result, for: following) }
        case .performed(let attempt, let result):
            life.lastTried[attempts[attempt].user] = time.monotonic()
            judge(attempt, result)
            learn(attempt, result)
        case .events(let number, let result): took(result, number)
        case .messages(let user, let room, let result): check(result, of: room, shownTo: user)
        }
    }

    private func joined(_ following: Following, _ result: Result<Standing, ChatError>) {
        let connection = following.connection
        checkJoin(following, result)
        switch result {
        case .failure:
            note("may not follow", following.number)
            following.isOver = true
            connection.followings.removeAll { $0 === following }
            followings[following.number] = nil
        case .success(let standing):
            note("is joined", following.number, Int(standing.lastSeq))
            following.isJoined = true
            following.joinedAt = connection.loop.outlet.items.total
            if following.after == nil {
                connection.frames.append(.begins(following.conversation, at: standing.lastSeq))
                following.pushed = standing.lastSeq
            }
            if !following.isAttachedFirst || following.feed.isLagging {
                // What was held, if anything, has been let go: read from where it begins.
                following.feed = Feed(
                    position: following.after ?? standing.lastSeq, isLive: false,
                    holdLimit: scenario.limits.heldEntries)
                following.mustRead = true
            } else if following.after ?? standing.lastSeq == standing.lastSeq {
                splice(following, through: standing.lastSeq, isLast: true)
            } else {
                following.mustRead = true
            }
            if !following.isOver { connection.session.announce(following.conversation) }
            pump(connection)
        }
    }

    private func read(_ result: Result<Kernel.LogPage, ChatError>, for following: Following) {
        following.isReading = false
        switch result {
        case .failure: following.mustRead = true
        case .success(let page):
            note("has a page", following.number, Int(page.through), page.entries.count)
            // What was asked for before the reader lagged is thrown away.
            guard !following.feed.isLagging else { break }
            push(page.entries, to: following)
            if page.endsMembership { return part(following) }
            splice(following, through: page.through, isLast: page.isLast)
        }
        pump(following.connection)
    }

    private func splice(_ following: Following, through: Seq, isLast: Bool) {
        switch following.feed.page(through: through, isLast: isLast) {
        case .read: following.mustRead = true
        case .live(let parcels): for item in parcels { push(item.parcel, after: item.after, to: following) }
        case .nothing: break
        }
    }

    // MARK: To the device

    func drain(_ connection: Connection, _ count: Int) {
        let device = connection.device
        for frame in connection.frames.prefix(count) {
            switch frame {
            case .begins(let room, let seq): device.positions[room] = device.positions[room] ?? seq
            case .entry(let entry):
                let position = device.positions[entry.conversation] ?? 0
                checkReceived(entry, by: device.user.id, after: position)
                device.positions[entry.conversation] = entry.seq
                note("receives", device.number, Int(entry.pos))
            case .settled(let attempt, let result): learn(attempt, result)
            case .typing(let room, let user, let on):
                // Nobody is shown its own typing: an end that it asked for is not echoed to it.
                guard user != device.user.id else { continue }
                connection.typists.removeAll { $0 == (room, user) }
                if on { connection.typists.append((room, user)) }
            }
        }
        connection.frames.removeFirst(min(count, connection.frames.count))
        pump(connection)
    }

    // MARK: To the kernel

    func flush(_ loop: Loop) {
        let submissions = loop.gathered
        loop.gathered = []
        do throws(ChatError) {
            try life.kernel.submit(submissions)
            note("submits", submissions.count)
        } catch {
            note("may not submit", submissions.count)
            for submission in submissions {
                guard let (_, tag) = submission.session else { continue }
                refuse(Int(tag), error)
            }
        }
    }

    func report() {
        guard let loop = random.pick(life.loops.filter { !$0.unreported.isEmpty && $0.habit != .never }) else { return }
        let batch = loop.unreported.remove(at: random.below(loop.unreported.count))
        if loop.habit == .late { batch.finished() }
    }
}
