/// How patient a client is. Times in milliseconds.
public struct ClientSettings: Sendable, Equatable {
    /// The wait after the first failure; each further one doubles it, up to ``longestRetry``. A quarter to a half of a second is
    /// what a restart takes.
    public var firstRetry: Int = 500
    /// Where the doubling ends.
    public var longestRetry: Int = 30_000
    /// How long a server without WebSocket is polled before WebSocket is tried again; doubled by each refusal, up to ten times as long.
    public var upgradeRetry: Int = 30_000
    /// How long a poll asks the server to wait, in seconds; the server has a bound of its own, of 55.
    public var pollSeconds: Int = 25
    /// How long a connection may take until it stands, an answer that waits for nothing until it begins, and any pause within one.
    public var patience: Int = 15_000
    /// Silence on a WebSocket after which the server is asked for a sign of life; it then has ``patience`` to give one.
    public var heartbeat: Int = 25_000
    /// Messages the outbox holds; one more is refused.
    public var outboxLimit: Int = 1000
    /// Events that wait for the app to take them. With so many the client reads no more from the server until half of them are taken; it may
    /// pass the bound by what one read of a socket, or one answer to a poll, brings.
    public var eventLimit: Int = 1000
    /// The authorities that the certificate of an `https` server may come from: a file of PEM certificates; nil for those that the system
    /// trusts. A server's own certificate will do when it is signed by itself.
    public var authorities: String?
    /// Whether WebSocket is tried at all: not so where it is known to be of no use.
    public var webSocket = true

    public init() {}
}
