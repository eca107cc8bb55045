import ChatKernel

/// Readers of everything a user may see, who hop between mailboxes and the store.
extension World {
    func setOut() {
        guard travellers.count < 4, let user = random.pick(users) else { return }
        let head = history { $0.head }
        let start = random.chance(500) ? 0 : Pos(random.below(Int(head) + 1))
        travellers.append(Traveller(number: number(), user: user, start: start))
        note("sets out", Int(start))
    }

    /// One of them asks: a mailbox of some loop, or the store.
    func travel() {
        guard let traveller = random.pick(travellers.filter { !$0.isAsking }) else { return }
        travel(traveller)
    }

    func travel(_ traveller: Traveller) {
        if random.chance(700), let loop = random.pick(life.loops), let place = place(of: traveller.user.id, at: loop),
            let items = loop.room.items(at: place, after: traveller.position)
        {
            return take(items, traveller, at: loop)
        }
        let (user, position, limit) = (traveller.user.id, traveller.position, random.within(1...6))
        traveller.isAsking = true
        executor.start { [kernel = life.kernel, answers = life.answers, number = traveller.number] in
            do throws(ChatError) {
                answers.put(.events(number, .success(try await kernel.events(of: user, after: position, limit: limit))))
            } catch {
                answers.put(.events(number, .failure(error)))
            }
        }
    }

    /// A loop gives up a box now and then, and makes another.
    func tidyBoxes() {
        guard let loop = random.pick(life.loops), let user = random.pick(users),
            let place = loop.room.place(of: user.id),
            let follower = loop.room.close(place)
        else { return }
        life.kernel.unfollow(follower)
        note("gives up a box", place)
    }

    private func place(of user: UserID, at loop: Loop) -> Int? {
        if let place = loop.room.place(of: user) { return place }
        return loop.room.open(user) { life.kernel.follow(user, as: $0, by: loop.outlet) }
    }

    // MARK: What they get

    /// What is quickly known of mail is what those are shown who ask for it.
    func check(_ arrivals: [Mailroom.Arrival], of batch: Batch, at loop: Loop) {
        for arrival in arrivals {
            guard let whole = arrival.whole else { continue }
            let parcel = batch.mail[whole].parcel
            guard arrival.before < parcel.firstPos else { continue }
            for position in [arrival.before, parcel.firstPos - 1] {
                let items = loop.room.items(at: arrival.place, after: position) ?? []
                let isAll = items.count == 1 && items.first?.parcels.count == 1 && items.first?.through == batch.through
                if !isAll || items.first?.parcels.first !== parcel || items.first?.parcels.first?.isCrossed != false {
                    fail("mail was said to be all that \(arrival.place) lacks after \(position)")
                }
            }
        }
    }

    private func take(_ items: ArraySlice<Mailbox.Item>, _ traveller: Traveller, at loop: Loop) {
        let limit = random.chance(500) ? Int.max : random.within(1...4)
        let run = MailRun(items, for: traveller.user.id, after: traveller.position, among: nil, limit: limit) {
            parcel in
            parcel.encoded(as: WireForm("positions")) { parcel in
                var bytes: [UInt8] = []
                let ends = parcel.events().map { event in
                    bytes += Array("\(event.pos) ".utf8)
                    return bytes.count
                }
                return WireBytes(bytes, ends: ends)
            }
        }
        let events = items.flatMap { $0.parcels.flatMap { $0.events() } }
        for piece in run.pieces {
            for word in String(decoding: piece.bytes[piece.range], as: UTF8.self).split(separator: " ") {
                guard let event = events.first(where: { "\($0.pos)" == word }) else { return fail("mail of nowhere") }
                if event.seq > 0, event.seq < loop.firstSeqs[event.conversation] ?? 1 {
                    fail("mail that is not kept any more: \(event.seq)")
                }
                receive(event, traveller)
            }
        }
        note("takes mail", traveller.number, run.count, Int(run.through))
        pass(traveller, to: run.through)
        if run.hasMore, nextVisible(to: traveller) == nil, !mayHaveMarks(traveller) {
            fail("more was said to follow, and nothing does")
        }
    }

    func took(_ result: Result<Kernel.EventPage, ChatError>, _ number: Int) {
        guard let traveller = travellers.first(where: { $0.number == number }) else { return }
        traveller.isAsking = false
        guard case .success(let page) = result else { return }
        for entry in page.entries { receive(entry, traveller) }
        note("takes a page", number, page.entries.count, Int(page.through))
        pass(traveller, to: page.through)
    }

