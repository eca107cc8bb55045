import ChatKernel

extension World {
    func perform(_ doing: Doing) {
        switch doing {
        case .connect: connect()
        case .drop: random.pick(connections).map(drop)
        case .follow: follow()
        case .unfollow: unfollow()
        case .post: post()
        case .repost: repost()
        case .edit, .delete, .react: changeMessage(doing)
        case .read: read()
        case .type: type()
        case .member: changeMember()
        case .expel: expel()
        case .create: create()
        case .update: update()
        case .ask: ask()
        case .handle: random.pick(life.loops.filter { $0.outlet.items.count > 0 }).map(handle)
        case .flush: random.pick(life.loops.filter { !$0.gathered.isEmpty }).map(flush)
        case .report: report()
        case .drain:
            random.pick(connections.filter { !$0.frames.isEmpty }).map { drain($0, random.within(1...8)) }
        case .answer: answer()
        case .release: if life.store.waiting > 0 { life.store.release(random.below(life.store.waiting)) }
        case .wait: time.advance(byNanoseconds: Int64(random.below(8_000_000)))
        case .waitLong: time.advance(milliseconds: Int64(random.within(50...8000)))
        case .jumpWall: time.jumpWall(byMicroseconds: Int64(random.within(-5_000_000...5_000_000)))
        case .fillDisk: life.store.change { $0.isFull.toggle() }
        case .subscribe: subscribe()
        case .take:
            random.pick(readings.filter { !$0.isOver }).map { reading in
                reading.valve.open(random.within(1...6))
                hear(reading)
            }
        case .unsubscribe: random.pick(readings.filter { !$0.isOver }).map { $0.stop(cancelling: random.chance(500)) }
        case .setOut: setOut()
        case .travel: travel()
        case .tidyBoxes: tidyBoxes()
        case .expire: expire()
        case .crash: crash()
        case .restart: restart()
        case .rest: rest(closing: scenario.isLossy)
        }
    }

    /// Sooner than by itself.
    private func expire() {
        note("expires")
        executor.start { [kernel = life.kernel] in _ = try? await kernel.expire() }
    }

    // MARK: Clients

    func connect() {
        let idle = devices.filter { $0.connection == nil }
        guard let device = random.pick(idle), let loop = random.pick(life.loops) else { return }
        connect(device, to: loop)
    }

    func connect(_ device: Device, to loop: Loop) {
        let limit = scenario.limits.sessionsPerUser
        let user = device.user
        let open = connections.count { $0.device.user == user }
        do throws(ChatError) {
            let session = try life.kernel.open(Identity(user: user), delivering: loop.outlet)
            if limit > 0, open >= limit { fail("\(user.username) has more sessions than it may") }
            let connection = Connection(device: device, loop: loop, session: session)
            device.connection = connection
            loop.connections.append(connection)
            note("connects", device.number)
        } catch {
            let readers = readings.count { $0.user == user.id && !$0.isOver }
            if limit == 0 || open + readers < limit { fail("\(user.username) was refused a session it may have") }
            note("may not connect", device.number)
        }
    }

    func drop(_ connection: Connection) {
        note("drops", connection.device.number, connection.frames.count)
        connection.session.close()
        forget(connection)
    }

    /// The connection is gone, with all that was on its way.
    func forget(_ connection: Connection) {
        connection.isOpen = false
        connection.device.connection = nil
        connection.loop.connections.removeAll { $0 === connection }
        for following in connection.followings { followings[following.number] = nil }
        connection.followings = []
        for attempt in connection.unanswered {
            if case .letter(let letter) = attempts[attempt].kind { letters[letter].inFlight -= 1 }
        }
        connection.unanswered = []
    }

    func follow() {
        guard let connection = random.pick(connections), let room = randomRoom() else { return }
        follow(room, on: connection)
    }

    func follow(_ room: ConversationID, on connection: Connection) {
        // While something of it is still on its way, the device does not know its own position.
        guard connection.following(room) == nil, !connection.frames.contains(where: { $0.moves == room })
        else { return }
        let device = connection.device
        let user = device.user.id
        let atStart = history { (head: $0.last(of: room), isMember: $0.isMember(user, of: room)) }
        if device.positions[room] == nil, random.chance(500) { device.positions[room] = 0 }
        let following = Following(
            number: number(), conversation: room, connection: connection, after: device.positions[room],
            isAttachedFirst: random.chance(500), atStart: atStart, holdLimit: scenario.limits.heldEntries)
        connection.followings.append(following)
        followings[following.number] = following
        note("follows", device.number, following.number, Int(following.after ?? -1))
        let number = following.number
        executor.start { [session = connection.session, answers = life.answers] in
            do throws(ChatError) {
                answers.put(.joined(following: number, .success(try await session.join(room))))
            } catch {
                answers.put(.joined(following: number, .failure(error)))
            }
        }
    }

    func unfollow() {
        guard let connection = random.pick(connections),
            let following = random.pick(connection.followings.filter { $0.isJoined })
        else { return }
        note("unfollows", following.number)
        stop(following)
    }

    func stop(_ following: Following) {
        let (connection, room) = (following.connection, following.conversation)
        following.isOver = true
        connection.session.leave(room)
        connection.followings.removeAll { $0 === following }
        followings[following.number] = nil
        // Who does not follow is not told when typing ends, so it forgets who types.
        connection.typists.removeAll { $0.conversation == room }
        connection.frames.removeAll { $0.typing == room }
    }

    func type() {
        guard let connection = random.pick(connections),
            let following = random.pick(connection.followings.filter { $0.isJoined })
        else { return }
        note("types", connection.device.number)
        try? connection.session.type(in: following.conversation, on: random.chance(700))
    }

    // MARK: Readers in the same process

    func subscribe() {
        guard readings.count(where: { !$0.isOver }) < 4, let user = random.pick(users), let room = randomRoom() else {
            return
        }
        let head = history { $0.last(of: room) }
        subscribe(user, to: room, after: random.chance(500) ? 0 : Seq(random.below(Int(head) + 1)))
    }

    func subscribe(_ user: UserReference, to room: ConversationID, after: Seq) {
        let reading = Reading(number: number(), user: user.id, conversation: room, after: after)
        note("subscribes", reading.number, Int(after))
        readings.append(reading)
        reading.start(from: life.kernel, persists: random.chance(700), on: executor)
    }

    func hear(_ reading: Reading) {
        for news in reading.news.takeAll() {
            switch news {
            case .entry(let entry):
                checkReceived(entry, by: reading.user, after: reading.position)
                reading.position = entry.seq
                note("reads", reading.number, Int(entry.seq))
            case .failed(let error):
                reading.hasFailed = true
                note("reading failed", reading.number)
                if error.code == .cursorAhead { fail("a position that was given out is ahead") }
            case .over:
                reading.isOver = true
                note("reading over", reading.number)
                guard !reading.isStopped, !reading.hasFailed else { continue }
                let isEnd = history { history in
                    history.stay(of: reading.user, in: reading.conversation)?.spans.contains {
                        $0.through.map { $0 <= reading.position } ?? false
                    } ?? false
                }
                if !isEnd { fail("a reading ended before its reader's removal") }
            }
        }
    }
}
