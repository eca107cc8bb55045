import ChatKernel

// What is to be sent, by the way that stands.
extension ClientMachine {
    /// Whether anything can be sent.
    var isReaching: Bool {
        if case .open(_, entered: true) = socket { return true }
        return isPollGood
    }

    mutating func settleOutbox(_ token: String, now: Int64) {
        guard !outbox.isEmpty else { return }
        // What the server may have is among what it has not told us yet, or is to be sent again: a server knows its name for a day
        // at least, and we may have been away for longer.
        let repeats = isCaughtUp && fill == nil
        if case .open(let number, entered: true) = socket {
            while let item = outbox.next(by: number, now: now, repeats: repeats) {
                send(.message(item), of: item, on: number)
            }
        } else if isPollGood {
            while let item = outbox.next(by: attempts + 1, now: now, repeats: repeats) {
                actions.append(.post(attempt(), item, token: token))
            }
        }
    }

    /// A server closes the connection of whoever sends more at a time than it has said that it takes.
    private mutating func send(_ line: ClientLine, of item: OutboxItem, on number: Int) {
        guard let frameLimit, line.json.count > frameLimit else { return actions.append(.send(number, line)) }
        guard outbox.settled(item) else { return }
        actions.append(.forget(item))
        tell(.refused(item, ChatError(.messageTooLarge, "It takes more than the \(frameLimit) bytes of a frame.")))
    }

    mutating func delivered(_ item: OutboxItem, _ receipt: Receipt) {
        guard outbox.settled(item) else { return }
        actions.append(.forget(item))
        tell(.sent(item, receipt))
    }

    /// A message of ours, seen before its answer, which may be lost. Others may use the same name, each for themselves: ours is the one of
    /// which we are the author or, when the token does not say who we are, the one that says what we have said.
    mutating func recognise(_ entry: Entry) {
        guard case .message(let posted) = entry.change, let id = posted.clientID,
            let item = outbox.doubtful(id, in: entry.conversation)
        else { return }
        let isOurs =
            me.map { $0 == entry.author.id } ?? (posted.content == item.content && posted.replyTo == item.replyTo)
        if isOurs { delivered(item, Receipt(message: posted.id, seq: entry.seq, isDuplicate: false)) }
    }

    mutating func postRefused(_ number: Int, _ refusal: Refusal, now: Int64) {
        guard let item = outbox.item(number) else { return }
        if refusal.status == 401 {
            outbox.lost(number)
            return unauthorized(number, now: now)
        }
        refused(item, refusal.error, now: now)
    }

    mutating func postFailed(_ number: Int, now: Int64) {
        guard let item = outbox.item(number) else { return }
        outbox.lost(number, now: now, wait: wait(outbox.setbacks(of: item) &+ 1))
    }

    mutating func refused(_ item: OutboxItem, _ error: ChatError, now: Int64) {
        let pause = wait(outbox.setbacks(of: item) &+ 1)
        guard let given = outbox.refused(item, error, now: now, wait: pause) else { return }
        actions.append(.forget(given))
        tell(.refused(given, error))
    }
}
