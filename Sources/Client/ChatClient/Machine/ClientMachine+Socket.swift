import ChatKernel
import ChatWebSocketProtocol

// By WebSocket.
extension ClientMachine {
    mutating func settleSocket(_ token: String, now: Int64) {
        switch socket {
        case .waiting(let until):
            guard isReadyForSocket, until <= now else { return }
            let number = attempt()
            socket = .opening(number)
            actions.append(.open(number, token: token))
        case .open(let number, entered: false):
            guard let cursor else { return }
            socket = .open(number, entered: true)
            isCaughtUp = false
            abandonFill()
            actions.append(.send(number, .hello(cursor: cursor)))
        case .opening, .open: break
        }
    }

    /// Whether a connection is wanted. A snapshot comes from a poll first; a server without polls has its connection say where to begin.
    var isReadyForSocket: Bool { settings.webSocket && hasRoom && (cursor != nil || isWithoutPolls) }

    /// Whether this is the connection there is.
    private func isCurrent(_ number: Int) -> Bool {
        switch socket {
        case .opening(number), .open(number, _): true
        default: false
        }
    }

    // MARK: Frames

    mutating func take(_ frame: ServerFrame, on number: Int, now: Int64) {
        guard isCurrent(number) else { return }
        switch frame {
        case .hello(let head, let frameBytes):
            guard socket == .opening(number) else { return }
            refusedTokens = 0
            drainingWait = 0
            frameLimit = frameBytes
            socket = .open(number, entered: false)
            // Nobody can tell us how things stand: from here on we hear of what happens.
            if cursor == nil, isWithoutPolls { stand(at: head) }
        case .acknowledged(let id, let message, let seq, let isDuplicate):
            if id == ClientLine.authID { refusedTokens = 0 }
            guard let name = ClientLine.clientID(in: id), let item = outbox.item(number, name), let message, let seq
            else { return }
            delivered(item, Receipt(message: message, seq: seq, isDuplicate: isDuplicate))
        case .page(let id, let events, let isAll):
            if let page = ClientLine.page(in: id) { paged(page, events, isAll: isAll, isSparse: false) }
        case .refused(let id, let error): refused(id, error, on: number, now: now)
        case .caughtUp:
            socketBackoff.reset()
            upgradeBackoff.reset()
            restartBackoff.reset()
            isFallenBack = false
            isCaughtUp = true
            tellCaughtUp()
        case .authExpiring: tokenDue = now
        case .draining(let milliseconds): drainingWait = milliseconds * 1_000_000
        default: news(frame)
        }
    }

    private mutating func refused(_ id: String?, _ error: ChatError, on number: Int, now: Int64) {
        if let name = id.flatMap(ClientLine.clientID), let item = outbox.item(number, name) {
            return refused(item, error, now: now)
        }
        if let page = id.flatMap(ClientLine.page) { return pageRefused(page, error, now: now) }
        switch error.code {
        // The connection goes on with the one that it has, for as long as that is good.
        case .tokenInvalid, .tokenExpired:
            if id == ClientLine.authID { tokenRefused(now: now) }
        case .cursorInvalid, .cursorAhead, .epochChanged:
            guard id == ClientLine.helloID, case .open(number, entered: true) = socket else { return }
            socket = .open(number, entered: false)
            startOver(error.code, now: now)
        default: break
        }
    }

    // MARK: The end of a connection

    mutating func notUpgraded(_ number: Int, _ refusal: Refusal, now: Int64) {
        guard socket == .opening(number) else { return }
        if refusal.status == 401 {
            socket = .waiting(until: now)
            return unauthorized(number, now: now)
        }
        isFallenBack = true
        isWithoutPolls = false
        let asked = Int64(refusal.error.retryAfterMilliseconds ?? 0) * 1_000_000
        switch refusal.status {
        case 429, 503: socket = .waiting(until: now + max(asked, socketBackoff.next(&dice)))
        // There is none here, and that will not change soon.
        default: socket = .waiting(until: now + upgradeBackoff.next(&dice))
        }
    }

    /// What was asked on a connection will not be answered.
    private mutating func lose(_ number: Int) {
        outbox.lost(number)
        if fill?.isBySocket == true { abandonFill() }
    }

    /// Nothing to be said about WebSocket: polls would not get through either.
    mutating func unreachable(_ number: Int, now: Int64) {
        guard isCurrent(number) else { return }
        lose(number)
        socket = .waiting(until: now + socketBackoff.next(&dice))
    }

    mutating func closed(_ number: Int, _ code: UInt16?, now: Int64) {
        guard isCurrent(number) else { return }
        lose(number)
        let wasGreeted = socket != .opening(number)
        let code = code.map { CloseCode(rawValue: $0) }
        // Somebody between us lets it through and then cuts it, or never answers.
        if !wasGreeted { isFallenBack = true }
        let pause = socketBackoff.next(&dice)
        if code == .badToken {
            // After a pause all the same: a server that lets us in and throws us out is not to be run against.
            socket = .waiting(until: now + pause)
            return unauthorized(number, now: now)
        }
        switch code?.retry {
        case .notUnchanged:
            isFallenBack = true
            socket = .waiting(until: now + upgradeBackoff.next(&dice))
        case .later, .unspecified, nil:
            socket = .waiting(until: now + max(pause, drainingWait + (drainingWait > 0 ? pause : 0)))
        }
        drainingWait = 0
    }
}
