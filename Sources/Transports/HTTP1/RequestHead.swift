/// The head of a request that obeyed the grammar: what was asked, and how its content is framed.
///
/// Two references, for it is handed on several times while a request is served, and is many texts.
public struct RequestHead: Sendable, Equatable {
    /// What was asked. An object of its own: many ask the same, in the same words.
    public let line: RequestLine
    /// What a connection mostly says again with its next request.
    private let section: FieldSection

    /// Whether the fields are, byte for byte, those of the request before on the connection, and were seen to be: what was made of
    /// them then holds now. No part of what the head says.
    public let isRepeated: Bool

    init(
        _ line: RequestLine, host: String?, fields: [HTTPField], keepAlive: Bool, expectsContinue: Bool,
        framing: BodyFraming
    ) {
        self.line = line
        section = FieldSection(
            host: host, fields: fields, keepAlive: keepAlive, expectsContinue: expectsContinue, framing: framing)
        isRepeated = false
    }

    /// The fields of another, which had no content, behind a line of its own.
    init(_ line: RequestLine, repeating other: RequestHead) {
        self.line = line
        section = other.section
        isRepeated = true
    }

    /// A head as `RequestMachine` would make it, for those who test what comes after it.
    public init(
        method: String, path: String, query: String? = nil, host: String? = "localhost", fields: [HTTPField] = [],
        minorVersion: Int = 1, keepAlive: Bool = true, contentLength: Int? = nil
    ) {
        self.init(
            RequestLine(method: method, path: path, query: query, minorVersion: minorVersion), host: host,
            fields: fields, keepAlive: keepAlive, expectsContinue: false,
            framing: contentLength.map { .length($0) } ?? .none)
    }

    public static func == (a: RequestHead, b: RequestHead) -> Bool { a.line == b.line && a.section == b.section }

    /// Host and port the peer asked for: the `Host` field, or the target's own when it is in absolute-form. Nil only in HTTP/1.0.
    public var host: String? { section.host }

    /// The fields in the order they came. Of an absolute-form target the `Host` field carries the target's host, so nobody
    /// downstream can read the other one (RFC 9112 section 3.2.2).
    public var fields: [HTTPField] { section.fields }

    /// Whether the peer wants the connection kept after the answer (RFC 9112 section 9.3).
    public var keepAlive: Bool { section.keepAlive }

    /// Whether the peer waits for `100 Continue` before it sends content. Never true without content, or in HTTP/1.0.
    public var expectsContinue: Bool { section.expectsContinue }

    /// The length the peer declared; nil when it declared none or when the content is chunked.
    public var contentLength: Int? {
        if case .length(let length) = section.framing { length } else { nil }
    }

    /// Whether the content comes in chunks.
    public var isChunked: Bool { section.framing == .chunked }

    /// As sent: methods are case-sensitive (RFC 9110 section 9.1).
    public var method: String { line.method }

    /// The path of the target, still percent-encoded, beginning with `/`; or `*` for `OPTIONS *`.
    public var path: String { line.path }

    /// What followed the first `?`, still percent-encoded; nil without one.
    public var query: String? { line.query }

    /// The 0 of HTTP/1.0 or the 1 of HTTP/1.1. A higher minor version is answered as 1.1 (RFC 9110 section 2.5).
    public var minorVersion: Int { line.minorVersion }

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

/// What a head says but for its line.
private final class FieldSection: Sendable, Equatable {
    let host: String?
    let fields: [HTTPField]
    let keepAlive: Bool
    let expectsContinue: Bool
    let framing: BodyFraming

    init(host: String?, fields: [HTTPField], keepAlive: Bool, expectsContinue: Bool, framing: BodyFraming) {
        self.host = host
        self.fields = fields
        self.keepAlive = keepAlive
        self.expectsContinue = expectsContinue
        self.framing = framing
    }

    static func == (a: FieldSection, b: FieldSection) -> Bool {
        a === b
            || a.host == b.host && a.fields == b.fields && a.keepAlive == b.keepAlive
                && a.expectsContinue == b.expectsContinue && a.framing == b.framing
    }
}
