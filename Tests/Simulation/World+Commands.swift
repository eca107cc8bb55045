import ChatKernel

/// What users ask for, and what becomes of it.
extension World {
    // MARK: Letters

    func post() {
        guard let device = random.pick(devices), let room = randomRoom() else { return }
        let number = letters.count
        letters.append(
            Letter(
                device: device, conversation: room, text: "letter \(number)",
                key: random.chance(600) ? ClientID("key \(number)") : nil))
        send(number)
    }

    /// A letter that is not known to have arrived is sent again, if it has a key; also while the first is on its way.
    /// And now and then a key is used again for something else.
    func repost() {
        let recent = letters.indices.suffix(12).filter { letters[$0].key != nil }
        guard let number = random.pick(recent) else { return }
        if letters[number].isAcknowledged, random.chance(300) {
            let letter = letters[number]
            ask(
                .post(content: "not " + letter.text, clientID: letter.key, replyTo: nil), .forgery(number),
                of: letter.device, in: letter.conversation)
        } else if !letters[number].isAcknowledged || random.chance(300) {
            send(number)
        }
    }

    func send(_ number: Int) {
        let letter = letters[number]
        note("posts", letter.device.number, number)
        ask(
            .post(content: letter.text, clientID: letter.key, replyTo: nil), .letter(number), of: letter.device,
            in: letter.conversation)
    }

    // MARK: Other commands

    func changeMessage(_ doing: Doing) {
        guard let device = random.pick(devices), let room = randomRoom() else { return }
        let messages = history { $0.messages[room] ?? [] }
        guard let message = random.pick(messages.suffix(8)) else { return }
        note("changes a message", device.number)
        let proposal: Draft.Proposal =
            switch doing {
            case .edit: .edit(message, content: "edit \(attempts.count)")
            case .delete: .delete(message)
            default: .react(message, key: random.chance(500) ? "up" : "down", on: random.chance(700))
            }
        ask(proposal, .other, of: device, in: room)
    }

    func read() {
        guard let device = random.pick(devices), let room = randomRoom() else { return }
        let head = history { $0.last(of: room) }
        ask(.read(through: Seq(random.below(Int(head) + 3))), .other, of: device, in: room)
    }

    func changeMember() {
        guard let room = randomRoom(), let other = random.pick(users) else { return }
        guard let device = random.pick(random.chance(800) ? rulers(of: room) : devices) else { return }
        let proposal: Draft.Proposal =
            switch random.below(10) {
            case 0...4: .add(other.id, random.pick([.reader, .member, .member, .admin, .owner]) ?? .member)
            case 5...7: .remove(other.id)
            case 8: .remove(device.user.id)
            default: .add(other.id, .owner)
            }
        note("changes a member", device.number)
        ask(proposal, .other, of: device, in: room)
    }

    /// Somebody who has just begun to read is removed, and then spoken of: nothing of that may reach it.
    func expel() {
        guard let room = randomRoom(), let ruler = random.pick(rulers(of: room)) else { return }
        let others = users.filter { user in user != ruler.user && history { $0.isMember(user.id, of: room) } }
        guard let reader = random.pick(others) else { return }
        note("expels", ruler.number)
        if random.chance(700) {
            let head = history { $0.last(of: room) }
            subscribe(reader, to: room, after: max(0, head - Seq(random.below(4))))
            readings.last?.valve.open(100)
            runJobs(random.below(12))
        }
        ask(.remove(reader.id), .other, of: ruler, in: room)
        letters.append(Letter(device: ruler, conversation: room, text: "letter \(letters.count)", key: nil))
        send(letters.count - 1)
        if let loop = ruler.connection?.loop, !loop.gathered.isEmpty { flush(loop) }
    }

    private func rulers(of room: ConversationID) -> [Device] {
        devices.filter { device in
            history { history in
                history.stay(of: device.user.id, in: room).map { $0.isOpen && $0.role >= .admin } ?? false
            }
        }
    }

    func create() {
        guard history({ $0.rooms.count }) < 4, let device = random.pick(devices), let other = random.pick(users) else {
            return
        }
        let details = ConversationDetails(name: "room \(number())", isGroup: random.chance(700))
        command(.createConversation(details, participants: [other.id]), .other, of: device.user.id, in: nil)
    }

    func update() {
        guard let device = random.pick(devices), let room = randomRoom() else { return }
        let retention = random.chance(500) ? Retention(messages: random.below(6)) : nil
        ask(.update(name: "name \(number())", description: nil, retention: retention), .other, of: device, in: room)
    }

    func ask() {
        guard let user = random.pick(users), let room = randomRoom() else { return }
        let offset = random.below(4)
        executor.start { [kernel = life.kernel, answers = life.answers] in
            do throws(ChatError) {
                let page = try await kernel.messages(in: room, as: user.id, .newest(offset: offset), limit: 10)
                answers.put(.messages(user.id, room, .success(page)))
            } catch {
                answers.put(.messages(user.id, room, .failure(error)))
            }
        }
        checkPresence()
    }

    // MARK: The two doors

