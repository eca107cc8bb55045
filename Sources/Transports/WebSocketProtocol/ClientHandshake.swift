/// The opening handshake as the client asks for it and judges the answer (RFC 6455 section 4.1).
///
/// As on the other side the digest is the driver's: SHA-1 of ``Handshake/acceptInput(key:)`` goes through
/// ``Handshake/acceptValue(digest:)``.
public struct ClientHandshake: Sendable {
    /// The nonce that the server proves to have read.
    public let key: String
    /// What is to be spoken: the server must choose it.
    public let subprotocol: String

    /// - Parameter nonce: 16 random bytes; of another number the first 16, or zeros behind.
    public init(nonce: [UInt8], subprotocol: String) {
        key = Base64.encode(Array((nonce + [UInt8](repeating: 0, count: 16)).prefix(16)))
        self.subprotocol = subprotocol
    }

    /// The fields of the request, besides `Host`, `Upgrade` and `Connection`.
    public var fields: [Handshake.Field] {
        [
            Handshake.Field("Sec-WebSocket-Version", "13"), Handshake.Field("Sec-WebSocket-Key", key),
            Handshake.Field("Sec-WebSocket-Protocol", subprotocol),
        ]
    }

    /// What is wrong with an answer of status 101, in a sentence; nil when the connection now speaks the subprotocol.
    ///
    /// - Parameters:
    ///   - accept: what `Sec-WebSocket-Accept` must be.
    ///   - values: as for ``Handshake/judge(method:minorVersion:values:)``.
    public func fault(accept: String, values: (_ name: String) -> [String]) -> String? {
        guard Handshake.lists(values("upgrade"), "websocket"), Handshake.lists(values("connection"), "upgrade") else {
            return "the server switches to something else"
        }
        guard values("sec-websocket-accept") == [accept] else { return "the server has not read the key" }
        guard values("sec-websocket-extensions").isEmpty else {
            return "the server chose an extension, and none was offered"
        }
        guard values("sec-websocket-protocol") == [subprotocol] else {
            return "the server does not speak \(subprotocol)"
        }
        return nil
    }
}
