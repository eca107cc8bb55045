import ChatAuth
public import ChatKernel

/// What the operator does beside a host: with accounts, whether it serves or not, and with the store while it does not.
public struct Administration: Sendable {
    private let configuration: HostConfiguration
    private let environment: [String: String]
    private let time: any TimeSource

    public init(
        _ configuration: HostConfiguration, environment: [String: String], time: any TimeSource = .system
    ) {
        self.configuration = configuration
        self.environment = environment
        self.time = time
    }

    /// Makes an account; returns its identifier.
    public func add(_ name: String, password: String, email: String?) async throws -> String {
        try await withAccounts { authority, _ in
            try await authority.makeAccount(username: name, password: password, email: email).id.text
        }
    }

    /// A line for each account: name, identifier, state, when it was made.
    public func list() async throws -> [String] {
        try await withAccounts { _, store in
            var lines: [String] = []
            var last: String?
            while true {
                let page = try await store.users(.all(after: last), limit: 500)
                lines += page.map {
                    "\($0.username)\t\($0.id)\t\($0.isActive ? "active" : "disabled")\t\($0.createdAt)"
                }
                guard page.count == 500 else { return lines }
                last = page.last?.username
            }
        }
    }

    /// Disables an account, or takes that back.
    public func setActive(_ name: String, _ isActive: Bool) async throws {
        try await withAccounts { authority, store in
            var user = try await user(name, of: authority)
            user.isActive = isActive
            user.updatedAt = time.wall()
            try await store.save(user)
        }
    }

    /// Begins a new epoch, after an older copy of the data was put back: no client shall take what comes under the numbers that
    /// it has seen for what it has.
    /// - Returns: the epoch, as `/api/chat/info` writes it.
    /// - Throws: ``Host/Failure`` when a host serves the store, or it has no epochs.
    public func beginEpoch() async throws -> String {
        let log = StreamLog(.text, from: .warning, time: time)
        let store = try await configuration.open(
            in: AdapterContext(directory: configuration.directory, time: time, log: log))
        guard let epochs = store as? any StoreWithEpochs else {
            await store.close()
            throw Host.Failure("This store begins with the process, and so do its epochs.")
        }
        do throws(StoreError) {
            let epoch = try await epochs.beginEpoch()
            await store.close()
            return String(epoch.value, radix: 16)
        } catch {
            await store.close()
            throw Host.Failure("store: \(error.detail)")
        }
    }

    /// A token for somebody.
    public func token(for name: String, minutes: Int?) async throws -> String {
        try await withAccounts { authority, _ in
            let user = try await user(name, of: authority)
            let seconds = (minutes ?? configuration.auth.accessTokenExpireMinutes) * 60
            return try authority.issueToken(for: user, expiresInSeconds: seconds).token
        }
    }

    private func user(_ name: String, of authority: TokenAuthority) async throws -> User {
        guard let user = try await authority.account(named: name) else {
            throw Host.Failure("There is no user “\(name)”.")
        }
        return user
    }

    private func withAccounts<T>(_ body: (TokenAuthority, any Store) async throws -> T) async throws -> T {
        let log = StreamLog(.text, from: .warning, time: time)
        let store = try await configuration.openForAdministration(time: time, log: log)
        do {
            let authority = try configuration.authority(
                over: store, time: time, log: log, environment: environment)
            let result = try await body(authority, store)
            await store.close()
            return result
        } catch let error as ChatError {
            await store.close()
            throw Host.Failure(error.detail)
        } catch let error as StoreError {
            await store.close()
            throw Host.Failure(error.detail)
        } catch {
            await store.close()
            throw error
        }
    }
}