    /// Through the device's session, or, when it has none, as an embedder would ask on the user's behalf.
    private func ask(
        _ proposal: Draft.Proposal, _ kind: Attempt.Kind, of device: Device, in room: ConversationID
    ) {
        guard let connection = device.connection, random.chance(850) else {
            guard let asked = Command(proposal, in: room) else { return }
            return command(asked, kind, of: device.user.id, in: room)
        }
        let number = begin(kind, user: device.user.id, in: room, wantsReply: random.chance(800), on: connection)
        do throws(ChatError) {
            checkRate(device.user.id)
            let submission = try connection.session.prepare(
                proposal, in: room, tag: UInt64(number), wantsReply: attempts[number].wantsReply)
            if case .read = proposal {} else { admitted(device.user.id) }
            connection.loop.gathered.append(submission)
            attempts[number].isAccepted = true
            if attempts[number].wantsReply || kind != .other { connection.unanswered.append(number) }
        } catch {
            if error.code == .rateLimited { checkRefusal(device.user.id) }
            attempts[number].isSettled = true
            learn(number, .failure(error))
        }
        life.lastTried[device.user.id] = time.monotonic()
    }

    private func command(
        _ command: Command, _ kind: Attempt.Kind, of user: UserID, in room: ConversationID?
    ) {
        let number = begin(kind, user: user, in: room ?? ConversationID(""), wantsReply: true, on: nil)
        attempts[number].isAccepted = true
        life.lastTried[user] = time.monotonic()
        executor.start { [kernel = life.kernel, answers = life.answers] in
            do throws(ChatError) {
                answers.put(.performed(attempt: number, .success(try await kernel.perform(command, as: user))))
            } catch {
                answers.put(.performed(attempt: number, .failure(error)))
            }
        }
    }

    private func begin(
        _ kind: Attempt.Kind, user: UserID, in room: ConversationID, wantsReply: Bool, on connection: Connection?
    ) -> Int {
        if case .letter(let letter) = kind { letters[letter].inFlight += 1 }
        attempts.append(
            Attempt(
                kind: kind, user: user, conversation: room, wantsReply: wantsReply, connection: connection,
                life: life.number))
        return attempts.count - 1
    }

    // MARK: Answers

    func settle(_ settlement: Settlement) {
        let number = Int(settlement.tag)
        judge(number, settlement.result)
        if case .success(.committed(let entry)) = settlement.result, let connection = attempts[number].connection {
            if number > connection.committed.attempt, entry.pos < connection.committed.pos {
                fail("commands of one session were committed out of order")
            }
            connection.committed = (number, entry.pos)
        }
        deliver(number, settlement.result)
    }

    /// A whole round was refused at the door.
    func refuse(_ number: Int, _ error: ChatError) {
        attempts[number].isSettled = true
        deliver(number, .failure(error))
    }

    private func deliver(_ number: Int, _ result: Result<Reply, ChatError>) {
        guard let connection = attempts[number].connection, connection.isOpen else { return }
        connection.frames.append(.settled(attempt: number, result))
    }

    /// What the kernel said is held against it.
    func judge(_ number: Int, _ result: Result<Reply, ChatError>) {
        if attempts[number].isSettled { fail("a command was answered twice") }
        attempts[number].isSettled = true
        guard case .success(let reply) = result else { return }
        let attempt = attempts[number]
        switch attempt.kind {
        case .forgery:
            // Of a deleted message there is nothing left to compare with: the key decides.
            if case .repeated(let entry) = reply, history({ $0.holds(entry) }), entry.isErased { return }
            fail("a key was taken for two messages")
        case .letter(let letter):
            letters[letter].mustExist = true
            let text = letters[letter].text
            guard let entry = reply.entry,
                history({ $0.holds(entry) && $0.posted(text).contains { $0.pos == entry.pos } })
            else {
                return fail("acknowledged, and not in the log: \(text)")
            }
            if entry.author.id != attempt.user || entry.conversation != attempt.conversation {
                fail("acknowledged as somebody else's: \(text)")
            }
        case .other:
            if case .committed(let entry) = reply, history({ !$0.contains(entry) }) {
                fail("acknowledged, and not in the log: pos \(entry.pos)")
            }
        }
    }

    /// What the sender now knows.
    func learn(_ number: Int, _ result: Result<Reply, ChatError>) {
        attempts[number].connection?.unanswered.removeAll { $0 == number }
        guard case .letter(let letter) = attempts[number].kind else { return }
        letters[letter].inFlight -= 1
        if case .success = result {
            note("is acknowledged", letter)
            letters[letter].isAcknowledged = true
        } else {
            note("is refused", letter)
        }
    }
}

extension Entry {
    /// The shell of a message that was deleted.
    var isErased: Bool { if case .message(let posted) = change { posted.isDeleted } else { false } }
}

extension Command {
    /// The same through the embedder's door; nil for what the simulation does not ask for there.
    init?(_ proposal: Draft.Proposal, in room: ConversationID) {
        switch proposal {
        case .post(let content, let clientID, let replyTo):
            self = .post(room, content: content, clientID: clientID, replyTo: replyTo)
        case .edit(let id, let content): self = .edit(id, content: content)
        case .delete(let id): self = .delete(id)
        case .react(let id, let key, let on): self = .react(id, key: key, on: on)
        case .update(let name, let description, let retention):
            self = .updateDetails(room, name: name, description: description, retention: retention)
        case .add(let user, let role): self = .addMember(room, user, role)
        case .remove(let user): self = .removeMember(room, user)
        case .read(let seq): self = .read(room, through: seq)
        case .create: return nil
        }
    }
}
