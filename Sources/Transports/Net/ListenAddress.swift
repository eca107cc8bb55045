/// `host:port` as it stands in a config: `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`, `*:8000` (all of IPv4).
/// Port 0 asks the system for a free one.
public struct ListenAddress: Sendable, Equatable, CustomStringConvertible {
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reads the text form. Throws when it has no port, a port above 65,535, or an IPv6 address without brackets.
    public init(_ text: String) throws(ListenError) {
        let wrong = ListenError(address: text, code: 0, detail: "not of the form host:port or [ipv6]:port")
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw wrong
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw wrong
        }
        guard !host.isEmpty else { throw wrong }
        self.init(host: host == "*" ? "0.0.0.0" : String(host), port: port)
    }

    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// Why an address cannot be listened on: our operator's fault or the system's, never a peer's.
public struct ListenError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The address as it was given.
    public var address: String
    /// `errno`, or 0 when no system call was made.
    public var code: Int32
    /// A sentence for an operator.
    public var detail: String

    public var description: String { "cannot listen on \(address): \(detail)" }
}
