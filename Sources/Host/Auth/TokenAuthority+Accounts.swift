public import ChatKernel
import Synchronization

extension TokenAuthority {
    /// Whether anybody may make an account: switched on, and of use, because we can give tokens for it.
    public var acceptsRegistration: Bool { settings.registration && keys.canSign }

    public func register(
        username: String, password: String, email: String?, from address: String?
    ) async throws(ChatError) -> User {
        guard acceptsRegistration else {
            throw ChatError(.forbidden, "This server does not take registrations.")
        }
        try AccountRules.checkPassword(password)
        let username = try Self.checked(username, email)
        let now = time.monotonic()
        if case .refused(let wait) = limiter.withLock({ $0.registrationBegins(address: address, at: now) }) {
            throw ChatError(
                .rateLimited, "Too many new accounts; try again later.", retryAfterMilliseconds: wait,
                limit: .registrationsPerAddress)
        }
        return try await make(username, password, email, isSuperuser: false)
    }

    /// Makes an account for the operator: also when registration is off, and without limit.
    /// - Parameter password: nil for an account whose tokens are minted elsewhere.
    /// - Throws: `invalid_field`, `conflict`, `store_unavailable`.
    public func makeAccount(
        username: String, password: String?, email: String? = nil, isSuperuser: Bool = false
    ) async throws(ChatError) -> User {
        if let password { try AccountRules.checkPassword(password) }
        let username = try Self.checked(username, email)
        return try await make(username, password, email, isSuperuser: isSuperuser)
    }

    /// An unknown name, a wrong password and a disabled account are one answer, after the same work.
    public func login(
        username: String, password: String, from address: String?
    ) async throws(ChatError) -> AccessToken {
        guard keys.canSign else { throw ChatError(.forbidden, "Tokens for this server are issued elsewhere.") }
        // Nobody can have such a pair, which is no secret: so it is not worth the work.
        guard username.utf8.count <= AccountRules.usernameLimit,
            password.utf8.count <= AccountRules.passwordBytes.upperBound
        else { throw Self.mismatch }

        let name = User.folded(username)
        let now = time.monotonic()
        if case .refused(let wait) = limiter.withLock({ $0.attemptBegins(name: name, address: address, at: now) }) {
            throw ChatError(
                .rateLimited, "Too many attempts; try again later.", retryAfterMilliseconds: wait,
                limit: .passwordAttempts)
        }
        let user: User?
        let matches: Bool
        do throws(ChatError) {
            user = try await account(named: username)
            matches = try await passwords.matches(password, user?.passwordHash)
        } catch {
            // Nobody learned whether the password was right.
            limiter.withLock { $0.attemptForgiven(name: name, address: address, at: now) }
            throw error
        }
        guard matches, let user, user.isActive else { throw Self.mismatch }
        limiter.withLock { $0.attemptForgiven(name: name, address: address, at: now) }
        return try issueToken(for: user, expiresInSeconds: settings.accessTokenExpireMinutes * 60)
    }

    /// A token for a user, whatever its password: for the operator, and after ``login(username:password:from:)``.
    /// - Parameter expiresInSeconds: 1 second to 10 years.
    /// - Throws: `forbidden` when there is no key to sign with, `invalid_field` for a life out of range.
    public func issueToken(for user: User, expiresInSeconds: Int) throws(ChatError) -> AccessToken {
        guard (1...315_360_000).contains(expiresInSeconds) else {
            throw ChatError(.invalidField, "A token lives from 1 second to 10 years.")
        }
        let issuedAt = time.wall().microseconds / 1_000_000
        let token = try keys.sign(
            claims: MintedClaims(
                user: user.reference, issuedAt: issuedAt, expiresAt: issuedAt + Int64(expiresInSeconds),
                tokenID: try Randomness.text(16), issuer: settings.issuer, audience: settings.audience
            ).json)
        return AccessToken(token: token, expiresInSeconds: expiresInSeconds)
    }

    private static let mismatch = ChatError(.tokenInvalid, "That name and password do not belong together.")

    /// The name as it is kept.
    private static func checked(_ username: String, _ email: String?) throws(ChatError) -> String {
        let name = try AccountRules.username(username)
        if let email { try AccountRules.checkEmail(email) }
        return name
    }

    private func make(
        _ username: String, _ password: String?, _ email: String?, isSuperuser: Bool
    ) async throws(ChatError) -> User {
        // Asked before the password is hashed, which costs more; decided by `save`.
        if try await account(named: username) != nil { throw Self.taken(email: nil) }
        var hash: String?
        if let password { hash = try await passwords.hash(password) }
        let now = time.wall()
        let user = User(
            id: try Randomness.userID(at: now), username: username, email: email, passwordHash: hash,
            isSuperuser: isSuperuser, createdAt: now)
        do throws(StoreError) {
            try await store.save(user)
        } catch {
            throw error.code == .conflict ? Self.taken(email: email) : error.asChatError
        }
        return user
    }

    private static func taken(email: String?) -> ChatError {
        ChatError(.conflict, email == nil ? "That name is taken." : "That name or address is taken.")
    }

    /// The account of this name as it was typed, or as names are kept. (The former is for accounts made before names were composed.)
    /// - Throws: `store_unavailable`.
    public func account(named typed: String) async throws(ChatError) -> User? {
        let kept = AccountRules.composed(typed)
        do throws(StoreError) {
            if let user = try await store.users(.username(typed), limit: 1).first { return user }
            // By bytes: to `String` the two are equal.
            guard !kept.utf8.elementsEqual(typed.utf8) else { return nil }
            return try await store.users(.username(kept), limit: 1).first
        } catch {
            throw error.asChatError
        }
    }
}
