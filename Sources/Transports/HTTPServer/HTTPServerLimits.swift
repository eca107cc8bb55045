public import ChatHTTP1

/// Every bound of the server that is not one of the grammar. Zero connections or handshakes means no limit.
public struct HTTPServerLimits: Sendable {
    /// Sizes of requests, with their statuses.
    public var request = HTTPLimits()

    /// Connections at a time, upgraded ones included: one more is answered 503 with `Retry-After`.
    public var connections = 20_000

    /// Connections at a time from one address: one more is answered 429 with `Retry-After`. High, because a whole office or a proxy may be one address.
    public var connectionsPerAddress = 4096

    /// Refusals under way at a time; connections beyond are closed without a word, since words cost a descriptor.
    public var refusalsUnderWay = 64

    /// TLS handshakes under way at a time. At the bound the TLS listeners accept no more until one is over, so that a herd waits in
    /// the backlog, where nothing of it is wasted; and a handshake then has only `handshakeTimeoutWhenCrowded`, so that peers who
    /// do not finish theirs hold nobody up for longer. 256 half-done ones are 10 MiB, and half a second of arithmetic.
    public var handshakes = 256

    /// From accepting to the end of the handshake. As long as for a head: several round trips, the slowest included.
    public var handshakeTimeout: Duration = .seconds(10)

    /// The same, from when as many handshakes are under way as may be until half of them are over: three round trips at half a second
    /// each, and some.
    public var handshakeTimeoutWhenCrowded: Duration = .seconds(2)

    /// From the first byte of a head to its last, and from the connection to its first byte: 408, or a silent close when nothing
    /// has come at all. Ten seconds are ages for a head and little for a peer that holds thousands of them.
    public var headTimeout: Duration = .seconds(10)

    /// Between two pieces of content, and of an answer the peer does not read.
    public var progressTimeout: Duration = .seconds(30)

    /// For the whole content, so that a byte a minute does not hold a connection for a day.
    public var bodyTimeout: Duration = .seconds(300)

    /// Between an answer and the next request. A little more than the minute browsers and proxies like to reuse.
    public var idleTimeout: Duration = .seconds(75)

    /// How long after the last answer we wait for the peer to close, so that it can read it.
    public var lingerTimeout: Duration = .seconds(2)

    /// How long requests and upgraded connections may go on when the server stops.
    public var drainTimeout: Duration = .seconds(5)

    /// Pipelined bytes read ahead while a request is being handled; with so many its connection reads no more until it
    /// is answered.
    public var readAheadBytes = 16 << 10

    /// Pipelined requests answered before other connections get their turn.
    public var requestsPerTurn = 50

    public init() {}
}

extension Duration {
    /// Whole nanoseconds, held within what 63 bits can say.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? 0 : .max / 4 }
        return min(max(0, scaled), .max / 4) &+ attoseconds / 1_000_000_000
    }
}
