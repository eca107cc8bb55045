/// The head of a request that obeyed the grammar: what was asked, and how its content is framed.
///
/// An object, for it is handed on several times while a request is served, and is many texts.
public final class RequestHead: Sendable, Equatable {
    /// As sent: methods are case-sensitive (RFC 9110 section 9.1).
    public let method: String

    /// The path of the target, still percent-encoded, beginning with `/`; or `*` for `OPTIONS *`.
    public let path: String

    /// What followed the first `?`, still percent-encoded; nil without one.
    public let query: String?

    /// Host and port the peer asked for: the `Host` field, or the target's own when it is in absolute-form. Nil only in HTTP/1.0.
    public let host: String?

    /// The 0 of HTTP/1.0 or the 1 of HTTP/1.1. A higher minor version is answered as 1.1 (RFC 9110 section 2.5).
    public let minorVersion: Int

    /// The fields in the order they came. Of an absolute-form target the `Host` field carries the target's host, so nobody
    /// downstream can read the other one (RFC 9112 section 3.2.2).
    public let fields: [HTTPField]

    /// Whether the peer wants the connection kept after the answer (RFC 9112 section 9.3).
    public let keepAlive: Bool

    /// Whether the peer waits for `100 Continue` before it sends content. Never true without content, or in HTTP/1.0.
    public let expectsContinue: Bool

    /// The length the peer declared; nil when it declared none or when the content is chunked.
    public let contentLength: Int?

    /// Whether the content comes in chunks.
    public let isChunked: Bool

    /// Whether the fields are, byte for byte, those of the request before on the connection, and were seen to be: what was made of
    /// them then holds now. No part of what the head says.
    public let isRepeated: Bool

    init(
        method: String, path: String, query: String?, host: String?, minorVersion: Int,
        fields: [HTTPField], keepAlive: Bool, expectsContinue: Bool, framing: BodyFraming, isRepeated: Bool = false
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.host = host
        self.minorVersion = minorVersion
        self.fields = fields
        self.keepAlive = keepAlive
        self.expectsContinue = expectsContinue
        if case .length(let length) = framing { contentLength = length } else { contentLength = nil }
        isChunked = framing == .chunked
        self.isRepeated = isRepeated
    }

    /// A head as `RequestMachine` would make it, for those who test what comes after it.
    public convenience init(
        method: String, path: String, query: String? = nil, host: String? = "localhost", fields: [HTTPField] = [],
        minorVersion: Int = 1, keepAlive: Bool = true, contentLength: Int? = nil
    ) {
        self.init(
            method: method, path: path, query: query, host: host,
            minorVersion: minorVersion, fields: fields, keepAlive: keepAlive, expectsContinue: false,
            framing: contentLength.map { .length($0) } ?? .none)
    }

    public static func == (a: RequestHead, b: RequestHead) -> Bool {
        a.method == b.method && a.path == b.path && a.query == b.query && a.host == b.host
            && a.minorVersion == b.minorVersion && a.fields == b.fields && a.keepAlive == b.keepAlive
            && a.expectsContinue == b.expectsContinue && a.contentLength == b.contentLength
            && a.isChunked == b.isChunked
    }

    /// Whether content follows the head.
    public var hasBody: Bool { isChunked || (contentLength ?? 0) > 0 }

    /// The value of the first field of that name, in any case.
    public func first(_ name: String) -> String? { fields.first(name) }

    /// The value of the field of that name, in any case; nil when there are several.
    public func only(_ name: String) -> String? {
        var only: String?
        for field in fields where field.isNamed(name) {
            guard only == nil else { return nil }
            only = field.value
        }
        return only
    }

    /// The values of all fields of that name, in any case, in the order they came.
    public func all(_ name: String) -> [String] { fields.all(name) }

    /// Whether the peer asks to go on in another protocol (RFC 9110 section 7.8): `Connection` names `upgrade` and
    /// `Upgrade` names the protocol. An HTTP/1.0 request cannot ask.
    public func isUpgrade(to protocolName: String) -> Bool {
        minorVersion >= 1 && fields.list("connection", has: "upgrade") && fields.list("upgrade", has: protocolName)
    }
}
