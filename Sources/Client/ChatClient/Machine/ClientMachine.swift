import ChatKernel

/// Decides what a client does next: which way to try, when, and what of all that arrives is news. Pure: times come in, actions go out;
/// it never sees a socket.
///
///                     token
///     begin ── no cursor ──▶ snapshot (a poll without cursor)
///        └──── cursor ─────▶ WebSocket ──hello {cursor}──▶ live ──lost──▶ wait, WebSocket again
///                               │ refused, or mute                          ▲
///                               └──▶ polling, while WebSocket is tried now and then
///
/// A position is a cursor, which only the server understands, and the highest `pos` that has been handed out: whatever comes
/// a second time, on whichever way, is dropped by that. Both ways may be open at once for a moment.
struct ClientMachine {
    enum Input {
        case begin
        /// The deadline may have come. Early is harmless.
        case time
        case token(String)
        /// The app has none now (nil), or has none ever.
        case noToken(isFinal: Bool)

        /// The server answered the upgrade with 101.
        case opened(Int)
        case frame(Int, ServerFrame)
        /// An HTTP status instead of an upgrade.
        case notUpgraded(Int, Refusal)
        /// Nothing answers there.
        case unreachable(Int)
        /// The WebSocket is over.
        case closed(Int, code: UInt16?)

        case polled(Int, PollAnswer)
        case pollRefused(Int, Refusal)
        case pollFailed(Int)

        /// Whoever answers there cannot show that it is the server; told beside the failure of the attempt.
        case distrusted(String)

        /// Kept: an earlier client has left it behind, and may have sent it.
        case submit(OutboxItem, isKept: Bool = false)
        case posted(Int, Receipt)
        case postRefused(Int, Refusal)
        case postFailed(Int)

        /// Messages of a page that was asked for, as events.
        case paged(Int, [ServerFrame], isAll: Bool)
        case pageRefused(Int, Refusal)
        case pageFailed(Int)

        case typing(ConversationID, on: Bool)
        /// Whether the app takes what it is told.
        case room(Bool)
    }

    /// An HTTP answer that is not what was asked for.
    struct Refusal: Equatable {
        var status: Int
        var error: ChatError
    }

    enum Action: Equatable {
        case askForToken
        case open(Int, token: String)
        case close(Int)
        case send(Int, ClientLine)
        /// With a cursor, or for a snapshot; how long the server may wait.
        case poll(Int, cursor: String?, seconds: Int, token: String)
        case cancel(Int)
        case post(Int, OutboxItem, token: String)
        /// Messages after a number, at most ``GapFill/pageLimit``.
        case page(Int, ConversationID, after: Seq, token: String)
        /// - cursor: where the client stands once this has been taken.
        case tell(ClientEvent?, cursor: String?)
        /// The item is out of the outbox.
        case forget(OutboxItem)
        case end(ClientFailure)
    }

    enum Socket: Equatable {
        case waiting(until: Int64)
        case opening(Int)
        /// The server has said hello. Entered: it has our cursor, and sends what is behind it.
        case open(Int, entered: Bool)
    }

    enum Polling: Equatable {
        case off
        case waiting(until: Int64)
        case asking(Int, isSnapshot: Bool)
    }

    let settings: ClientSettings
    var dice: SplitMix64
    var actions: [Action] = []

    // Who we are.
    var token: String?
    /// As the token says.
    var me: UserID?
    var isAskingForToken = false
    /// Attempts from this one on were made with the token there is.
    var tokenSince = 0
    /// When the app is to be asked for a token; nil while the one there is will do.
    var tokenDue: Int64? = .min
    var tokenBackoff: Backoff
    /// Tokens that the server has refused since it last took one.
    var refusedTokens = 0

    // Where we stand.
    var cursor: String?
    var pos: Pos = 0
    /// What the last snapshot holds of each conversation: events of it may come again.
    var covered: [ConversationID: Seq] = [:]

    /// The hole that is being filled, and what waits behind it.
    var fill: GapFill?
    /// How far the last one came that was begun.
    var filled: (conversation: ConversationID, through: Seq)?

    // By which way.
    var attempts = 0
    var socket = Socket.waiting(until: .min)
    var socketBackoff: Backoff
    var upgradeBackoff: Backoff
    /// WebSocket does not work here, as far as we know.
    var isFallenBack = false
    /// What the server has asked for before it closes.
    var drainingWait: Int64 = 0
    /// The longest frame that the server takes, in bytes, as far as it has said.
    var frameLimit: Int?
    var polling = Polling.off
    var pollBackoff: Backoff
    /// The last poll was answered.
    var isPollGood = false
    /// By the way that stands, all that had happened before has come.
    var isCaughtUp = false
    /// The server has no polls.
    var isWithoutPolls = false
    /// How often we started over without having caught up since.
    var restartBackoff: Backoff

    var outbox: Outbox
    var hasRoom = true
    var state: ConnectionState?
    /// What the app has been told of the server's certificate.
    var distrust: String?
    var isOver = false

