import ChatAuth
import ChatKernel
import ScriptTesting
import Testing

@testable import ChatHost

@Suite("A config that is right")
struct ConfigurationTests {
    @Test("without a config: SQLite, all transports, loopback only")
    func standard() throws {
        let configuration = try HostConfiguration(HostConfiguration.standard, in: "/data")
        #expect(configuration.storeName == "sqlite")
        #expect(configuration.transports.map(\.name) == ["rest", "websocket", "long-polling"])
        #expect(configuration.directory == "/data")
        #expect(configuration.listen == "127.0.0.1:8000")
    }

    @Test("what is left out has the defaults of the design")
    func defaults() throws {
        let configuration = try HostConfiguration(with(""))
        #expect(configuration.http.listen == "127.0.0.1:8000")
        #expect(configuration.http.allowedOrigins.isEmpty)
        #expect(configuration.http.drainSeconds == 5)
        #expect(configuration.limits.connections == 20_000)
        #expect(configuration.limits.connectionsPerUser == 64)
        #expect(configuration.limits.connectionsPerAddress == 4096)
        #expect(configuration.limits.messagesPerUserPerSecond == 100)
        #expect(configuration.limits.passwordAttemptsPerMinute == 10)
        #expect(configuration.limits.registrationsPerAddressPerMinute == 60)
        #expect(configuration.limits.messageBytes == 65_536)
        #expect(configuration.auth.algorithm == .hs256)
        #expect(configuration.auth.accessTokenExpireMinutes == 60)
        #expect(configuration.auth.registration)
        #expect(!configuration.auth.autoProvision)
        #expect(configuration.auth.needsSecret)
        #expect(configuration.require.resume == nil)
        #expect(configuration.require.durability == nil)
        #expect(configuration.log.level == .info)
        #expect(configuration.log.form == .auto)
    }

    @Test("comments, trailing commas and the rest of JSON5 are welcome")
    func comments() throws {
        let configuration = try HostConfiguration(
            """
            // a comment
            { /* another */ store: { 'type': "memory", },
              "transports": [ { "type": "rest" }, ], // the last
              "limits": { "connections": 0x10, },
            }
            """)
        #expect(configuration.limits.connections == 16)
        #expect(configuration.storeName == "memory")
    }

    @Test("limits reach the kernel; 0 is no limit, and for messages the most there may be")
    func limits() throws {
        let configuration = try HostConfiguration(
            with(
                #""limits": { "connectionsPerUser": 3, "messagesPerUserPerSecond": 0, "messageBytes": 0, "messagesKeptDays": 30, "messagesKept": 500 }"#
            ))
        #expect(configuration.kernelLimits.sessionsPerUser == 3)
        #expect(configuration.kernelLimits.messagesPerUserPerSecond == 0)
        #expect(configuration.kernelLimits.messageBytes == 524_288)
        #expect(configuration.kernelLimits.retention == Retention(days: 30, messages: 500))
    }

    @Test("the whole example of the design is understood")
    func example() throws {
        let configuration = try HostConfiguration(
            """
            { "store":      { "type": "sqlite", "path": "chat.db", "durability": "synced" },
              "auth":       { "secretKey": {"env": "CHAT_SECRET_KEY"}, "algorithm": "HS256", "accessTokenExpireMinutes": 60, "registration": true },
              "http":       { "listen": "127.0.0.1:8000" },
              "transports": [ { "type": "rest" }, { "type": "websocket" } ],
              "limits":     { "connections": 20000, "connectionsPerUser": 64, "connectionsPerAddress": 4096, "messagesPerUserPerSecond": 100,
                              "passwordAttemptsPerMinute": 10, "registrationsPerAddressPerMinute": 60, "messageBytes": 65536, "messagesKeptDays": 0 },
              "require":    { "resume": true, "durability": "synced" } }
            """)
        #expect(configuration.require.resume == true)
        #expect(configuration.require.durability == .synced)
        #expect(!configuration.auth.needsSecret)
    }

    @Test("a file's relative paths are taken from its folder", arguments: ["chat.json", "deep/er/chat.json"])
    func folder(name: String) throws {
        let folder = try TemporaryFolder()
        try folder.makeFolders("deep/er")
        let path = try folder.write(with(""), to: name)
        let configuration = try HostConfiguration(reading: path, environment: [:])
        #expect(configuration.directory + "/chat.json" == path)
    }

    @Test("a file that is not there is one sentence")
    func missing() {
        #expect { try HostConfiguration(reading: "/nowhere/chat.json", environment: [:]) } throws: { error in
            "\(error)" == "the config /nowhere/chat.json cannot be read"
        }
    }
}

@Suite("Secrets")
struct SecretTests {
    private let long = "a secret of thirty-two bytes or so"

