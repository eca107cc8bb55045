/// Why a store could not do what was asked. About the store, never about the request: a request that is
/// refused is a ``ChatError`` inside the commit's results.
public struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What kind of failure it is: the kernel goes by it, and nobody by the detail.
    public enum Code: String, Hashable, Sendable {
        /// Cannot be reached or written just now; nothing of the batch is kept. Trying again may succeed.
        case unavailable
        /// No room to write. Reads go on; writing resumes when there is room.
        case full
        /// A value that must be unique is taken: a username, an address.
        case conflict
        /// What is stored contradicts itself. The store stops rather than guess.
        case damaged
        /// The store has been closed.
        case closed
    }

    public let code: Code
    /// A sentence for the operator's log. Not shown to clients.
    public let detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { "store \(code.rawValue): \(detail)" }

    /// What a client is told: that it failed and whether to retry, never why.
    public var asChatError: ChatError {
        switch code {
        case .unavailable, .full, .closed:
            ChatError(.storeUnavailable, "The store cannot be written just now.", retryAfterMilliseconds: 1000)
        case .conflict: ChatError(.conflict, "That name is taken.")
        case .damaged: ChatError(.internal, "Something went wrong on our side.")
        }
    }
}
