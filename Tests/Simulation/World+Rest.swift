import ChatKernel

/// How the world comes to rest, and what must hold when it has.
extension World {
    /// Nothing fails and nothing waits any more: everything has to come to its end within a bound.
    /// - Parameter closing: posts a last message in each conversation, which shows readers what they missed.
    func rest(closing: Bool) {
        note("rests")
        isCalm = true
        let faults = scenario.faults
        life.store.change { $0 = FaultyStore.Faults() }
        // Longer than any typing lasts, and than the gate may be held.
        for _ in 0..<4 { comeToRest() }
        time.advance(seconds: 7)
        comeToRest()
        let silent = closing ? closeConversations() : []
        comeToRest()
        // Where links lose and nobody can speak, nothing tells a reader what it missed.
        checkAtRest(except: scenario.isLossy ? silent : [])
        isCalm = false
        life.store.change { $0 = faults }
    }

    private func comeToRest() {
        var quiet = 0
        for _ in 0..<2000 where quiet < 15 && failure == nil {
            life.store.releaseAll()
            for reading in readings { reading.valve.open(100) }
            arrive()
            guard runUntilIdle() else { return fail("jobs without an end") }
            if work() { quiet = 0 } else { quiet += 1 }
            time.advance(milliseconds: 5)
            checkAlways()
        }
        if quiet < 15 { fail("the world does not come to rest") }
    }

    private func runUntilIdle() -> Bool {
        for _ in 0..<100_000 where !executor.step(choosing: { random.below($0) }) { return true }
        return false
    }

    /// Everything that the driver's side can do now. False when there was nothing.
    private func work() -> Bool {
        var hasWorked = false
        for answer in life.answers.takeAll() {
            hasWorked = true
            take(answer)
        }
        for loop in life.loops {
            while loop.outlet.items.count > 0 {
                hasWorked = true
                handle(loop)
            }
            if !loop.gathered.isEmpty {
                hasWorked = true
                flush(loop)
            }
            if loop.habit == .late { for batch in loop.unreported { batch.finished() } }
            if loop.habit != .never { loop.unreported = [] }
        }
        for connection in connections where !connection.frames.isEmpty {
            hasWorked = true
            drain(connection, connection.frames.count)
        }
        return hasWorked
    }

    /// Posts a last message wherever somebody may write. Returns where nobody may.
    private func closeConversations() -> [ConversationID] {
        var silent: [ConversationID] = []
        for room in history({ $0.rooms }) {
            let writers = users.filter { user in
                history { history in
                    history.stay(of: user.id, in: room).map { $0.isOpen && $0.role >= .member } ?? false
                }
            }
            guard let writer = writers.first else {
                silent.append(room)
                continue
            }
            time.advance(seconds: 2)
            executor.start { [kernel = life.kernel] in
                _ = try? await kernel.perform(.post(room, content: "the last"), as: writer.id)
            }
            comeToRest()
            life.lastTried[writer.id] = time.monotonic()
        }
        return silent
    }

    private func checkAtRest(except silent: [ConversationID]) {
        guard failure == nil else { return }
        checkPresence()
        checkAnswers()
        checkTiles(except: silent)
        checkTravellers()
        checkSignals()
        checkSummaries()
    }

    private func checkAnswers() {
        for number in attempts.indices where attempts[number].life == life.number && attempts[number].isAccepted {
            guard !attempts[number].isSettled else { continue }
            if attempts[number].wantsReply { fail("command \(number) was never answered") }
            // Silence was asked for: it means that it was done.
            attempts[number].isSettled = true
            if case .letter(let letter) = attempts[number].kind {
                letters[letter].mustExist = true
                if attempts[number].connection?.isOpen == true { learn(number, .success(.unchanged)) }
            }
        }
        for (number, letter) in letters.enumerated() {
            let kept = history { $0.posted(letter.text).count }
            if kept > 1, letter.key != nil { fail("letter \(number) is in the log \(kept) times") }
            if kept == 0, letter.mustExist { fail("letter \(number) was acknowledged, and is gone") }
        }
        let answered = Set(
            attempts.filter { $0.isSettled }.compactMap { attempt -> Int? in
                if case .letter(let letter) = attempt.kind { letter } else { nil }
            })
        let open = Set(
            attempts.filter { !$0.isSettled }.compactMap { attempt -> Int? in
                if case .letter(let letter) = attempt.kind { letter } else { nil }
            })
        for (number, letter) in letters.enumerated()
        where answered.contains(number) && !open.contains(number) && !letter.mustExist {
            if history({ !$0.posted(letter.text).isEmpty }) { fail("letter \(number) was refused, and is kept") }
        }
    }