    @Test("one in the file itself")
    func literal() throws {
        let configuration = try HostConfiguration(with(#""auth": { "secretKey": "\#(long)" }"#))
        #expect(throws: Never.self) { try configuration.checkFiles(environment: [:]) }
    }

    @Test("one in the environment")
    func environment() throws {
        let configuration = try HostConfiguration(with(#""auth": { "secretKey": {"env": "KEY"} }"#))
        #expect(throws: Never.self) { try configuration.checkFiles(environment: ["KEY": long]) }
        #expect { try configuration.checkFiles(environment: [:]) } throws: { error in
            "\(error)" == "auth.secretKey: the environment variable KEY is not set"
        }
    }

    @Test("one in a file beside the config; its line end does not count")
    func file() async throws {
        let folder = try TemporaryFolder()
        try folder.write(long + "\n", to: "key")
        let byFile = try HostConfiguration(with(#""auth": { "secretKey": {"file": "key"} }"#), in: folder.path)
        let literal = try HostConfiguration(
            with(#""auth": { "secretKey": "\#(long)", "autoProvision": true }"#), in: folder.path)
        let store = InMemoryStore(epoch: Epoch(1))
        let minted = try byFile.authority(over: store, time: .system, log: SilentLog(), environment: [:])
            .issueToken(for: User(id: UserID("ann"), username: "ann", createdAt: TestTime.start), expiresInSeconds: 60)
        let identity = try await literal.authority(over: store, time: .system, log: SilentLog(), environment: [:])
            .identify(.token(minted.token))
        #expect(identity.user.id == UserID("ann"))
    }

    @Test("a file that is not there is named, and so is every other bad key")
    func several() throws {
        let configuration = try HostConfiguration(
            with(
                """
                "auth": { "secretKey": {"file": "key"},
                  "keys": [ { "id": "a", "algorithm": "HS256", "secret": "short" },
                            { "id": "b", "algorithm": "ES256", "publicKey": {"env": "PEM"} } ] }
                """))
        #expect { try configuration.checkFiles(environment: [:]) } throws: { error in
            let lines = (error as? ConfigProblems)?.problems.map(\.description) ?? []
            return lines.count == 3 && lines[0] == "auth.secretKey: the file key cannot be read"
                && lines[1].hasPrefix("auth.keys[0].secret: ") && !lines[1].contains("short\"")
                && lines[2] == "auth.keys[1].publicKey: the environment variable PEM is not set"
        }
    }

    @Test("a secret is never shown when a config is printed")
    func printed() throws {
        let configuration = try HostConfiguration(with(#""auth": { "secretKey": "\#(long)" }"#))
        var text = ""
        dump(configuration, to: &text)
        #expect(!text.contains(long))
        #expect(!"\(configuration)".contains(long))
    }
}

@Suite("The environment wins over the file")
struct EnvironmentTests {
    private let file = with(
        #""auth": { "secretKey": "the file's own", "algorithm": "HS256" }, "http": { "listen": "127.0.0.1:1" }"#)

    @Test("SECRET_KEY, ALGORITHM, ACCESS_TOKEN_EXPIRE_MINUTES and CHAT_LISTEN")
    func all() throws {
        let environment = [
            "SECRET_KEY": "the secret of the environment, long", "ALGORITHM": "HS512",
            "ACCESS_TOKEN_EXPIRE_MINUTES": "5", "CHAT_LISTEN": "127.0.0.1:2",
        ]
        let configuration = try HostConfiguration(file, environment: environment)
        #expect(configuration.auth.algorithm == .hs512)
        #expect(configuration.auth.accessTokenExpireMinutes == 5)
        #expect(configuration.listen == "127.0.0.1:2")
        #expect(throws: Never.self) { try configuration.checkFiles(environment: environment) }
    }

    @Test("an empty variable is none")
    func empty() throws {
        let configuration = try HostConfiguration(
            file,
            environment: [
                "SECRET_KEY": "", "ALGORITHM": "", "ACCESS_TOKEN_EXPIRE_MINUTES": "", "CHAT_LISTEN": "",
                "DATABASE_URL": "",
            ])
        #expect(configuration.auth.algorithm == .hs256)
        #expect(configuration.listen == "127.0.0.1:1")
        #expect(configuration.storeName == "memory")
    }

    @Test(
        "DATABASE_URL names a SQLite file",
        arguments: ["sqlite:///kept.db", "sqlite+aiosqlite:///kept.db", "sqlite:////%"])
    func database(url: String) async throws {
        let folder = try TemporaryFolder()
        let url = url.hasSuffix("%") ? "sqlite:///" + folder.path + "/kept.db" : url
        let configuration = try HostConfiguration(file, in: folder.path, environment: ["DATABASE_URL": url])
        #expect(configuration.storeName == "sqlite")
        let store = try await configuration.openForAdministration(time: .system, log: SilentLog())
        await store.close()
        #expect(try folder.names.contains("kept.db"))
    }

    @Test("it keeps the durability of a SQLite store")
    func durability() async throws {
        let folder = try TemporaryFolder()
        let configuration = try HostConfiguration(
            #"{ "store": { "type": "sqlite", "path": "a.db", "durability": "written" }, "transports": [ { "type": "rest" } ] }"#,
            in: folder.path, environment: ["DATABASE_URL": "sqlite:///b.db"])
        #expect(configuration.storeName == "sqlite")
        let store = try await configuration.openForAdministration(time: .system, log: SilentLog())
        let guarantees = store.guarantees
        await store.close()
        #expect(guarantees.durability == .written)
        #expect(try folder.names.filter { $0.hasSuffix(".db") } == ["b.db"])
    }

    @Test("every variable that will not do is named at once")
    func wrong() {
        #expect(
            problems(
                with(""),
                environment: [
                    "ACCESS_TOKEN_EXPIRE_MINUTES": "an hour", "DATABASE_URL": "postgresql://db/chat",
                    "CHAT_LISTEN": "8000",
                ]) == [
                    "ACCESS_TOKEN_EXPIRE_MINUTES: must be a whole number of minutes",
                    "DATABASE_URL: must be sqlite:///path",
                    "http.listen: must be address:port, such as 127.0.0.1:8000",
                ])
    }

    @Test("it does not hide that a section is none")
    func section() {
        #expect(
            problems(with(#""auth": 5"#), environment: ["ALGORITHM": "HS512"])
                == ["auth: must be an object, not a number"])
    }
}
