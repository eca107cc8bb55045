import ChatAuth
import ChatHost
import ChatKernel
import ScriptTesting
import Testing

/// A config for a test: memory, any port, no limit on messages, and tokens that make their users.
func config(
    store: String = #"{ "type": "memory" }"#, websocket: String = "", polling: String = "", limits: String = "",
    http: String = "",
    auth: String = "", more: String = ""
) -> String {
    """
    { "store": \(store),
      "auth": { "secretKey": "a secret of this test, as long as it ought to be", "autoProvision": true, \(auth) },
      "http": { "listen": "127.0.0.1:0", "loops": 1, \(http) },
      "transports": [ { "type": "rest" }, { "type": "websocket", \(websocket) },
                        { "type": "long-polling", \(polling) } ],
      "limits": { "messagesPerUserPerSecond": 0, \(limits) },
      \(more) }
    """
}

extension HostConfiguration {
    init(
        _ text: String, in folder: String = "/nowhere", environment: [String: String] = [:],
        catalog: AdapterCatalog = .standard
    ) throws(ConfigProblems) {
        try self.init(parsing: Array(text.utf8), directory: folder, environment: environment, catalog: catalog)
    }
}

/// Runs a host for as long as the script takes, which is on a thread of its own; then stops it and waits until it is gone.
@discardableResult
func withHost<Value: Sendable>(
    _ text: String = config(), catalog: AdapterCatalog = .standard, time: any TimeSource = .system,
    folder: TemporaryFolder? = nil, log: any LogSink = SilentLog(), authenticator: Host.AuthenticatorMaking? = nil,
    _ script: @escaping @Sendable (Serving) throws -> Value
) async throws -> Value {
    let folder = try folder ?? TemporaryFolder()
    let configuration = try HostConfiguration(text, in: folder.path, catalog: catalog)
    let host = Host(configuration, log: log, time: time, authenticator: authenticator)
    let authority = try configuration.authority(
        over: InMemoryStore(epoch: Epoch(0)), time: time, log: SilentLog(), environment: [:])
    let (ready, door) = AsyncStream<Host.Running>.makeStream()
    host.whenReady { door.yield($0) }
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { door.finish() }
            try await host.run()
        }
        var value: Value?
        for await running in ready {
            let serving = try Serving(host: host, running: running, authority: authority)
            defer { host.stop() }
            value = try await onThread { try script(serving) }
            break
        }
        try await group.waitForAll()
        return try #require(value)
    }
}

/// A host that serves, as a script sees it.
struct Serving: Sendable {
    let host: Host
    let kernel: Kernel
    let promises: [String]
    let url: String
    let urls: [String]
    let port: UInt16
    private let authority: TokenAuthority

    init(host: Host, running: Host.Running, authority: TokenAuthority) throws {
        self.host = host
        self.authority = authority
        kernel = running.kernel
        promises = running.promises
        url = running.url
        urls = running.urls
        port = try #require(running.url.split(separator: ":").last.flatMap { UInt16($0) })
    }

    /// Whether the first of its URLs is `https`.
    var isSecure: Bool { url.hasPrefix("https:") }

    func call(
        _ method: String, _ path: String, _ body: String? = nil, token: String? = nil, fields: [String: String] = [:]
    ) throws -> Answer {
        var fields = fields
        if let token { fields["Authorization"] = "Bearer \(token)" }
        if body != nil, fields["Content-Type"] == nil { fields["Content-Type"] = "application/json" }
        let socket = try Socket(port: port, tls: isSecure)
        try socket.send(request: method, path, fields: fields, body: body)
        return try socket.answer(toHead: method == "HEAD")
    }

    /// A token minted elsewhere with the host's key.
    func token(_ name: String, lasting seconds: Int = 3600) throws -> String {
        let user = User(id: UserID(name), username: name, createdAt: TestTime.start)
        return try authority.issueToken(for: user, expiresInSeconds: seconds).token
    }

    /// Somebody the host knows: its `id` is its name.
    func person(_ name: String) throws -> Person {
        let person = Person(serving: self, id: name, token: try token(name))
        let me = try person.call("GET", "/api/auth/me")
        guard me.status == 200, try me.json["id"].text == name else { throw Trouble("who is \(name)? \(me.text)") }
        return person
    }

    /// A group of these people; the first owns it.
    func room(_ owner: Person, _ others: Person...) throws -> String {
        let ids = others.map { "\"\($0.id)\"" }.joined(separator: ",")
        let made = try owner.call(
            "POST", "/api/chat/conversations", #"{"name":"room","is_group":true,"participant_ids":[\#(ids)]}"#)
        guard made.status == 201, let id = try made.json["id"].text else { throw Trouble(made.text) }
        return id
    }

    /// One number of `/metrics`.
    func metric(_ name: String) throws -> Int? {
        let lines = try call("GET", "/metrics").text.split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.flatMap { Int($0.dropFirst(name.count + 1)) }
    }

    /// Asks until a number is what it shall be, and gives up after many times. The number comes from a loop, whatever the tasks of the
    /// host still have to do; so a task is asked too, which has its turn behind them.
    func awaitMetric(_ name: String, _ wanted: Int) throws {
        var last: Int?
        for _ in 0..<2000 {
            last = try metric(name)
            if last == wanted { return }
            _ = try call("GET", "/api/chat/info")
        }
        throw Trouble("\(name) is \(last.map { "\($0)" } ?? "not there"), not \(wanted)")
    }
}

/// A user with a token.
struct Person: Sendable {
    let serving: Serving
    let id: String
    let token: String

    func call(_ method: String, _ path: String, _ body: String? = nil, fields: [String: String] = [:]) throws -> Answer
    {
        try serving.call(method, path, body, token: token, fields: fields)
    }

    /// Posts over REST; the message.
    @discardableResult
    func post(_ content: String, in room: String) throws -> JSON {
        let answer = try call("POST", "/api/chat/conversations/\(room)/messages", #"{"content":"\#(content)"}"#)
        guard answer.status == 201 else { throw Trouble("\(answer.status) \(answer.text)") }
        return try answer.json
    }

    /// Asks to be let in; whoever calls reads the answer.
    func knock(_ room: String, _ query: String = "", receiveBuffer: Int32? = nil) throws -> WebSocketClient {
        try WebSocketClient(
            port: serving.port, path: "/api/chat/ws/\(room)?token=\(token)\(query)", receiveBuffer: receiveBuffer,
            tls: serving.isSecure)
    }

    /// A WebSocket in a room, let in.
    func enter(_ room: String, _ query: String = "", receiveBuffer: Int32? = nil) throws -> WebSocketClient {
        try knock(room, query, receiveBuffer: receiveBuffer).admitted()
    }
}
