/// Where a server is: `http[s]://host[:port][/prefix]`; `ws` and `wss` mean the same.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    /// A name or a numeric address, an IPv6 one without its brackets.
    public let host: String
    /// Of `https`: TLS, with a certificate that is for ``host``.
    public let isSecure: Bool
    /// 443 with TLS and 80 without, unless the URL says otherwise.
    public let port: UInt16
    /// What stands before `/api` in every path; empty or beginning with a slash.
    public let prefix: String

    /// - Throws: ``ClientFailure/unsupported(_:)`` for what is no such URL.
    public init(_ url: String) throws(ClientFailure) {
        guard let colon = url.firstIndex(of: ":") else { throw .unsupported("\(url) is not a URL.") }
        let scheme = url[..<colon].lowercased()
        let rest = url[colon...]
        isSecure = scheme == "https" || scheme == "wss"
        guard isSecure || scheme == "http" || scheme == "ws", rest.hasPrefix("://") else {
            throw .unsupported("A server's URL begins with http:// or https://, not so \(url).")
        }
        let address = rest.dropFirst(3)
        let authority = address.prefix { $0 != "/" }
        var path = address[authority.endIndex...]
        while path.last == "/" { path.removeLast() }
        var host = authority
        var port = Self.port(isSecure)
        // Behind the bracket of an IPv6 address, or the only colon there is.
        if let mark = authority.lastIndex(of: ":"), !authority[mark...].contains("]") {
            guard let number = UInt16(authority[authority.index(after: mark)...]) else {
                throw .unsupported("\(url) has no port that is a number.")
            }
            port = number
            host = authority[..<mark]
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        // What may stand in a URL's path; and in a host, where @, ? and # would begin something else.
        let isPlain = authority.utf8.allSatisfy(Self.isPlain) && path.utf8.allSatisfy(Self.isPlain)
        guard !host.isEmpty, isPlain else { throw .unsupported("\(url) is not the URL of a server.") }
        self.host = String(host)
        self.port = port
        prefix = String(path)
    }

    /// Where it is unless the URL says so.
    private static func port(_ isSecure: Bool) -> UInt16 { isSecure ? 443 : 80 }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "@"), UInt8(ascii: "?"), UInt8(ascii: "#"): false
        default: byte > 0x20 && byte < 0x7F
        }
    }

    /// Host and port, as the `Host` field has them.
    var authority: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return port == Self.port(isSecure) ? host : "\(host):\(port)"
    }

    public var description: String { "\(isSecure ? "https" : "http")://\(authority)\(prefix)" }
}
