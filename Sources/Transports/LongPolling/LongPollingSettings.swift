import ChatWire

/// What a config may say of the long-polling transport, all of it optional.
public struct LongPollingSettings: Decodable, Sendable, Equatable {
    /// How long a request waits for something to happen when it does not say, in seconds: 25 by default, below the 30 at which
    /// the most forgetful proxies give up. A request may ask for up to 55.
    public var waitSeconds: Int
    /// Silence on a stream after which a comment is sent, in seconds: 20 by default.
    public var heartbeatSeconds: Int
    /// How long a stream lives before it ends and the client comes back, in seconds: an hour by default. So streams spread over the
    /// hosts again after one was away.
    public var streamSeconds: Int

    public init(waitSeconds: Int = 25, heartbeatSeconds: Int = 20, streamSeconds: Int = 3600) {
        self.waitSeconds = waitSeconds
        self.heartbeatSeconds = heartbeatSeconds
        self.streamSeconds = streamSeconds
    }

    private enum CodingKeys: String, CodingKey {
        case waitSeconds
        case heartbeatSeconds
        case streamSeconds
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let standard = LongPollingSettings()
        waitSeconds = try values.number(.waitSeconds, in: 1...Self.longestWait, default: standard.waitSeconds)
        heartbeatSeconds = try values.number(.heartbeatSeconds, in: 1...300, default: standard.heartbeatSeconds)
        streamSeconds = try values.number(.streamSeconds, in: 10...86_400, default: standard.streamSeconds)
    }

    /// The longest a request may wait, in seconds: below the minute at which most proxies give up.
    static let longestWait = 55
}
