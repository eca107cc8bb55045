public import ChatKernel

/// Lets nobody in: for kernels that are asked as users, and never to find out who one is.
public struct Nobody: Authenticator {
    public init() {}

    public func identify(_ credentials: Credentials) async throws(ChatError) -> Identity {
        throw ChatError(.tokenInvalid, "Nobody is known here.")
    }
}
