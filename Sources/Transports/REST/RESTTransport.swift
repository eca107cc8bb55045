public import ChatHTTPServer
public import ChatKernel

/// The REST routes of `protocol.md` sections 2 and 4: users and tokens, conversations, members, messages, typing, read
/// marks and search. Served by whichever ``HTTPServer`` it is mounted on.
public struct RESTTransport: HTTPMounted {
    public init() {}

    public func routes(serving kernel: Kernel) -> [Route] {
        AccountRoutes(kernel: kernel).routes + ConversationRoutes(kernel: kernel).routes
            + MessageRoutes(kernel: kernel).routes + SearchRoutes(kernel: kernel).routes
    }
}

/// `{"type": "rest"}`: it has no settings of its own.
public enum RESTAdapter: TransportAdapter {
    public struct Settings: Decodable, Sendable {
        private enum Nothing: CodingKey {}

        public init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: Nothing.self) }
    }

    public static let type = "rest"

    /// A client that remembers the last `seq` it has seen asks for what came after it.
    public static let guarantees = TransportGuarantees(resume: true, ordered: true)

    public static func make(_ settings: Settings, in context: AdapterContext) async throws -> any Transport {
        RESTTransport()
    }
}
