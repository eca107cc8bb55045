/// Whether the peer is still there, and how a connection ends: pings, and the closing handshake (RFC 6455 sections 5.5 and 7).
///
///                 quiet                    quiet
///     [listening] ------> sendPing [asked] ------> closeSocket
///          ^                          |
///          +------ any byte ----------+
///
///     any of them -- we send a close --> [closing] -- the peer's close, or too long --> closeSocket
///
/// A peer shows life by what it says and by what it takes: while something waits for it, only the latter counts. One that reads slowly
/// cannot answer a ping that stands behind a megabyte; one that talks and never reads costs that megabyte for as long as it likes.
///
/// Times are nanoseconds of a monotonic clock of the driver's choice. The driver arms one timer for `deadline`. It need not touch it when
/// bytes arrive, since that only ever moves the deadline to a later time: a timer that fires early is answered by `.nothing`, and is armed again.
/// Only `beginClosing` may bring it nearer; a queue that begins to wait is noticed in time when the timer fires, which is at least as often
/// as a ping is due.
public struct Liveness: Sendable {
    /// How long to wait for what, in nanoseconds.
    public struct Patience: Sendable, Equatable {
        /// Silence after which a ping is sent. 25 s is below the 30 and 60 s at which proxies and mobile networks usually forget a
        /// quiet connection.
        public var untilPing: Int64
        /// Silence after the ping until the peer counts as gone. Any byte will do: a busy peer need not answer first.
        public var forPong: Int64
        /// From our close frame until the socket is closed without the peer's.
        public var forClose: Int64

        public init(
            untilPing: Int64 = 25_000_000_000, forPong: Int64 = 20_000_000_000, forClose: Int64 = 5_000_000_000
        ) {
            self.untilPing = max(1, untilPing)
            self.forPong = max(1, forPong)
            self.forClose = max(1, forClose)
        }
    }

    /// What the driver is to do when the deadline is reached.
    public enum Due: Sendable, Equatable {
        case nothing
        case sendPing
        case closeSocket
    }

    /// What the driver is to do when the peer's close frame has come.
    public enum Farewell: Sendable, Equatable {
        /// Send a close frame with the peer's own code, then close the socket.
        case answerAndClose
        /// Ours went out before: both sides have said it.
        case closeSocket
    }

    private enum Phase: Sendable {
        case listening
        case asked
        case closing
        case over
    }

    private let patience: Patience
    private var phase = Phase.listening
    private var since: Int64

    public init(patience: Patience = Patience(), now: Int64) {
        self.patience = patience
        self.since = now
    }

    /// When `deadlineReached` is to be called; nil once the socket is to be closed.
    ///
    /// - Parameter stalledSince: since when the peer has taken nothing of what waits for it; nil when nothing does.
    public func deadline(stalledSince: Int64?) -> Int64? {
        guard let stalledSince, !isClosing else { return deadline }
        return min(deadline ?? .max, Self.sum(stalledSince, patience.untilPing, patience.forPong))
    }

    /// As `deadline(stalledSince:)`, when nothing waits for the peer.
    public var deadline: Int64? {
        let wait: Int64
        switch phase {
        case .listening: wait = patience.untilPing
        case .asked: wait = patience.forPong
        case .closing: wait = patience.forClose
        case .over: return nil
        }
        return Self.sum(since, wait)
    }

    private static func sum(_ times: Int64...) -> Int64 {
        times.reduce(0) { total, time in
            let (sum, overflow) = total.addingReportingOverflow(time)
            return overflow ? .max : sum
        }
    }

    /// Whether our close frame went out, or the end has come: no data frame may be sent any more (section 5.5.1).
    public var isClosing: Bool { phase == .closing || phase == .over }

    /// Bytes of any kind came from the peer.
    public mutating func bytesArrived(now: Int64) {
        switch phase {
        case .listening, .asked:
            phase = .listening
            since = max(since, now)
        case .closing, .over: break
        }
    }

    /// We want to close. True: send the close frame now. False: one went out before, and there is never a second.
    public mutating func beginClosing(now: Int64) -> Bool {
        guard !isClosing else { return false }
        phase = .closing
        since = now
        return true
    }

    /// The peer's close frame came.
    public mutating func peerClosed() -> Farewell {
        let answer: Farewell = isClosing ? .closeSocket : .answerAndClose
        phase = .over
        return answer
    }

    /// The socket is gone, with or without a farewell.
    public mutating func ended() { phase = .over }

    /// The timer fired. Early is harmless.
    ///
    /// - Parameter stalledSince: as for `deadline(stalledSince:)`.
    public mutating func deadlineReached(now: Int64, stalledSince: Int64? = nil) -> Due {
        if let stalledSince, !isClosing {
            if now >= Self.sum(stalledSince, patience.untilPing, patience.forPong) {
                phase = .over
                return .closeSocket
            }
            bytesArrived(now: stalledSince)
        }
        guard let deadline, now >= deadline else { return .nothing }
        switch phase {
        case .listening:
            phase = .asked
            since = now
            return .sendPing
        case .asked, .closing:
            phase = .over
            return .closeSocket
        case .over: return .nothing
        }
    }
}
