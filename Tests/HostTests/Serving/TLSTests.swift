import ChatHost
import ChatKernel
import Glibc
import ScriptTesting
import Synchronization
import TLSTesting
import Testing

/// The whole house behind TLS.
struct TLSTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write(TestCertificate())
    }

    private func secured(_ more: String = "") -> String {
        config(http: #""tls": { "certificate": "chain.pem", "privateKey": "key.pem", \#(more) }"#)
    }

    @Test("REST and WebSocket, with TLS in place of the plain listener")
    func inPlace() async throws {
        try await withHost(secured(), folder: folder) { host in
            #expect(host.urls == ["https://127.0.0.1:\(host.port)"])
            let (ann, ben) = (try host.person("ann"), try host.person("ben"))
            let room = try host.room(ann, ben)
            let (hers, his) = (try ann.enter(room), try ben.enter(room))
            #expect(hers.socket.tls?.version == "TLSv1.3")
            try hers.here("ann", "ben")
            try hers.send(#"{"type":"message","content":"over TLS","id":"1"}"#)
            #expect(try hers.answer(to: "1")["type"] == "ack")
            #expect(try his.next("message")["content"] == "over TLS")
            try ben.post(String(repeating: "long ", count: 10_000), in: room)
            #expect(try hers.next("message")["content"].text?.utf8.count == 50_000)
            #expect(try host.metric(#"chat_tls_handshakes_total{outcome="done"}"#) ?? 0 > 4)
            let plain = try Socket(port: host.port)
            try plain.send(request: "GET", "/healthz")
            #expect(try plain.answer().json["detail"] == "this port speaks TLS: the address begins with https")
        }
    }

    @Test("a listener of its own beside the plain one; pages of both may connect")
    func beside() async throws {
        let text = secured(#""listen": "127.0.0.1:0", "strictTransportSecuritySeconds": 3600"#)
        try await withHost(text, folder: folder) { host in
            #expect(host.urls.count == 2)
            #expect(host.urls[0] == "http://127.0.0.1:\(host.port)")
            #expect(host.urls[1].hasPrefix("https://127.0.0.1:"))
            let port = try #require(host.urls[1].split(separator: ":").last.flatMap { UInt16($0) })
            #expect(try host.call("GET", "/healthz")["strict-transport-security"] == nil)
            let socket = try Socket(port: port, tls: true)
            try socket.send(request: "GET", "/healthz")
            let answer = try socket.answer()
            #expect(answer.status == 200)
            #expect(answer["strict-transport-security"] == "max-age=3600")

            let ann = try host.person("ann")
            let room = try host.room(ann)
            func status(from origin: String) throws -> Int {
                try WebSocketClient(
                    port: port, path: "/api/chat/ws/\(room)?token=\(ann.token)",
                    fields: ["Host": "chat.test", "Origin": origin], tls: true
                ).answer().status
            }
            #expect(try status(from: "https://chat.test") == 101)
            #expect(try status(from: "https://evil.test") == 403)
        }
    }

    @Test("who does not read is fed from the store over TLS too, and gets all of it")
    func slowReader() async throws {
        let text = config(
            store: watchedConfig, websocket: #""outboxBytes": 65536"#,
            http: #""tls": { "certificate": "chain.pem", "privateKey": "key.pem" }"#)
        try await withHost(text, catalog: watched, folder: folder) { host in
            let ann = try host.person("ann")
            let room = try host.room(ann)
            let slow = try ann.enter(room, receiveBuffer: 4096)
            let content = String(repeating: "x", count: 50_000)
            // Twice what its socket's buffer takes: had the rest been queued, it would not have been read.
            let last = max(101, 2 * largestSendBuffer / content.utf8.count)
            for _ in 2...last { try ann.post(content, in: room) }
            for seq in 2...last { #expect(try slow.next("message")["seq"].number == seq) }
            #expect(try host.store.entriesRead > last / 4)
        }
    }

    @Test("reloading serves the new certificate, and a reload that fails the old one")
    func reloading() async throws {
        let lines = LogLines()
        try await withHost(secured(), folder: folder, log: lines) { [folder] host in
            func name() throws -> String? { try Socket(port: host.port, tls: true).tls?.serverName }
            let ann = try host.person("ann")
            let old = try ann.enter(try host.room(ann))
            #expect(try name() == "localhost")
            try folder.write(TestCertificate("renewed", days: -2))
            #expect(host.host.reload())
            #expect(try name() == "renewed")
            #expect(lines.all.contains { $0.hasPrefix("tls http.tls.certificate: expired on ") })
            try folder.write("nothing", to: "key.pem")
            #expect(!host.host.reload())
            #expect(try name() == "renewed")
            #expect(
                lines.all.contains {
                    $0.hasPrefix("the certificate stays as it was http.tls.privateKey: the file ")
                })
            try old.send(#"{"type":"message","content":"still here","id":"1"}"#)
            #expect(try old.answer(to: "1")["type"] == "ack")
        }
    }

    @Test("files that will not do are said before anything is served, all at once, with their settings")
    func wrong() async throws {
        try folder.write("nothing", to: "chain.pem")
        try #require(unsafe unlink(folder.path + "/key.pem") == 0)
        let error = await #expect(throws: ConfigProblems.self) {
            try await withHost(secured(), folder: folder) { _ in }
        }
        let path = folder.path
        let expected = [
            "http.tls.certificate: the file \(path)/chain.pem has no PEM certificate (\"-----BEGIN CERTIFICATE-----\")",
            "http.tls.privateKey: the file \(path)/key.pem cannot be read: No such file or directory",
        ]
        #expect(error?.problems.map(\.description) == expected)
        let configuration = try HostConfiguration(secured(), in: path)
        let found = #expect(throws: ConfigProblems.self) { try configuration.checkFiles(environment: [:]) }
        #expect(found?.problems.map(\.description) == expected)
    }
}

extension TemporaryFolder {
    /// As `chain.pem` and `key.pem`.
    func write(_ made: TestCertificate) throws {
        try write(made.certificate, to: "chain.pem")
        try write(made.privateKey, to: "key.pem")
    }
}

/// What was logged: the message, then the values of its fields.
private final class LogLines: LogSink {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    func log(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        lines.withLock { $0.append(([message] + fields.map(\.value)).joined(separator: " ")) }
    }
}
