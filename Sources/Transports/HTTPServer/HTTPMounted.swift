public import ChatKernel

/// A transport that lives on a shared HTTP server: it brings routes instead of a listener of its own.
public protocol HTTPMounted: Transport {
    /// What it serves. Called once, before the server is bound.
    func routes(serving kernel: Kernel) -> [Route]
}

extension HTTPMounted {
    /// The server's, not its own.
    public var endpoints: [Endpoint] { [] }

    /// Most have nothing to do beside their routes: waits until cancelled.
    public func run(serving kernel: Kernel) async throws {
        let (nothing, _) = AsyncStream<Never>.makeStream()
        for await _ in nothing {}
    }
}
