import ChatKernel
import Testing

@testable import ChatAuth

@Suite("Who is it") struct IdentifyTests {
    func token(_ claims: String) throws -> String { try Forge.token(#"{"alg":"HS256"}"#, claims, Keys.hmac()) }

    @Test("A genuine token for nobody is refused like a forged one") func nobody() async throws {
        let desk = try await Desk()
        let error = await #expect(throws: ChatError.self) {
            try await desk.identify(token(#"{"sub":"eve","exp":1770003600}"#))
        }
        #expect(error == ChatError(.tokenInvalid, "This token is not accepted; sign in again."))
    }

    @Test("A disabled account is refused, within two seconds of being disabled") func disabled() async throws {
        let desk = try await Desk()
        let token = try Signed.hs256.token
        #expect(await desk.outcome(token) == "ada")
        try await desk.save("ada", isActive: false)
        desk.time.advance(milliseconds: 1999)
        #expect(await desk.outcome(token) == "ada")
        desk.time.advance(milliseconds: 1)
        #expect(await desk.outcome(token) == "token_invalid")
        try await desk.save("ada", isActive: true)
        desk.time.advance(seconds: 2)
        #expect(await desk.outcome(token) == "ada")
    }

    @Test("Who was identified a moment ago is known at once, and no longer than the account is believed")
    func recognized() async throws {
        let desk = try await Desk()
        let token = try Signed.hs256.token
        #expect(desk.authority.recognize(token) == nil)
        desk.time.advance(milliseconds: 500)
        let identity = try await desk.identify(token)
        desk.time.advance(milliseconds: 1500)
        _ = try await desk.identify(token)
        desk.time.advance(milliseconds: 499)
        let known = try #require(desk.authority.recognize(token))
        #expect(known.identity == identity)
        #expect(known.until == desk.time.monotonic() + 1_000_000)
        #expect(desk.authority.recognize(String(token.dropLast())) == nil)
        #expect(desk.authority.recognize("x" + token) == nil)
        let forged = "X" + token.dropFirst()
        #expect(desk.authority.recognize(forged) == nil)
        desk.time.advance(milliseconds: 1)
        #expect(desk.authority.recognize(token) == nil)
    }

    @Test("A token that ends is not recognized past its end")
    func endsWhileRecognized() async throws {
        let desk = try await Desk()
        let end = Forge.now + 1 - Identity.leewaySeconds
        let token = try token(#"{"sub":"ada","exp":\#(end)}"#)
        _ = try await desk.identify(token)
        desk.time.advance(milliseconds: 999)
        #expect(desk.authority.recognize(token)?.until == desk.time.monotonic() + 1_000_000)
        desk.time.advance(milliseconds: 1)
        #expect(desk.authority.recognize(token) == nil)
    }

    @Test("Recent tokens are bounded, and the newest are kept") func tokensBound() {
        var recent = RecentTokens(capacity: 10)
        for index in 0..<1000 {
            let identity = Identity(user: UserReference(id: UserID("\(index)"), username: "\(index)"))
            recent.insert("token \(index)", identity, until: 1)
            #expect(recent.count <= 10)
            #expect(recent.find("token \(index)", at: 0)?.identity == identity)
        }
    }

    @Test("A thousand requests of one client are one query") func remembered() async throws {
        let desk = try await Desk()
        let token = try Signed.hs256.token
        let visits = desk.store.visits
        for _ in 0..<1000 { _ = try await desk.identify(token) }
        #expect(desk.store.visits == visits + 1)
    }

    @Test("A store that fails is no reason to send somebody to sign in") func storeFails() async throws {
        let desk = try await Desk()
        desk.store.fail(StoreError(.unavailable, "secret details"))
        let error = await #expect(throws: ChatError.self) { try await desk.identify(Signed.hs256.token) }
        #expect(error?.code == .storeUnavailable)
        #expect(error?.detail.contains("secret") == false)
        desk.store.fail(nil)
        #expect(await desk.outcome(try Signed.hs256.token) == "ada")
    }

    @Test("Recent users are bounded, and the newest are kept") func bound() {
        var recent = RecentUsers(capacity: 10)
        for index in 0..<1000 {
            let user = User(id: UserID("\(index)"), username: "\(index)", createdAt: Timestamp(microseconds: 0))
            recent.insert(RecentUsers.Record(user), asked: 0)
            #expect(recent.count <= 10)
            #expect(recent.find(user.id, at: 1) != nil)
        }
        #expect(recent.find(UserID("998"), at: 1) != nil)
        #expect(recent.find(UserID("999"), at: RecentUsers.lifetime) == nil)
    }
}

@Suite("Accounts made for tokens") struct ProvisioningTests {
    func desk() async throws -> Desk {
        var settings = AuthSettings()
        settings.autoProvision = true
        return try await Desk(settings)
    }

    func token(_ sub: String, _ more: String = "") throws -> String {
        try Forge.token(
            #"{"alg":"HS256"}"#, "{\"sub\":\"\(sub)\",\"exp\":1770003600\(more.isEmpty ? "" : ",")\(more)}", Keys.hmac()
        )
    }

    @Test(
        "They are called what the token says, best first, or by their subject",
        arguments: [
            ("", "s1"), (#""name":"Grace Hopper""#, "Grace Hopper"),
            (#""name":"Grace Hopper","preferred_username":"grace""#, "grace"),
            (#""preferred_username":"grace","username":"gh""#, "gh"),
            (#""username":"  ","name":"Grace""#, "Grace"), (#""username":"a\u0007b","name":"Grace""#, "Grace"),
            (#""username":7"#, "s1"), (#""username":"""#, "s1"),
        ])
    func names(claims: String, expected: String) async throws {
        let desk = try await desk()
        #expect(await desk.outcome(try token("s1", claims)) == expected)
        #expect(try await desk.store.user(UserID("s1"))?.username == expected)
    }

    @Test("A name that is taken gets a number; nobody becomes somebody else") func taken() async throws {
        let desk = try await desk()
        #expect(await desk.outcome(try token("s1", #""username":"Ada""#)) == "Ada-2")
        #expect(await desk.outcome(try token("s2", #""username":"ada""#)) == "ada-3")
        #expect(await desk.outcome(try token("ada", #""username":"x""#)) == "ada")
    }

    @Test("A long name is cut to make room for the number") func longName() async throws {
        let desk = try await desk()
        let name = String(repeating: "é", count: 32)
        #expect(await desk.outcome(try token("s1", "\"username\":\"\(name)\"")) == name)
        #expect(await desk.outcome(try token("s2", "\"username\":\"\(name)\"")) == name.dropLast() + "-2")
    }

    @Test("After many of one name something random is put behind") func manyTaken() async throws {
        let desk = try await desk()
        for index in 1...9 { _ = await desk.outcome(try token("s\(index)", #""username":"ada""#)) }
        let name = await desk.outcome(try token("s10", #""username":"ada""#))
        #expect(name.hasPrefix("ada-") && name.utf8.count == 4 + 8)
    }

    @Test("A name stays what it was made, whatever later tokens say") func stays() async throws {
        let desk = try await desk()
        #expect(await desk.outcome(try token("s1", #""username":"grace""#)) == "grace")
        desk.time.advance(seconds: 5)
        #expect(await desk.outcome(try token("s1", #""username":"hopper""#)) == "grace")
    }

    @Test("A newcomer's many connections make one account") func together() async throws {
        let desk = try await desk()
        let tokens = try (0..<50).map { try token("s1", "\"username\":\"name \($0)\"") }
        let names = await withTaskGroup(of: String.self) { group in
            for token in tokens { group.addTask { await desk.outcome(token) } }
            return await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(names.count == 1)
        #expect(names.allSatisfy { $0.hasPrefix("name ") })
        #expect(try await desk.store.user(UserID("s1"))?.username == names.first)
    }

    @Test("Only a genuine token makes an account") func forged() async throws {
        let desk = try await desk()
        let visits = desk.store.visits
        #expect(await desk.outcome(try token("s1") + "A") == "token_invalid")
        #expect(await desk.outcome(try token("s1", #""nbf":1770009999"#)) == "token_invalid")
        #expect(desk.store.visits == visits)
    }

    @Test("A disabled account is not made anew") func disabled() async throws {
        let desk = try await desk()
        try await desk.save("s1", isActive: false)
        #expect(await desk.outcome(try token("s1")) == "token_invalid")
    }
}
