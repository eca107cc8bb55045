/// The head of a request that obeyed the grammar: what was asked, and how its content is framed.
public struct RequestHead: Sendable, Equatable {
    /// As sent: methods are case-sensitive (RFC 9110 section 9.1).
    public var method: String

    /// The request target as sent, in origin-form, absolute-form or `*`.
    public var target: String

    /// The path of the target, still percent-encoded, beginning with `/`; or `*` for `OPTIONS *`.
    public var path: String

    /// What followed the first `?`, still percent-encoded; nil without one.
    public var query: String?

    /// Host and port the peer asked for: the `Host` field, or the target's own when it is in absolute-form. Nil only in HTTP/1.0.
    public var host: String?

    /// The 0 of HTTP/1.0 or the 1 of HTTP/1.1. A higher minor version is answered as 1.1 (RFC 9110 section 2.5).
    public var minorVersion: Int

    /// The fields in the order they came. Of an absolute-form target the `Host` field carries the target's host, so nobody
    /// downstream can read the other one (RFC 9112 section 3.2.2).
    public var fields: [HTTPField]

    /// Whether the peer wants the connection kept after the answer (RFC 9112 section 9.3).
    public var keepAlive: Bool

    /// Whether the peer waits for `100 Continue` before it sends content. Never true without content, or in HTTP/1.0.
    public var expectsContinue: Bool

    /// The length the peer declared; nil when it declared none or when the content is chunked.
    public var contentLength: Int?

    /// Whether the content comes in chunks.
    public var isChunked: Bool

    /// A head as `RequestMachine` would make it, for those who test what comes after it.
    public init(
        method: String, path: String, query: String? = nil, host: String? = "localhost", fields: [HTTPField] = [],
        minorVersion: Int = 1, keepAlive: Bool = true, contentLength: Int? = nil
    ) {
        self.method = method
        self.target = query.map { path + "?" + $0 } ?? path
        self.path = path
        self.query = query
        self.host = host
        self.minorVersion = minorVersion
        self.fields = fields
        self.keepAlive = keepAlive
        self.expectsContinue = false
        self.contentLength = contentLength
        self.isChunked = false
    }

    /// Whether content follows the head.
    public var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// The value of the first field of that name, in any case.
    public func first(_ name: String) -> String? { fields.first(name) }

    /// The values of all fields of that name, in any case, in the order they came.
    public func all(_ name: String) -> [String] { fields.all(name) }

    /// Whether the peer asks to go on in another protocol (RFC 9110 section 7.8): `Connection` names `upgrade` and
    /// `Upgrade` names the protocol. An HTTP/1.0 request cannot ask.
    public func isUpgrade(to protocolName: String) -> Bool {
        minorVersion >= 1 && fields.list("connection", has: "upgrade") && fields.list("upgrade", has: protocolName)
    }
}
