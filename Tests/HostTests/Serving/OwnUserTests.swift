import ChatHost
import ChatKernel
import ScriptTesting
import Testing

/// Whoever a product has let in, by a pass of its own.
private struct Porter: Authenticator {
    let store: any Store

    func identify(_ credentials: Credentials) async throws(ChatError) -> Identity {
        guard case .token(let pass) = credentials, pass.hasPrefix("pass-"),
            let user = try? await user(String(pass.dropFirst(5)))
        else { throw ChatError(.tokenInvalid, "This is no pass.") }
        return Identity(user: user.reference)
    }

    private func user(_ name: String) async throws -> User {
        if let known = try await store.users(.id(UserID(name)), limit: 1).first { return known }
        let user = User(id: UserID(name), username: name, createdAt: TestTime.start)
        try await store.save(user)
        return user
    }
}

@Suite("A host whose users are the product's own")
struct OwnUserTests {
    private let text = """
        { "store": { "type": "memory" }, "http": { "listen": "127.0.0.1:0", "loops": 1 },
          "transports": [ { "type": "rest" }, { "type": "websocket" }, { "type": "long-polling" } ] }
        """

    @Test("lets them in over every transport, and nobody else; it has no accounts and no tickets")
    func passes() async throws {
        try await withHost(text, authenticator: { Porter(store: $0) }) { host in
            let ann = Person(serving: host, id: "ann", token: "pass-ann")
            let bob = Person(serving: host, id: "bob", token: "pass-bob")
            for person in [ann, bob] {
                #expect(try person.call("GET", "/api/auth/me").json["username"].text == person.id)
            }
            let room = try host.room(ann, bob)
            let cursor = try bob.head()
            let socket = try bob.enter(room)
            try ann.post("Hello", in: room)
            #expect(try socket.next("message")["content"] == "Hello")
            #expect(try bob.events("wait=0&cursor=\(cursor)").contents == ["Hello"])
            #expect(try host.call("GET", "/api/auth/me", token: "ann").status == 401)
            for path in ["/api/auth/register", "/api/auth/login", "/api/chat/tickets"] {
                #expect(try host.call("POST", path, "{}", token: ann.token).status == 404)
            }
            #expect(try host.call("GET", "/api/chat/info").json["registration"] == false)
        }
    }

    @Test("refuses a config that speaks of other users")
    func auth() async throws {
        await #expect {
            try await withHost(config(), authenticator: { Porter(store: $0) }) { _ in }
        } throws: {
            "\($0)" == "auth: this host knows its users by itself; leave it out"
        }
    }
}
