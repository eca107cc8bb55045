public import ChatKernel
import Synchronization

/// Says who somebody is: by tokens it verifies, and by accounts with passwords it gives tokens for.
///
/// A token is judged in this order: form and size, signature, claims, time, account. Nothing before the signature
/// touches the store, or whoever has no token could keep it busy; and every refusal has one sentence.
public final class TokenAuthority: Accounts, TicketIssuing, Recognizing {
    let store: any Store
    let keys: KeyRing
    let settings: AuthSettings
    let time: any TimeSource
    let passwords: Passwords
    let limiter: Mutex<AttemptLimiter>
    private let recent = Mutex(RecentUsers())
    private let recentTokens = Mutex(RecentTokens())
    private let provisioning = Turnstile()
    private let tickets = Mutex(TicketTable())

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
            guard let (record, until) = try await record(of: claims), record.isActive else {
                throw KeyRing.tokenInvalid
            }
            let identity = Identity(user: record.user, expiresAt: claims.expiresAt, isSuperuser: record.isSuperuser)
            recentTokens.withLock { $0.insert(token, identity, until: until) }
            return identity
        case .ticket(let text):
            let now = time.monotonic()
            guard let identity = tickets.withLock({ $0.redeem(text, now: now) }),
                let (record, _) = try await record(of: identity.user.id), record.isActive
            else { throw ChatError(.tokenInvalid, "The ticket is unknown, spent or too old.") }
            return identity
        }
    }

    public func recognize(_ token: String) -> (identity: Identity, until: Int64)? {
        let now = time.monotonic()
        guard let (identity, until) = recentTokens.withLock({ $0.find(token, at: now) }) else { return nil }
        let left = identity.timeLeft(at: time.wall())
        return left > 0 ? (identity, min(until, now &+ left)) : nil
    }

    public func issueTicket(to identity: Identity) throws(ChatError) -> Ticket {
        let ticket = Ticket(text: try Randomness.text(24), expiresInSeconds: TicketTable.lifetimeSeconds)
        let now = time.monotonic()
        tickets.withLock { $0.add(ticket.text, for: identity, now: now) }
        return ticket
    }

    /// An account, and until when it is believed.
    private typealias Known = (record: RecentUsers.Record, until: Int64)

    private func record(of claims: Claims) async throws(ChatError) -> Known? {
        let asked = time.monotonic()
        if let record = try await record(of: claims.subject) { return record }
        guard settings.autoProvision else { return nil }
        return remember(try await provision(claims), as: claims.subject, asked: asked)
    }

    private func record(of id: UserID) async throws(ChatError) -> Known? {
        let asked = time.monotonic()
        if let remembered = recent.withLock({ $0.find(id, at: asked) }) { return remembered }
        guard let user = try await stored(id) else { return nil }
        return remember(user, as: id, asked: asked)
    }

    /// To a store two spellings of "é" may be the same text; to whoever issued the token they are two people.
    private func remember(_ user: User, as id: UserID, asked: Int64) -> Known? {
        guard user.id == id else { return nil }
        let record = RecentUsers.Record(user)
        return (record, recent.withLock { $0.insert(record, asked: asked) })
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
