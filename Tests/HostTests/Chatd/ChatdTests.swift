import ChatAuth
import ChatWebSocket
import Glibc
import ScriptTesting
import TLSTesting
import Testing

@testable import ChatHost

@Suite("chatd", .serialized, .enabled(if: Program.path != nil, "chatd was not built"))
struct ChatdTests {
    @Test("says what it is and what it can do")
    func help() async throws {
        let folder = try TemporaryFolder()
        try await onThread {
            let version = try Program.run("--version", in: folder)
            #expect(version.output == "chatd \(Host.version)\n")
            #expect(version.status == 0)
            for words in [["--help"], ["serve", "--help"], ["help", "user"]] {
                let process = try Program(words, in: folder)
                #expect(try process.rest().contains("chatd"))
                #expect(try process.ended() == 0)
            }
        }
    }

    @Test(
        "what it does not understand is one sentence and status 2",
        arguments: [
            (["dance"], "There is no command “dance”"), (["--dance"], "There is no option --dance."),
            (["serve", "a", "b"], "serve takes one config at most."), (["check"], "check takes the config to check."),
            (["--config"], "--config needs a value."),
            (["token", "ann", "--minutes", "0"], "--minutes: a whole number"),
            (["user", "add"], "user takes add NAME"), (["new-epoch", "now"], "new-epoch takes nothing but options."),
        ])
    func mistakes(words: [String], sentence: String) async throws {
        let folder = try TemporaryFolder()
        try await onThread {
            let process = try Program(words, in: folder)
            #expect(try process.rest().isEmpty)
            #expect(try process.ended() == 2)
            let said = try folder.text(of: "stderr")
            #expect(said.hasPrefix("chatd: \(sentence)"))
            #expect(said.hasSuffix("See chatd --help.\n"))
        }
        #expect(try folder.names == ["stderr", "stdin"])
    }

    @Test("init writes a config that is right, and that says what a host does anyhow")
    func initialize() async throws {
        let folder = try TemporaryFolder()
        try await onThread {
            #expect(try Program.run("init", in: folder).status == 0)
            let check = try Program.run("check", "chat.json", in: folder)
            #expect(check.output == "chat.json: nothing is wrong\n")
            #expect(check.status == 0)
            let again = try Program.run("init", in: folder)
            #expect(again.status == 1)
            #expect(again.errors.contains("File exists"))
        }
        let text = try folder.bytes(of: "chat.json")
        let written = try HostConfiguration(parsing: text, directory: folder.path, environment: [:])
        let standard = try HostConfiguration(HostConfiguration.standard)
        #expect(written.storeName == standard.storeName)
        #expect(written.transports.map(\.name) == standard.transports.map(\.name))
        #expect("\(written.http)" == "\(standard.http)")
        #expect("\(written.limits)" == "\(standard.limits)")
        #expect("\(written.log)" == "\(standard.log)")
        #expect(written.auth.algorithm == standard.auth.algorithm)
        #expect(written.auth.accessTokenExpireMinutes == standard.auth.accessTokenExpireMinutes)
        #expect(written.auth.registration == standard.auth.registration)
        #expect(written.auth.autoProvision == standard.auth.autoProvision)
        #expect(written.auth.needsSecret)
        guard case .object(let root) = try ConfigValue.parse(text), case .array(let transports)? = root["transports"]
        else { throw Trouble("no transports") }
        let path = [AnyKey(stringValue: "transports"), AnyKey(intValue: 1)]
        let webSocket = try SettingsDecoder.decode(
            WebSocketSettings.self, from: transports[1], at: path, ignoring: ["type"]
        ).get()
        #expect(webSocket == WebSocketSettings())
    }