    /// Live and replayed together tile the log, as far as each reader may see it.
    private func checkTiles(except silent: [ConversationID]) {
        for connection in connections {
            for following in connection.followings where following.isJoined {
                let (user, room) = (connection.device.user.id, following.conversation)
                guard let position = connection.device.positions[room], !silent.contains(room) else { continue }
                if let next = history({ $0.firstVisible(to: user, in: room, after: position) }) {
                    fail("device \(connection.device.number) stands at \(position) and never got \(next)")
                }
            }
        }
        for reading in readings where !reading.isOver && !reading.isStopped && !reading.hasFailed {
            if let next = history({
                $0.firstVisible(to: reading.user, in: reading.conversation, after: reading.position)
            }) {
                fail("reading \(reading.number) stands at \(reading.position) and never got \(next)")
            }
        }
    }

    private func checkSignals() {
        for connection in connections {
            for following in connection.followings where following.isJoined {
                let here = life.kernel.activeUsers(in: following.conversation)
                if following.activeUsers?.sorted() != here.sorted() {
                    let told = following.activeUsers.map { "that \($0) are here" } ?? "nothing"
                    fail("device \(connection.device.number) was told \(told), and \(here) are")
                }
                if let typist = connection.typists.first(where: { $0.conversation == following.conversation }) {
                    fail("\(typist.user) types for ever")
                }
            }
        }
    }

    /// Counts and lists say what the log says.
    private func checkSummaries() {
        for room in history({ $0.rooms }) {
            for user in users where history({ $0.isMember(user.id, of: room) }) {
                let conversation = try? executor.finish { [kernel = life.kernel] in
                    try await kernel.conversation(room, as: user.id)
                }
                let (unread, last) = history { ($0.unread(by: user.id, in: room), $0.last(of: room)) }
                guard let conversation else {
                    fail("\(user.username) may not see its conversation")
                    continue
                }
                if conversation.unreadCount != unread {
                    fail("\(user.username) has \(conversation.unreadCount) unread, expected \(unread)")
                }
                if conversation.firstSeq != history({ $0.first(of: room) }) {
                    fail("a conversation begins at \(conversation.firstSeq)")
                }
                if conversation.lastSeq != last {
                    fail("a conversation stands at \(conversation.lastSeq), not \(last)")
                }
            }
        }
    }

    // MARK: The end

    /// Everybody comes back, catches up and sends what is left; then the last one turns off the light.
    func end() {
        for reading in readings where random.chance(500) { reading.stop(cancelling: random.chance(500)) }
        isCalm = true
        life.store.change { $0 = FaultyStore.Faults() }
        comeToRest()
        for device in devices where device.connection == nil {
            time.advance(seconds: 2)
            connect(device, to: life.loops[device.number % life.loops.count])
        }
        for room in history({ $0.rooms }) { for connection in connections { follow(room, on: connection) } }
        comeToRest()
        for number in letters.indices where letters[number].key != nil && !letters[number].isAcknowledged {
            time.advance(seconds: 2)
            send(number)
            if random.chance(300) { comeToRest() }
        }
        rest(closing: true)
        guard failure == nil else { return }
        let kept = (try? executor.finish { [disk] in try await disk.store.head().pos }) ?? -1
        if kept != history({ $0.head }) { fail("the store ends at \(kept)") }
        leave()
    }

    private func leave() {
        for connection in connections { drop(connection) }
        for reading in readings where !reading.isOver { reading.stop(cancelling: true) }
        life.run.cancel()
        guard runUntilIdle() else { return fail("jobs without an end") }
        for life in pastLives + [life] where !life.hasReturned { fail("run() of life \(life.number) never returned") }
        if life.kernel.metrics.read().openSessions != 0 { fail("sessions stay open") }
        for room in history({ $0.rooms }) {
            if life.kernel.connectionCount(in: room) != 0 { fail("somebody follows when all are gone") }
            if !life.kernel.activeUsers(in: room).isEmpty { fail("somebody is here when all are gone") }
        }
        note("ends", Int(history { $0.head }), pastLives.count)
    }
}
