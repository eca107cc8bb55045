import ChatKernel

/// Makes and checks password hashes, off the cooperative pool.
public struct Passwords: Sendable {
    /// The work itself; a test counts and cheapens it. Nil means that it could not be done.
    public typealias Derivation =
        @Sendable (_ password: [UInt8], _ salt: [UInt8], _ parameters: ScryptParameters, _ length: Int) -> [UInt8]?

    private let parameters: ScryptParameters
    private let derive: Derivation
    private let thread = HashingThread()

    /// - Parameter parameters: the cost of new hashes. Stored ones are checked at the cost they were made with.
    public init(parameters: ScryptParameters = .standard, derive: @escaping Derivation = Scrypt.derive) {
        self.parameters = parameters
        self.derive = derive
    }

    /// The text to store.
    /// - Throws: `overloaded` when too many wait for theirs, or when there is no memory for it.
    func hash(_ password: String) async throws(ChatError) -> String {
        let salt = try Randomness.bytes(PasswordHash.saltBytes)
        let hash = try await derived(password, salt, parameters, PasswordHash.hashBytes)
        return PasswordHash(parameters: parameters, salt: salt, hash: hash).text
    }

    /// Whether this is the password that was stored. With nothing stored, or nothing that we can read, the answer is no
    /// and takes the same work.
    /// - Throws: `overloaded`, as ``hash(_:)``.
    func matches(_ password: String, _ stored: String?) async throws(ChatError) -> Bool {
        let known = stored.flatMap { PasswordHash($0) }
        let expected = known ?? .nobody(parameters)
        let hash = try await derived(password, expected.salt, expected.parameters, expected.hash.count)
        return constantTimeEqual(hash, expected.hash) && known != nil
    }

    private func derived(
        _ password: String, _ salt: [UInt8], _ parameters: ScryptParameters, _ length: Int
    ) async throws(ChatError) -> [UInt8] {
        let (derive, bytes) = (derive, Array(password.utf8))
        guard let hash = try await thread.run({ derive(bytes, salt, parameters, length) }) else {
            throw ChatError(.overloaded, "Too many people are signing in just now.", retryAfterMilliseconds: 5000)
        }
        return hash
    }
}
