import ChatWebSocketProtocol
import ChatWire

/// What a config may say of the WebSocket transport, all of it optional.
public struct WebSocketSettings: Decodable, Sendable, Equatable {
    /// Silence after which the peer is asked for a sign of life, in seconds. 25 by default: below the 30 at which the
    /// most forgetful proxies drop a quiet connection. More saves traffic, and lets dead connections linger.
    public var pingSeconds: Int
    /// How long after that it may stay silent, in seconds; then the connection is closed. 20 by default.
    public var pongSeconds: Int
    /// Bytes queued for one connection; past it the connection is fed from the store at its own speed. 1 MiB by
    /// default: a hundred slow readers then cost 100 MiB at most.
    public var outboxBytes: Int
    /// One message from a client, over all its fragments; past it the connection is closed with 1009. 0, the default, is room
    /// for the longest content with every character escaped, and 1 MiB at least. With less, content that is allowed may not
    /// pass; the greeting of v2 says how long a frame may be.
    public var frameBytes: Int

    public init(pingSeconds: Int = 25, pongSeconds: Int = 20, outboxBytes: Int = 1 << 20, frameBytes: Int = 0) {
        self.pingSeconds = pingSeconds
        self.pongSeconds = pongSeconds
        self.outboxBytes = outboxBytes
        self.frameBytes = frameBytes
    }

    private enum CodingKeys: String, CodingKey {
        case pingSeconds
        case pongSeconds
        case outboxBytes
        case frameBytes
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let standard = WebSocketSettings()
        pingSeconds = try values.number(.pingSeconds, in: 1...3600, default: standard.pingSeconds)
        pongSeconds = try values.number(.pongSeconds, in: 1...3600, default: standard.pongSeconds)
        outboxBytes = try values.number(.outboxBytes, in: 65_536...(64 << 20), default: standard.outboxBytes)
        frameBytes = try values.number(.frameBytes, in: 0...(16 << 20), default: standard.frameBytes)
        guard frameBytes == 0 || frameBytes >= 1024 else {
            throw DecodingError.dataCorruptedError(
                forKey: .frameBytes, in: values,
                debugDescription: "must be 0 or a whole number from 1024 to \(16 << 20)")
        }
    }

    /// With the length of a frame that goes with this length of content, unless it was said.
    func fitted(toContent messageBytes: Int) -> WebSocketSettings {
        var settings = self
        if frameBytes == 0 { settings.frameBytes = max(1 << 20, WireLimits.document(content: messageBytes)) }
        return settings
    }

    var patience: Liveness.Patience {
        Liveness.Patience(
            untilPing: Int64(pingSeconds) * 1_000_000_000, forPong: Int64(pongSeconds) * 1_000_000_000)
    }

    var limits: WebSocketLimits { WebSocketLimits(frameBytes: frameBytes, messageBytes: frameBytes) }
}
