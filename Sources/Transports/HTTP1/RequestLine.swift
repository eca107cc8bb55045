/// What the first line of a request says (RFC 9112 section 3): method, target and version.
public final class RequestLine: Sendable, Equatable {
    /// See the properties of ``RequestHead``.
    public let method: String
    public let path: String
    public let query: String?
    public let minorVersion: Int

    init(method: String, path: String, query: String?, minorVersion: Int) {
        self.method = method
        self.path = path
        self.query = query
        self.minorVersion = minorVersion
    }

    /// Whether it asks for the same place in the same way, if perhaps for something else of it.
    public func asksSamePlace(as other: RequestLine) -> Bool {
        self === other || path == other.path && method == other.method
    }

    public static func == (a: RequestLine, b: RequestLine) -> Bool {
        a === b
            || a.method == b.method && a.path == b.path && a.query == b.query && a.minorVersion == b.minorVersion
    }
}
