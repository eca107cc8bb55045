import ChatAuth
import ChatClient
import ChatHost
import ChatKernel
import ScriptTesting
import TLSTesting

/// A host in this process. It serves until it is stopped.
struct TestHost: Sendable {
    let server: ServerAddress
    let kernel: Kernel
    private let authority: TokenAuthority
    private let host: Host
    private let life: Task<Void, any Error>

    enum Way: String {
        case webSocket = "websocket"
        case polls = "long-polling"
    }

    /// - Parameters:
    ///   - ways: by which a client may come, besides REST.
    ///   - port: 0 for any.
    ///   - database: a file; nil for memory.
    ///   - certificate: for TLS in place of plain HTTP.
    static func start(
        _ ways: [Way] = [.webSocket, .polls], port: UInt16 = 0, database: String? = nil,
        certificate: CertificateFiles? = nil
    ) async throws -> TestHost {
        let store = database.map { #"{ "type": "sqlite", "path": "\#($0)" }"# } ?? #"{ "type": "memory" }"#
        let transports = ways.map { #"{ "type": "\#($0.rawValue)" }"# }.joined(separator: ", ")
        let tls =
            certificate.map {
                #", "tls": { "certificate": "\#($0.certificatePath)", "privateKey": "\#($0.privateKeyPath)" }"#
            } ?? ""
        let text = """
            { "store": \(store),
              "auth": { "secretKey": "a secret of this test, as long as it ought to be", "autoProvision": true },
              "http": { "listen": "127.0.0.1:\(port)", "loops": 1\(tls) },
              "transports": [ { "type": "rest" }, \(transports) ],
              "limits": { "messagesPerUserPerSecond": 0 } }
            """
        let configuration = try HostConfiguration(
            parsing: Array(text.utf8), directory: "/nowhere", environment: [:], catalog: .standard)
        let host = Host(configuration, log: SilentLog(), time: .system)
        let authority = try configuration.authority(
            over: InMemoryStore(epoch: Epoch(0)), time: .system, log: SilentLog(), environment: [:])
        let (ready, door) = AsyncStream<Host.Running>.makeStream()
        host.whenReady { door.yield($0) }
        let life = Task {
            defer { door.finish() }
            try await host.run()
        }
        for await running in ready {
            return TestHost(
                server: try ServerAddress(running.url), kernel: running.kernel, authority: authority, host: host,
                life: life)
        }
        try await life.value
        throw Trouble("the host has ended")
    }

    /// Says so to its clients, and returns when it is gone.
    func stop() async throws {
        host.stop()
        try await life.value
    }

    /// Serves for as long as the script takes.
    static func serve<Value: Sendable>(
        _ ways: [Way] = [.webSocket, .polls], port: UInt16 = 0, database: String? = nil,
        certificate: CertificateFiles? = nil, _ script: (TestHost) async throws -> Value
    ) async throws -> Value {
        let host = try await start(ways, port: port, database: database, certificate: certificate)
        let value = await Result.catching { try await script(host) }
        try await host.stop()
        return try value.get()
    }

    func token(_ name: String) throws -> String {
        let user = User(id: UserID(name), username: name, createdAt: Timestamp(microseconds: 0))
        return try authority.issueToken(for: user, expiresInSeconds: 3600).token
    }

    /// A client of this user.
    func client(
        _ name: String, cursor: String? = nil, outbox: (any OutboxStore)? = nil,
        settings: ClientSettings = .hasty
    ) throws -> ChatClient {
        let token = try token(name)
        return try ChatClient(server, cursor: cursor, outbox: outbox, settings: settings) { token }
    }

    /// A group of these users, the first of whom owns it.
    func room(_ names: String..., settings: ClientSettings = .hasty) async throws -> ConversationID {
        for name in names { _ = try await client(name, settings: settings).me() }
        let owner = try client(names[0], settings: settings)
        return try await owner.createConversation(name: "Tea", with: names.dropFirst().map { UserID($0) }).id
    }

    /// Says something as somebody, past all transports.
    func post(_ content: String, in room: ConversationID, as name: String) async throws {
        try await kernel.perform(.post(room, content: content), as: UserID(name))
    }
}

extension ClientSettings {
    /// For tests: nobody waits for half a minute.
    static var hasty: ClientSettings {
        var settings = ClientSettings()
        settings.firstRetry = 10
        settings.longestRetry = 100
        settings.upgradeRetry = 50
        settings.pollSeconds = 5
        return settings
    }

    /// The same, believing who has this certificate.
    static func hasty(trusting certificate: CertificateFiles) -> ClientSettings {
        var settings = hasty
        settings.authorities = certificate.certificatePath
        return settings
    }
}

extension Result where Failure == any Error {
    static func catching(_ body: () async throws -> Success) async -> Result {
        do { return .success(try await body()) } catch { return .failure(error) }
    }
}