    /// Each event once, in order, none left out that it may see, and none that it may not.
    private func receive(_ entry: Entry, _ traveller: Traveller) {
        let user = traveller.user.id
        if case .gap(let gap) = entry.change { return hear(of: gap, entry, traveller) }
        if entry.seq > 0, !traveller.numbers[entry.conversation, default: []].insert(entry.seq).inserted {
            fail("\(user) got \(entry.seq) of \(entry.conversation) twice")
        }
        if entry.pos <= traveller.position { fail("\(user) got pos \(entry.pos) after \(traveller.position)") }
        if entry.seq == 0 {
            let isKnown = history { history in
                history.contains(entry) && history.stay(of: user, in: entry.conversation) != nil
            }
            if !isKnown { fail("\(user) got a mark that is not its business: pos \(entry.pos)") }
            if case .read(let seq) = entry.change {
                let known = traveller.marks[entry.conversation]?[entry.author.id] ?? 0
                if seq <= known { fail("\(user) saw a mark go back") }
                traveller.marks[entry.conversation, default: [:]][entry.author.id] = seq
            }
        } else {
            let isRight = history { history in
                history.holds(entry) && history.stay(of: user, in: entry.conversation)?.contains(entry.seq) == true
            }
            if !isRight { fail("\(user) got what it may not see, or what is not so: pos \(entry.pos)") }
            if let next = nextKept(to: traveller), next < entry.pos {
                fail("\(user) got pos \(entry.pos) and never \(next)")
            }
        }
        traveller.position = max(traveller.position, entry.pos)
    }

    /// It is told of what it does not get, each number once.
    private func hear(of gap: Change.Gap, _ entry: Entry, _ traveller: Traveller) {
        let (user, room) = (traveller.user.id, entry.conversation)
        if let fault = history({ $0.fault(of: gap, through: entry.seq, in: room, toldTo: user) }) {
            return fail("\(user) was told of \(fault): \(gap.from) to \(entry.seq)")
        }
        for seq in gap.from...entry.seq where !traveller.numbers[room, default: []].insert(seq).inserted {
            fail("\(user) got \(seq) of \(room), and was told that it does not")
        }
        if entry.pos > 0, entry.pos <= traveller.position { fail("\(user) was told late of pos \(entry.pos)") }
        traveller.position = max(traveller.position, entry.pos)
    }

    private func pass(_ traveller: Traveller, to position: Pos) {
        if position < traveller.position { fail("a cursor went back") }
        if position > history({ $0.head }) { fail("a cursor from the future") }
        if let next = nextVisible(to: traveller), next <= position {
            fail("\(traveller.user.id) was taken past \(next), from \(traveller.position) to \(position)")
        }
        traveller.position = max(traveller.position, position)
    }

    /// The next numbered entry that a traveller may see and has not been told of.
    private func nextVisible(to traveller: Traveller) -> Pos? { next(to: traveller) { _ in true } }

    /// The same of what is kept: a gap may stand behind other conversations' entries, where its last number stood.
    private func nextKept(to traveller: Traveller) -> Pos? {
        next(to: traveller) { entry in entry.seq >= history({ $0.first(of: entry.conversation) }) }
    }

    private func next(to traveller: Traveller, where isMeant: (Entry) -> Bool) -> Pos? {
        let entries = history { $0.entries[Int(traveller.position)...] }
        return entries.first { entry in
            entry.seq > 0 && traveller.numbers[entry.conversation]?.contains(entry.seq) != true && isMeant(entry)
                && history { $0.stay(of: traveller.user.id, in: entry.conversation)?.contains(entry.seq) == true }
        }?.pos
    }

    /// Whether there is a mark behind its position that it might see.
    private func mayHaveMarks(_ traveller: Traveller) -> Bool {
        history { history in
            history.entries[Int(traveller.position)...].contains { entry in
                entry.seq == 0 && history.stay(of: traveller.user.id, in: entry.conversation) != nil
            }
        }
    }

    // MARK: At rest

    /// All of them arrive.
    func arrive() {
        for traveller in travellers where !traveller.isAsking && traveller.position < history({ $0.head }) {
            travel(traveller)
        }
    }

    func checkTravellers() {
        for traveller in travellers {
            if let next = nextVisible(to: traveller) {
                fail("\(traveller.user.id) travelled to \(traveller.position) and never got \(next)")
            }
            checkMarks(traveller)
            checkNumbers(traveller)
        }
    }

    /// What it got and what it was told that it does not get lie side by side: nothing was passed over in silence.
    private func checkNumbers(_ traveller: Traveller) {
        for (room, numbers) in traveller.numbers {
            guard let first = numbers.min(), let last = numbers.max() else { continue }
            if Seq(numbers.count) != last - first + 1 {
                fail("\(traveller.user.id) has holes in \(room): \(numbers.sorted())")
            }
            if traveller.start == 0, first > 1 { fail("\(traveller.user.id) was never told of 1 of \(room)") }
        }
    }

    /// Of each user the newest mark since the traveller came into the conversation.
    private func checkMarks(_ traveller: Traveller) {
        let user = traveller.user.id
        let missing: (Pos, Seq)? = history { history in
            var newest: [ConversationID: [UserID: (pos: Pos, seq: Seq)]] = [:]
            for entry in history.entries {
                if case .read(let seq) = entry.change {
                    newest[entry.conversation, default: [:]][entry.author.id] = (entry.pos, seq)
                }
            }
            for (room, marks) in newest {
                guard let stay = history.stay(of: user, in: room), stay.isOpen, let from = stay.spans.last?.from
                else { continue }
                let came = max(traveller.start, history.log(of: room)[Int(from) - 1].pos)
                for (author, mark) in marks where mark.pos > came {
                    if traveller.marks[room]?[author] != mark.seq { return (mark.pos, mark.seq) }
                }
            }
            return nil
        }
        if let missing { fail("\(user) does not know the mark at pos \(missing.0)") }
    }
}
