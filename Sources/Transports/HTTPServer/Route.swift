public import ChatHTTP1
public import ChatNet

/// What a server does at one place: a method, a path pattern and a handler.
///
/// A pattern is a path whose segments are literal or `{name}`: `/api/chat/conversations/{id}/messages`. Segments are split
/// first and percent-decoded then, so an escaped slash never makes a segment. Literal segments win over parameters.
/// HEAD is answered by GET's handler, and OPTIONS with `Allow`, unless a route says otherwise.
public struct Route: Sendable {
    /// As the request line has it, in capitals: methods are compared by bytes (RFC 9110 section 9.1).
    public var method: String
    /// As described above; one that is none is a ``RouteConflict`` when the server is made.
    public var pattern: String
    public var handler: Handler

    public init(_ method: String, _ pattern: String, _ handler: Handler) {
        self.method = method
        self.pattern = pattern
        self.handler = handler
    }

    /// How a request is handled, and on whose thread.
    public enum Handler: Sendable {
        /// Runs in a child task of the server's `run()`. When the peer leaves meanwhile the answer is dropped.
        case respond(@Sendable (HTTPRequest) async -> HTTPResponse)

        /// Runs on the connection's loop: for answers that are at hand. It must not block or take long.
        case immediate(@Sendable (HTTPRequest) -> HTTPResponse)

        /// Decides, in a child task, whether the connection goes on in another protocol. The loop is the one it lives on.
        case upgrade(@Sendable (HTTPRequest, EventLoop) async -> UpgradeDecision)

        /// Called on the connection's loop; the answer is given later through the exchange, by anyone. For requests that wait
        /// long, since a waiting exchange costs no task.
        case exchange(@Sendable (HTTPRequest, Exchange) -> Void)
    }
}

/// The answer to a request for another protocol.
public enum UpgradeDecision: Sendable {
    /// The connection stays HTTP.
    case refuse(HTTPResponse)

    /// `101 Switching Protocols` is sent; then `attach` is called on the stream's loop and gives it its new handler, which gets the
    /// bytes that came behind the request, and the stream with no deadline. What `attach` sends comes behind the 101.
    ///
    /// `fields` go into the head of the 101; `Upgrade` and `Connection` are put there by the server.
    case accept(
        to: String = "websocket", fields: [HTTPField] = [],
        attach: @Sendable (ByteStream, EventLoop) -> any StreamHandler)
}

/// Two routes for the same thing, or a pattern that is none: the composer's fault.
public struct RouteConflict: Error, Sendable, Equatable, CustomStringConvertible {
    public var method: String
    public var pattern: String
    public var detail: String

    public var description: String { "route \(method) \(pattern): \(detail)" }
}
