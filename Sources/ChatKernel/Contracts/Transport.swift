/// Where clients can reach a transport.
public struct Endpoint: Hashable, Sendable {
    /// As a client would write it: `http://127.0.0.1:8000`.
    public let url: String

    public init(url: String) { self.url = url }
}

/// A way for clients to reach the kernel.
///
/// ## For adapter authors
/// Authenticate every client through ``Kernel/identify(_:)``, and open a ``Session`` for each that stays. Deliver through an
/// ``Outlet``: parcels come in commit order, and a ``Feed`` a reader says what to send, what to hold and what to read
/// again. Never show an entry that did not come from the kernel. `run` must return when its task is cancelled, after
/// telling its clients and within a deadline of its own; nothing it started may outlive it.
public protocol Transport: Sendable {
    /// What it is bound to, once running; empty for one that lives on the host's HTTP server.
    var endpoints: [Endpoint] { get async }

    /// Serves until cancelled. Called once.
    /// - Throws: when it cannot serve, or not any more: the host then stops in order, and says why.
    func run(serving kernel: Kernel) async throws
}
