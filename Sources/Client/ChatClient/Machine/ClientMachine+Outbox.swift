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
        if case .open(let number, entered: true) = socket {
            while let item = outbox.next(by: number, now: now) { actions.append(.send(number, .message(item))) }
        } else if isPollGood {
            while let item = outbox.next(by: attempts + 1, now: now) {
                actions.append(.post(attempt(), item, token: token))
            }
        }
    }

    mutating func delivered(_ item: OutboxItem, _ receipt: Receipt) {
        guard outbox.settled(item.clientID, in: item.conversation) != nil else { return }
        actions.append(.forget(item))
        tell(.sent(item, receipt))
    }

    mutating func postRefused(_ number: Int, _ refusal: Refusal, now: Int64) {
        guard let item = outbox.item(number) else { return }
        if refusal.status == 401 {
            outbox.lost(number)
            return unauthorized(number)
        }
        refused(item, refusal.error, now: now)
    }

    mutating func refused(_ item: OutboxItem, _ error: ChatError, now: Int64) {
        let pause = wait(outbox.refusals(of: item) + 1)
        guard let given = outbox.refused(item, error, now: now, wait: pause) else { return }
        actions.append(.forget(given))
        tell(.refused(given, error))
    }
}