    init(_ settings: ClientSettings, cursor: String?, seed: UInt64) {
        self.settings = settings
        self.cursor = cursor
        dice = SplitMix64(seed: seed)
        let (first, longest) = (Self.nanoseconds(settings.firstRetry), Self.nanoseconds(settings.longestRetry))
        socketBackoff = Backoff(first: first, longest: longest)
        pollBackoff = Backoff(first: first, longest: longest)
        tokenBackoff = Backoff(first: first, longest: longest)
        restartBackoff = Backoff(first: first, longest: longest)
        let upgrade = Self.nanoseconds(settings.upgradeRetry)
        upgradeBackoff = Backoff(first: upgrade, longest: upgrade * 10)
        outbox = Outbox(limit: max(1, settings.outboxLimit))
    }

    static func nanoseconds(_ milliseconds: Int) -> Int64 {
        Int64(min(max(1, milliseconds), 86_400_000)) * 1_000_000
    }

    // MARK: Steps

    /// Takes what has happened; what is to be done about it.
    mutating func take(_ input: Input, now: Int64) -> [Action] {
        guard !isOver else { return [] }
        handle(input, now: now)
        if !isOver { settle(now: now) }
        let result = actions
        actions = []
        return result
    }

    /// When `.time` is to be passed; nil when nothing waits for time.
    var deadline: Int64? {
        guard !isOver else { return nil }
        var due: Int64?
        func also(_ time: Int64) { due = min(due ?? .max, time) }
        if let tokenDue, !isAskingForToken { also(tokenDue) }
        guard token != nil else { return due }
        if isReadyForSocket, case .waiting(let until) = socket { also(until) }
        if case .waiting(let until) = polling { also(until) }
        if let fill, fill.attempt == nil, hasRoom { also(fill.due) }
        if isReaching, let put = outbox.due(after: lastTime) { also(put) }
        return due
    }

    /// The time of the last step.
    var lastTime: Int64 = .min

    private mutating func handle(_ input: Input, now: Int64) {
        lastTime = now
        switch input {
        case .begin, .time: break
        case .token(let text): take(token: text)
        case .noToken(let isFinal): noToken(isFinal: isFinal, now: now)
        case .opened(let number):
            guard socket == .opening(number) else { return }
            refusedTokens = 0
            distrust = nil
        case .frame(let number, let frame): take(frame, on: number, now: now)
        case .notUpgraded(let number, let refusal): notUpgraded(number, refusal, now: now)
        case .unreachable(let number): unreachable(number, now: now)
        case .closed(let number, let code): closed(number, code, now: now)
        case .polled(let number, let answer): polled(number, answer)
        case .pollRefused(let number, let refusal): pollRefused(number, refusal, now: now)
        case .pollFailed(let number): pollFailed(number, now: now)
        case .distrusted(let detail):
            guard detail != distrust else { return }
            distrust = detail
            tell(.distrusted(detail))
        case .submit(let item, let isKept): outbox.add(item, isKept: isKept)
        case .posted(let number, let receipt):
            if let item = outbox.item(number) { delivered(item, receipt) }
        case .postRefused(let number, let refusal): postRefused(number, refusal, now: now)
        case .postFailed(let number): postFailed(number, now: now)
        case .paged(let number, let page, let isAll): paged(number, page, isAll: isAll, isSparse: true)
        case .pageRefused(let number, let refusal): pageRefused(number, refusal, now: now)
        case .pageFailed(let number): pageFailed(number, now: now)
        case .typing(let conversation, let on):
            if case .open(let number, true) = socket { actions.append(.send(number, .typing(conversation, on: on))) }
        case .room(let isThere): hasRoom = isThere
        }
    }

    /// Does whatever the state asks for.
    private mutating func settle(now: Int64) {
        settleToken(now: now)
        guard !isOver, let token else { return tellState(now: now) }
        settleSocket(token, now: now)
        settlePolling(token, now: now)
        settleFill(token, now: now)
        settleOutbox(token, now: now)
        tellState(now: now)
    }

    mutating func attempt() -> Int {
        attempts += 1
        return attempts
    }

    mutating func end(_ failure: ClientFailure) {
        isOver = true
        actions.append(.end(failure))
    }

    mutating func tell(_ event: ClientEvent) { actions.append(.tell(event, cursor: nil)) }

    // MARK: What the app sees of it

    private mutating func tellState(now: Int64) {
        let next: ConnectionState
        switch (socket, polling) {
        case (.open(_, entered: true), _): next = .live
        case (_, .asking(_, isSnapshot: false)) where isPollGood: next = .polling
        case (_, .off) where isPollGood && usesPolls: next = .polling
        case (.opening, _), (.open, _), (_, .asking): next = .connecting
        case (.waiting(let socketDue), _):
            var due = isReadyForSocket ? socketDue : .max
            if case .waiting(let pollDue) = polling { due = min(due, pollDue) }
            if token == nil { due = isAskingForToken ? now : tokenDue ?? now }
            guard due > now, due != .max else {
                next = .connecting
                break
            }
            next = .waiting(milliseconds: Int(clamping: (due &- now) / 1_000_000))
        }
        guard next != state else { return }
        if case .waiting = next, case .waiting = state { return }
        state = next
        tell(.connection(next))
    }

    /// The wait after so many setbacks.
    mutating func wait(_ setbacks: Int) -> Int64 {
        let whole = Backoff.whole(
            Self.nanoseconds(settings.firstRetry), Self.nanoseconds(settings.longestRetry), setbacks &- 1)
        return whole / 2 + Int64(dice.next() % UInt64(whole / 2 + 1))
    }
}
