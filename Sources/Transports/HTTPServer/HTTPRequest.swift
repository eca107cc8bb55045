public import ChatHTTP1

/// A whole request, as handlers get it.
public struct HTTPRequest: Sendable {
    public var head: RequestHead
    /// The whole content, its chunks joined; empty without one. At most `HTTPLimits.bodyBytes`.
    public var body: [UInt8]
    /// What the `{…}` of the route's pattern stood for, percent-decoded.
    public var parameters: PathParameters
    /// The numeric address of the connection's other end. Behind a proxy it is the proxy's.
    public var peerAddress: String

    public init(
        head: RequestHead, body: [UInt8] = [], parameters: PathParameters = PathParameters(),
        peerAddress: String = "127.0.0.1"
    ) {
        self.head = head
        self.body = body
        self.parameters = parameters
        self.peerAddress = peerAddress
    }

    /// The items of the query; empty without one, nil when it is malformed. Parsed at each call, so ask once.
    public func query() -> QueryItems? {
        guard let query = head.query else { return QueryItems() }
        return QueryItems(parsing: query)
    }
}

/// The values of a path's parameters, by the names the pattern gave them.
public struct PathParameters: Sendable, Equatable {
    private var entries: [Entry] = []

    private struct Entry: Sendable, Equatable {
        var name: String
        var value: String
    }

    public init() {}

    init(names: [String], values: [String]) {
        entries = zip(names, values).map { Entry(name: $0, value: $1) }
    }

    /// Nil for a name that the pattern does not have. Never empty, and without a slash or a control byte.
    public subscript(name: String) -> String? {
        entries.first { $0.name == name }?.value
    }
}
