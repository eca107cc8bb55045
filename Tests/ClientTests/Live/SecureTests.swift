import ChatClient
import ChatKernel
import ScriptTesting
import TLSTesting
import Testing

@Suite("A client and a host with TLS", .serialized, .timeLimit(.minutes(15)))
struct SecureTests {
    @Test("WebSocket, polls and requests go by TLS", arguments: [[.webSocket, .polls], [.polls]] as [[TestHost.Way]])
    func secure(ways: [TestHost.Way]) async throws {
        let certificate = try CertificateFiles()
        let settings = ClientSettings.hasty(trusting: certificate)
        try await TestHost.serve(ways, certificate: certificate) { host in
            #expect(host.server.isSecure && host.server.description.hasPrefix("https://127.0.0.1:"))
            let room = try await host.room("ann", "bob", settings: settings)
            let client = try host.client("ann", settings: settings)
            try await running(client) { reader in
                try await reader.until(.connection(ways.contains(.webSocket) ? .live : .polling))
                let long = String(repeating: "long ", count: 10_000)
                try await host.post(long, in: room, as: "bob")
                try client.send("and back", to: room)
                _ = try await reader.receipt()
                try await reader.messages(2)
                #expect(Set(reader.contents) == [long, "and back"])
            }
        }
    }

    @Test("a server that cannot show that it is the one is told no token, and why is said")
    func untrusted() async throws {
        let (known, stranger) = (try CertificateFiles(), try CertificateFiles())
        let elsewhere = try CertificateFiles(TestCertificate(others: "DNS:elsewhere"))
        for (certificate, settings, reason) in [
            (elsewhere, ClientSettings.hasty(trusting: elsewhere), "it is not for 127.0.0.1"),
            (stranger, .hasty(trusting: known), "it comes from no authority that is trusted here"),
            (stranger, .hasty, "it comes from no authority that is trusted here"),
        ] {
            try await TestHost.serve(certificate: certificate) { host in
                let client = try host.client("ann", settings: settings)
                await #expect(throws: ClientFailure.untrusted(reason)) { try await client.me() }
                await #expect(throws: ClientFailure.untrusted(reason)) {
                    try await ChatClient.login(
                        to: host.server, username: "ann", password: "x", authorities: settings.authorities)
                }
                try await running(client) { try await $0.until(.distrusted(reason)) }
            }
        }
    }

    @Test("when somebody else answers for a while, the client says so once, and goes on when the server is back")
    func impostor() async throws {
        let (certificate, impostor) = (try CertificateFiles(), try CertificateFiles())
        let folder = try TemporaryFolder()
        let database = folder.path + "/chat.db"
        let settings = ClientSettings.hasty(trusting: certificate)
        let (room, server, token) = try await TestHost.serve(database: database, certificate: certificate) { host in
            (try await host.room("ann", "bob", settings: settings), host.server, try host.token("ann"))
        }
        let client = try ChatClient(server, settings: settings) { token }
        try await running(client) { reader in
            try client.send("for the server", to: room)
            try await TestHost.serve(port: server.port, certificate: impostor) { _ in
                try await reader.until(.distrusted("it comes from no authority that is trusted here"))
                // Tried again more than once.
                for _ in 1...4 {
                    try await reader.first { event in
                        if case .distrusted = event { Issue.record("said twice") }
                        return if case .connection = event { () } else { nil }
                    }
                }
            }
            try await TestHost.serve(port: server.port, database: database, certificate: certificate) { _ in
                _ = try await reader.receipt()
            }
        }
    }
}
