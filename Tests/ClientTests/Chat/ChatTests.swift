import ChatClient
import ChatKernel
import ChatNet
import FoundationEssentials
import ScriptTesting
import TLSTesting
import Testing

@Suite(
    "chat, on a terminal that is a pipe", .serialized, .timeLimit(.minutes(15)),
    .enabled(if: ChatProcess.path != nil, "chat was not built"))
struct ChatTests {
    @Test("two people talk, edit, react, search and leave", arguments: [[], ["--polling"]])
    func talk(more: [String]) async throws {
        try await TestHost.serve { host in
            let url = host.server.description
            try await onThread {
                let bob = try ChatProcess(["--url", url, "--user", "bob", "--register"] + more)
                try bob.line(with: "* connected")
                let ann = try ChatProcess(["--url", url, "--user", "ann", "--register"] + more)
                try ann.line(with: "* connected")
                try ann.type("/new Tea bob")
                try ann.line(with: "* In Tea")
                try bob.line(with: "* New: Tea")
                try bob.type("/open tea")
                try bob.line(with: "* In Tea")
                try ann.type("green or black?")
                let question = try bob.line(with: "Tea #", "ann: green or black?")
                try ann.line(with: "Tea #", "ann: green or black?")
                let number = try #require(question.split(separator: "#").last?.split(separator: " ").first)
                try bob.type("/react \(number) 🍵")
                try ann.line(with: "bob put 🍵 #\(number)")
                try ann.type("/edit \(number) green, black or white?")
                try bob.line(with: "ann edited: green, black or white?")
                try bob.type("/search white")
                try bob.line(with: "found")
                try bob.type("//white")
                try ann.line(with: "bob: /white")
                try ann.type("/delete \(number)")
                try bob.line(with: "#\(number) was deleted")
                try ann.type("/who")
                try ann.line(with: "* ann, bob")
                try bob.type("/dm ann")
                try bob.line(with: "* In ann")
                try bob.type("psst")
                try ann.line(with: "bob #", "bob: psst")
                try ann.type("/nonsense")
                try ann.line(with: "There is no /nonsense")
                try ann.type("/quit")
                #expect(try ann.rest() == 0)
                bob.hush()
                #expect(try bob.rest() == 0)
            }
        }
    }

    @Test("by TLS, and only with whom the system, or --ca, trusts")
    func secure() async throws {
        let certificate = try CertificateFiles()
        try await TestHost.serve(certificate: certificate) { host in
            let url = host.server.description
            try await onThread {
                let stranger = try ChatProcess(["--url", url, "--user", "ann", "--register"])
                #expect(try stranger.rest() == 1)
                #expect(stranger.said.first?.contains("comes from no authority that is trusted here") == true)
                for (more, environment) in [
                    (["--register", "--ca", certificate.certificatePath], []),
                    ([], ["SSL_CERT_FILE=" + certificate.certificatePath]),
                ] as [([String], [String])] {
                    let ann = try ChatProcess(["--url", url, "--user", "ann"] + more, environment: environment)
                    try ann.line(with: "* connected")
                    try ann.type("/quit")
                    #expect(try ann.rest() == 0)
                }
            }
        }
    }

    @Test("what comes by a pipe is all sent before it leaves, in order")
    func script() async throws {
        try await TestHost.serve { host in
            let url = host.server.description
            try await onThread {
                let ann = try ChatProcess(["--url", url, "--user", "ann", "--register"])
                try ann.type("/new List")
                for number in 1...50 { try ann.type("\(number)") }
                ann.hush()
                #expect(try ann.rest() == 0)
            }
            let token = try await ChatClient.login(to: host.server, username: "ann", password: "correct horse")
            let client = try ChatClient(host.server) { token }
            let room = try #require(try await client.conversations().items.first)
            #expect(try await client.messages(in: room.id).map(\.content) == (1...50).map { "\($0)" })
        }
    }

    @Test("a pipe may bring more than the outbox holds: what has no room waits")
    func longScript() async throws {
        try await TestHost.serve { host in
            let url = host.server.description
            let count = ClientSettings().outboxLimit + 200
            try await onThread {
                let ann = try ChatProcess(["--url", url, "--user", "ann", "--register"])
                try ann.type("/new List")
                for number in 1...count { try ann.type("\(number)") }
                ann.hush()
                #expect(try ann.rest() == 0)
                #expect(!ann.said.contains { $0.contains("Too many messages") })
            }
            let token = try await ChatClient.login(to: host.server, username: "ann", password: "correct horse")
            let client = try ChatClient(host.server) { token }
            let room = try #require(try await client.conversations().items.first).id
            var said: [Message] = []
            repeat {
                said += try await client.messages(in: room, after: said.last?.seq ?? 0, limit: 200)
            } while said.count % 200 == 0 && said.count < count
            #expect(said.map(\.content) == (1...count).map { "\($0)" })
        }
    }

    @Test("what cannot be said yet waits in the pipe, not in memory")
    func flood() async throws {
        // Takes the connection, and never answers.
        let mute = try Listener(ListenAddress("127.0.0.1:0"))
        try await onThread {
            let ann = try ChatProcess(["--url", "http://127.0.0.1:\(mute.address.port)", "--user", "ann"])
            #expect(try ann.flood(String(repeating: "x", count: 1000), limit: 1 << 20) < 200_000)
        }
    }

