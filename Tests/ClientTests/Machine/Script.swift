import ChatKernel
import Testing

@testable import ChatClient

/// A client's machine, played by hand: the test is its network and its clock.
struct Script {
    var machine: ClientMachine
    /// In nanoseconds.
    var now: Int64 = 1_000_000_000
    /// What it told the app, connections aside.
    var told: [ClientEvent] = []
    var states: [ConnectionState] = []
    /// Where the app would go on.
    var cursor: String?

    init(cursor: String? = nil, webSocket: Bool = true) {
        var settings = ClientSettings()
        settings.firstRetry = 1000
        settings.longestRetry = 8000
        settings.upgradeRetry = 20_000
        settings.webSocket = webSocket
        settings.outboxLimit = 100
        machine = ClientMachine(settings, cursor: cursor, seed: 7)
    }

    /// What it does about something, but for what it tells the app, which is kept.
    @discardableResult
    mutating func when(_ input: ClientMachine.Input) -> [ClientMachine.Action] {
        machine.take(input, now: now).filter { action in
            guard case .tell(let event, let cursor) = action else { return true }
            if let cursor { self.cursor = cursor }
            if case .connection(let state) = event { states.append(state) } else if let event { told.append(event) }
            return false
        }
    }

    /// Lets time go by until the machine wants to be asked; what it does then.
    mutating func later() -> [ClientMachine.Action] {
        guard let deadline = machine.deadline else { return [] }
        now = max(now, deadline)
        return when(.time)
    }

    /// Milliseconds until the machine wants to be asked.
    var pause: Int64? { machine.deadline.map { max(0, $0 - now) / 1_000_000 } }

    /// Begins with a token; what it does then.
    mutating func begin(_ token: String = "t") -> [ClientMachine.Action] {
        #expect(when(.begin) == [.askForToken])
        return when(.token(token))
    }

    /// Comes to be live, with a cursor; the number of the connection.
    mutating func live(_ token: String = "t") -> Int {
        #expect(begin(token) == [.open(1, token: token)])
        enter(1)
        return 1
    }

    mutating func enter(_ number: Int) {
        #expect(when(.opened(number)).isEmpty)
        let said = when(.frame(number, .hello(cursor: "head")))
        #expect(said.first == .send(number, .hello(cursor: machine.cursor ?? "")))
        when(.frame(number, .caughtUp))
    }

    var contents: [String] {
        told.compactMap { event in
            guard case .entry(let entry) = event, case .message(let posted) = entry.change else { return nil }
            return posted.content
        }
    }

    var sent: [(OutboxItem, Receipt)] {
        told.compactMap { if case .sent(let item, let receipt) = $0 { (item, receipt) } else { nil } }
    }
}

let tea = ConversationID("tea")

/// A token that says that it is Ann's.
let tokenOfAnn = "e30.eyJzdWIiOiJhbm4ifQ.c2ln"

/// A message that somebody wrote; its cursor is `c` and its number in the store.
func wrote(
    _ content: String, pos: Pos, seq: Seq? = nil, clientID: ClientID? = nil, by name: String = "bob"
) -> ServerFrame {
    .entry(
        Entry(
            conversation: tea, seq: seq ?? pos, pos: pos, at: Timestamp(microseconds: pos),
            author: UserReference(id: UserID(name), username: name),
            change: .message(Change.Posted(id: MessageID("m\(pos)"), content: content, clientID: clientID))),
        cursor: "c\(pos)")
}

func refusal(_ status: Int, _ code: ChatError.Code, retryAfter: Int? = nil) -> ClientMachine.Refusal {
    ClientMachine.Refusal(status: status, error: ChatError(code, "no", retryAfterMilliseconds: retryAfter))
}

func acknowledgement(_ item: OutboxItem, seq: Seq, isDuplicate: Bool = false) -> ServerFrame {
    .acknowledged(id: "m:" + item.clientID.text, message: MessageID("m\(seq)"), seq: seq, isDuplicate: isDuplicate)
}
