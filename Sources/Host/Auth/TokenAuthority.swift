public import ChatKernel
import Synchronization

/// Says who somebody is: by tokens it verifies, and by accounts with passwords it gives tokens for.
///
/// A token is judged in this order: form and size, signature, claims, time, account. Nothing before the signature
/// touches the store (`reliability.md` R23), and every refusal has one sentence.
public final class TokenAuthority: Accounts {
    let store: any Store
    let keys: KeyRing
    let settings: AuthSettings
    let time: any TimeSource
    let passwords: Passwords
    let limiter: Mutex<AttemptLimiter>
    private let recent = Mutex(RecentUsers())
    private let provisioning = Turnstile()

    /// - Parameters:
    ///   - keys: made from the same settings.
    ///   - limits: what the config's `limits` says of passwords and registrations.
    ///   - passwords: how they are hashed.
    public init(
        store: any Store, keys: KeyRing, settings: AuthSettings, limits: AttemptLimits = AttemptLimits(),
        time: any TimeSource, passwords: Passwords = Passwords()
    ) {
        self.store = store
        self.keys = keys
        self.settings = settings
        self.time = time
        self.passwords = passwords
        limiter = Mutex(AttemptLimiter(limits))
    }

    /// Who the bearer is.
    /// - Throws: `token_invalid`, `token_expired`; `store_unavailable` when the account cannot be read.
    public func identify(_ credentials: Credentials) async throws(ChatError) -> Identity {
        switch credentials {
        case .token(let token):
            let claims = try keys.verify(token, at: time.wall(), settings.claimRules)
            guard let record = try await record(of: claims), record.isActive else { throw KeyRing.tokenInvalid }
            return Identity(user: record.user, expiresAt: claims.expiresAt, isSuperuser: record.isSuperuser)
        }
    }

    private func record(of claims: Claims) async throws(ChatError) -> RecentUsers.Record? {
        let asked = time.monotonic()
        let remembered = recent.withLock { $0.find(claims.subject, at: asked) }
        let record: RecentUsers.Record
        if let remembered {
            record = remembered
        } else if let user = try await stored(claims.subject) {
            record = RecentUsers.Record(user)
        } else if settings.autoProvision {
            record = RecentUsers.Record(try await provision(claims))
        } else {
            return nil
        }
        // To Swift two spellings of "é" are the same text; to whoever issued the token they are two people.
        guard record.user.id.text.utf8.elementsEqual(claims.subject.text.utf8) else { return nil }
        if remembered == nil { recent.withLock { $0.insert(record, asked: asked) } }
        return record
    }

    private func stored(_ id: UserID) async throws(ChatError) -> User? {
        do throws(StoreError) {
            return try await store.user(id)
        } catch {
            throw error.asChatError
        }
    }

    /// An account for somebody who was vouched for. One at a time, or two connections of a newcomer would make the
    /// account twice, and perhaps with two names.
    private func provision(_ claims: Claims) async throws(ChatError) -> User {
        await provisioning.enter()
        defer { provisioning.leave() }
        if let user = try await stored(claims.subject) { return user }
        let now = time.wall()
        for name in UsernameChoice.candidates(for: claims, random: try Randomness.text(6)) {
            let user = User(id: claims.subject, username: name, createdAt: now)
            do throws(StoreError) {
                try await store.save(user)
                return user
            } catch {
                guard error.code == .conflict else { throw error.asChatError }
            }
        }
        throw StoreError(.conflict, "no free username").asChatError
    }
}