    @Test("what was to be said and is not makes the status 1")
    func unsaid() async throws {
        try await TestHost.serve { host in
            let url = host.server.description
            try await onThread {
                let alone = try ChatProcess(["--url", url, "--user", "ann", "--register"])
                try alone.type("to nobody")
                alone.hush()
                #expect(try alone.rest() == 1)
                #expect(alone.said.contains { $0.contains("No conversation is open") })
                let verbose = try ChatProcess(["--url", url, "--user", "ann"])
                try verbose.type("/new List")
                try verbose.type(String(repeating: "x", count: 100_000))
                try verbose.type("and more")
                verbose.hush()
                #expect(try verbose.rest() == 1)
                #expect(verbose.said.contains { $0.hasPrefix("* Not sent: ") })
            }
        }
    }

    @Test("other people's text does not steer the terminal")
    func control() async throws {
        try await TestHost.serve { host in
            let url = host.server.description
            let room = try await host.room("bob")
            try await onThread {
                let ann = try ChatProcess(["--url", url, "--user", "ann", "--register"])
                try ann.line(with: "* connected")
                try ann.type("/dm bob")
                try ann.line(with: "* In bob")
                try ann.type("a\u{1B}[2Jb")
                try ann.line(with: "a\u{FFFD}[2Jb")
                try ann.type("/quit")
                #expect(try ann.rest() == 0)
                #expect(!ann.said.joined().contains("\u{1B}"))
            }
            _ = room
        }
    }

    @Test("killed between sending and the answer, it sends again what was typed, and it is there once")
    func killed() async throws {
        let folder = try TemporaryFolder()
        try await TestHost.serve { host in
            let relay = try await Relay(to: host.server.port)
            let words = [
                "--url", "http://127.0.0.1:\(relay.port)", "--user", "ann", "--outbox", folder.path + "/outbox",
            ]
            let ann = try ChatProcess(words + ["--register"])
            try await onThread {
                try ann.line(with: "* connected")
                try ann.type("/new Tea")
                try ann.line(with: "* In Tea")
            }
            let token = try await ChatClient.login(to: host.server, username: "ann", password: "correct horse")
            let client = try ChatClient(host.server) { token }
            let room = try #require(try await client.conversations().items.first).id
            let me = try await client.me().id
            // The host has it and says so, and nobody hears it.
            relay.mute(true)
            try ann.type("only once")
            stored: for try await entry in try await host.kernel.entries(in: room, as: me, after: 1) {
                if case .message = entry.change { break stored }
            }
            #expect(try await onThread { try ann.killed() } == 128 + 9)
            relay.mute(false)
            try await onThread {
                let again = try ChatProcess(words)
                try again.line(with: "From the last time, sent now: “only once”")
                again.hush()
                #expect(try again.rest() == 0)
                let third = try ChatProcess(words)
                third.hush()
                #expect(try third.rest() == 0)
                #expect(!third.said.contains { $0.contains("From the last time") })
            }
            #expect(try await client.messages(in: room).map(\.content) == ["only once"])
            await relay.end()
        }
    }

    @Test("it keeps what is typed in the user's state folder, where one chat at a time does")
    func stateFolder() async throws {
        let folder = try TemporaryFolder()
        try await TestHost.serve { host in
            let url = host.server.description
            try await onThread {
                let words = ["--url", url, "--user", "ann"]
                let home = ["HOME=" + folder.path]
                let ann = try ChatProcess(words + ["--register"], environment: home)
                try ann.line(with: "* connected")
                let second = try ChatProcess(words, environment: home)
                try second.line(with: "another chat keeps the outbox")
                try second.line(with: "* connected")
                for process in [second, ann] {
                    process.hush()
                    #expect(try process.rest() == 0)
                }
                let third = try ChatProcess(words, environment: ["XDG_STATE_HOME=" + folder.path + "/.local/state"])
                third.hush()
                #expect(try third.rest() == 0)
                let other = try ChatProcess(
                    words.dropLast() + ["bob", "--register", "--outbox", folder.path + "/nowhere/outbox"])
                #expect(try other.rest() == 1)
                #expect(other.said.contains { $0.contains("The outbox cannot be kept: ") })
            }
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/.local/state/chat")
            #expect(files.filter { $0.hasSuffix(".outbox") }.count == 1)
        }
    }

    @Test("what it cannot do is one sentence and a status")
    func mistakes() async throws {
        try await onThread {
            for (arguments, password, status, sentence) in [
                ([], "x", 2, "chat: --user NAME"), (["--user"], "x", 2, "chat: --user needs a value."),
                (["--user", "ann", "--dance"], "x", 2, "chat: There is no option --dance."),
                (["--user", "ann"], nil, 2, "chat: A password is needed"),
                (
                    ["--user", "ann", "--url", "https://127.0.0.1:1", "--ca", "/nowhere/ca.pem"], "x", 1,
                    "chat: No server can be believed: the file /nowhere/ca.pem cannot be read"
                ),
                (["--user", "ann", "--url", "http://127.0.0.1:1"], "x", 1, "chat: The server cannot be reached"),
            ] as [([String], String?, Int32, String)] {
                let process = try ChatProcess(arguments, password: password)
                process.hush()
                #expect(try process.rest() == status, "\(arguments)")
                #expect(process.said.first?.hasPrefix(sentence) == true, "\(process.said)")
            }
        }
        try await TestHost.serve { host in
            let url = host.server.description
            try await onThread {
                let stranger = try ChatProcess(["--url", url, "--user", "nobody"])
                #expect(try stranger.rest() == 1)
                let help = try ChatProcess(["--help"])
                #expect(try help.rest() == 0)
                #expect(help.said.contains { $0.contains("/search WORDS") })
            }
        }
    }
}
