public import ChatNet

/// A place where an HTTP server listens: an address, and the TLS to be spoken there, if any.
public struct ListenPoint: Sendable {
    /// See `ListenAddress`.
    public var address: String
    /// Nil for plain HTTP. Its `applicationProtocols` should be `["http/1.1"]`, all this server speaks.
    public var tls: TLSContext?

    public init(_ address: String, tls: TLSContext? = nil) {
        self.address = address
        self.tls = tls
    }
}