    @Test("init writes every setting there is, with its default or in a comment")
    func complete() async throws {
        let folder = try TemporaryFolder()
        try await onThread { _ = try Program.run("init", in: folder) }
        let written = try folder.text(of: "chat.json")
        // A setting that there is not is answered by those that there are.
        let found = problems(
            """
            { "store": { "type": "sqlite", "path": "a", "?": 1 }, "auth": { "?": 1 },
              "http": { "?": 1, "tls": { "certificate": "a", "privateKey": "b", "?": 1 } },
              "transports": [ { "type": "websocket", "?": 1 }, { "type": "long-polling", "?": 1 } ],
              "limits": { "?": 1 }, "require": { "?": 1 }, "log": { "?": 1 } }
            """)
        #expect(found.count == 9)
        for problem in found {
            // "known are a, b"
            for name in try #require(problem.split(separator: " are ").last).split(separator: ", ") {
                #expect(written.contains("\"\(name)\""), "\(problem)")
            }
        }
    }

    @Test("check says everything that is wrong, a line each, and opens nothing")
    func check() async throws {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            { "store": { "type": "sqlite", "path": "chat.db" }, "transports": [ { "type": "websockets" } ],
              "limits": { "connections": "many" } }
            """, to: "chat.json")
        try await onThread {
            let check = try Program.run("check", "chat.json", in: folder)
            #expect(check.status == 1)
            #expect(
                check.errors == """
                    chatd: transports[0].type: “websockets” is not known; one of long-polling, rest, websocket
                    limits.connections: must be a whole number, not text

                    """)
        }
        #expect(try folder.names == ["chat.json", "stderr", "stdin"])
    }

    @Test("check sees that a store cannot keep what is required, and opens none")
    func unkept() async throws {
        let folder = try TemporaryFolder()
        let text = """
            { "store": { "type": "sqlite", "path": "chat.db", "durability": "written" },
              "transports": [ { "type": "rest" } ], "require": { "durability": "synced" } }
            """
        try folder.write(text, to: "chat.json")
        try await onThread {
            let check = try Program.run("check", "chat.json", in: folder)
            #expect(
                check.errors == "chatd: require.durability: the store is only “written”, and “synced” is asked\n")
            #expect(check.status == 1)
        }
        #expect(try folder.names == ["chat.json", "stderr", "stdin"])
    }

    @Test("check sees secrets that are not there")
    func secrets() async throws {
        let folder = try TemporaryFolder()
        try folder.write(with(#""auth": { "secretKey": {"env": "NOT_SET"} }"#), to: "chat.json")
        try await onThread {
            let check = try Program.run("check", "chat.json", in: folder)
            #expect(check.errors == "chatd: auth.secretKey: the environment variable NOT_SET is not set\n")
            #expect(check.status == 1)
        }
    }

    @Test("check warns of a secret that can be guessed, and does not show it")
    func shortSecrets() async throws {
        let folder = try TemporaryFolder()
        try folder.write(with(#""auth": { "secretKey": "sixteen letters." }"#), to: "chat.json")
        try await onThread {
            let check = try Program.run("check", "chat.json", in: folder)
            #expect(check.output == "chat.json: nothing is wrong\n")
            #expect(check.errors.hasPrefix("chatd: warning: auth.secretKey: the secret has fewer than 32 bytes"))
            #expect(!check.errors.contains("sixteen"))
            #expect(check.status == 0)
        }
    }

    @Test(
        "serves without a config, takes accounts beside it, and leaves in order at a signal",
        arguments: [SIGTERM, SIGINT])
    func serve(signal: Int32) async throws {
        let folder = try TemporaryFolder()
        try await onThread {
            let host = try Program(["--listen", "127.0.0.1:0"], in: folder)
            let line = try host.line()
            #expect(line.hasPrefix("chatd serves at http://127.0.0.1:"))
            let url = line.split(separator: " ").first { $0.hasPrefix("http://") }
            let port = try #require(url?.split(separator: ":").last.flatMap { UInt16($0) })

            let added = try Program.run("user", "add", "ann", in: folder, input: "correct horse\n")
            #expect(added.status == 0)
            #expect(added.output.hasPrefix("ann is "))
            let list = try Program.run("user", "list", in: folder)
            #expect(list.output.hasPrefix("ann\t"))
            let token = try Program.run("token", "ann", in: folder).output.filter { $0 != "\n" }
            let socket = try Socket(port: port)
            try socket.send(request: "GET", "/api/auth/me", fields: ["Authorization": "Bearer \(token)"])
            #expect(try socket.answer().json["username"] == "ann")

            host.signal(signal)
            #expect(try socket.byte() == nil)
            #expect(try host.ended() == 0)
            let nobody = try Program.run("token", "bob", in: folder)
            #expect(nobody.errors == "chatd: There is no user “bob”.\n")
            #expect(nobody.status == 1)
        }
        #expect(try folder.mode(of: "data") == 0o700)
        #expect(try folder.mode(of: "data/chat.secret") == 0o600)
    }

    @Test("SIGHUP reloads the certificate; connections under way go on; and it says what it serves")
    func hangUp() async throws {
        let folder = try TemporaryFolder()
        try folder.write(TestCertificate("first"))
        try folder.write(
            with(
                """
                "http": { "listen": "127.0.0.1:0", "tls": { "listen": "127.0.0.1:0", "certificate": "chain.pem",
                          "privateKey": "key.pem" } }, "log": { "form": "text" }
                """), to: "chat.json")
        try await onThread {
            let host = try Program(["serve", "chat.json"], in: folder)
            let urls = try host.line().split(separator: " ").filter { $0.contains("://") }
            #expect(urls.map { $0.prefix(8) } == ["http://1", "https://"])
            let port = try #require(urls.last?.split(separator: ":").last.flatMap { UInt16($0) })
            let old = try Socket(port: port, tls: true)
            #expect(old.tls?.serverName == "first")
            func reload(_ sentence: String) throws {
                host.signal(SIGHUP)
                let patience = ContinuousClock.now + .seconds(300)
                while try !folder.text(of: "stderr").contains(sentence) {
                    guard ContinuousClock.now < patience else { throw Trouble("it did not say: \(sentence)") }
                }
            }
            try folder.write(TestCertificate("second"))
            try reload("the certificate is reloaded")
            #expect(try Socket(port: port, tls: true).tls?.serverName == "second")
            try folder.write("nothing", to: "chain.pem")
            try reload("the certificate stays as it was")
            #expect(try Socket(port: port, tls: true).tls?.serverName == "second")
            try old.send(request: "GET", "/healthz")
            #expect(try old.answer().status == 200)
            host.signal(SIGTERM)
            #expect(try old.byte() == nil)
            #expect(try host.ended() == 0)
        }
    }

    @Test("check reads the certificate, and warns of one that has expired")
    func certificates() async throws {
        let folder = try TemporaryFolder()
        try folder.write(TestCertificate(days: -1))
        let tls = #"{ "certificate": "chain.pem", "privateKey": "key.pem" }"#
        try folder.write(with(#""http": { "tls": \#(tls) }"#), to: "chat.json")
        try await onThread {
            let check = try Program.run("check", "chat.json", in: folder)
            #expect(check.status == 0)
            #expect(check.errors.hasPrefix("chatd: warning: http.tls.certificate: expired on "))
            try folder.write(TestCertificate().privateKey, to: "key.pem")
            let other = try Program.run("check", "chat.json", in: folder)
            #expect(other.status == 1)
            #expect(other.errors.hasPrefix("chatd: http.tls.privateKey: the key of "))
        }
    }

    @Test("a port that is taken is one sentence and status 1")
    func taken() async throws {
        let folder = try TemporaryFolder()
        try await withHost { host in
            let address = "127.0.0.1:\(host.port)"
            let other = try Program.run("--listen", address, in: folder)
            #expect(other.status == 1)
            #expect(
                other.errors.split(separator: "\n").last.map(String.init)
                    == "chatd: http.listen: cannot listen on \(address): Address already in use")
        }
    }
}
