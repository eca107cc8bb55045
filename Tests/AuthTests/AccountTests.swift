import ChatKernel
import Testing

@testable import ChatAuth

@Suite("Accounts with passwords") struct AccountTests {
    let wrong = ChatError(.tokenInvalid, "That name and password do not belong together.")

    @Test("Who registers can sign in, and the token says who it is") func wayIn() async throws {
        let desk = try await Desk()
        let user = try await desk.register("Grace", email: "grace@example.org")
        #expect(user.email == "grace@example.org" && user.isActive && !user.isSuperuser)
        #expect(user.id.text.utf8.count == 36)
        let token = try await desk.authority.login(username: "grace", password: "correct horse", from: nil)
        #expect(token.expiresInSeconds == 3600)
        let identity = try await desk.identify(token.token)
        #expect(identity.user == user.reference)
        #expect(identity.expiresAt == Timestamp(microseconds: (Forge.now + 3600) * 1_000_000))
    }

    @Test("A token says sub, username, iat, exp and jti, and no two are the same") func claims() async throws {
        let desk = try await Desk()
        let user = User(id: UserID("u\"1"), username: "a\\b\u{1}", createdAt: desk.time.wall())
        let first = try desk.authority.issueToken(for: user, expiresInSeconds: 5)
        let text = String(decoding: try #require(JWT(first.token)).claims, as: UTF8.self)
        #expect(text.hasPrefix(#"{"sub":"u\"1","username":"a\\b\u0001","iat":1770000000,"exp":1770000005,"jti":""#))
        #expect(try desk.authority.issueToken(for: user, expiresInSeconds: 5).token != first.token)
    }

    @Test("Our own tokens carry what the config demands") func ownDemands() async throws {
        var settings = AuthSettings()
        (settings.issuer, settings.audience) = ("home", "chat")
        let desk = try await Desk(settings)
        try await desk.register("grace")
        let token = try await desk.authority.login(username: "grace", password: "correct horse", from: nil)
        #expect(await desk.outcome(token.token) == "grace")
    }

    @Test("A token's life has bounds", arguments: [0, -1, 315_360_001, .max, .min]) func life(seconds: Int) async throws
    {
        let desk = try await Desk()
        let user = User(id: UserID("ada"), username: "ada", createdAt: desk.time.wall())
        #expect(throws: ChatError.self) { try desk.authority.issueToken(for: user, expiresInSeconds: seconds) }
    }

    @Test("A wrong password, an unknown name and a disabled account are one answer") func oneAnswer() async throws {
        let desk = try await Desk()
        let user = try await desk.register("grace")
        #expect(await desk.login("grace", "wrong horse") == wrong)
        #expect(await desk.login("nobody", "correct horse") == wrong)
        // Ada's tokens are minted elsewhere: no password is hers.
        #expect(await desk.login("ada", "correct horse") == wrong)
        var disabled = user
        disabled.isActive = false
        try await desk.store.save(disabled)
        #expect(await desk.login("grace", "correct horse") == wrong)
    }

    @Test("They are also the same work: one hash of the same cost") func sameWork() async throws {
        let desk = try await Desk()
        try await desk.register("grace")
        try await desk.save("odd", username: "odd")
        var works: [[ScryptParameters]] = []
        for name in ["grace", "nobody", "ada", "odd"] {
            let before = desk.hashes.all.count
            #expect(await desk.login(name, "wrong horse") == wrong)
            works.append(Array(desk.hashes.all.dropFirst(before)))
        }
        #expect(works == [[.standard], [.standard], [.standard], [.standard]])
    }

    @Test(
        "A stored hash that is no hash lets nobody in",
        arguments: ["", "plain", "$scrypt$ln=15,r=8,p=1$AAAA$AAAA", "$2b$12$x"])
    func damaged(stored: String) async throws {
        let desk = try await Desk()
        try await desk.store.save(
            User(id: UserID("g"), username: "grace", passwordHash: stored, createdAt: desk.time.wall()))
        #expect(await desk.login("grace", stored) == wrong)
        #expect(await desk.login("grace", "") == wrong)
        #expect(desk.hashes.all.count == 2)
    }

    @Test("A password is kept as a hash, salted anew each time") func kept() async throws {
        let desk = try await Desk()
        let first = try await desk.register("one").passwordHash ?? ""
        let second = try await desk.register("two").passwordHash ?? ""
        #expect(first.hasPrefix("$scrypt$ln=15,r=8,p=1$"))
        #expect(first != second)
        #expect(try #require(PasswordHash(first)).text == first)
    }

    @Test("A name is taken in any case of its letters, and without a hash being made") func taken() async throws {
        let desk = try await Desk()
        let error = await #expect(throws: ChatError.self) { try await desk.register("ADA") }
        #expect(error == ChatError(.conflict, "That name is taken."))
        #expect(desk.hashes.all.isEmpty)
    }

    @Test("So is an address") func addressTaken() async throws {
        let desk = try await Desk()
        try await desk.register("one", email: "x@example.org")
        let error = await #expect(throws: ChatError.self) { try await desk.register("two", email: "X@example.org") }
        #expect(error == ChatError(.conflict, "That name or address is taken."))
    }

    @Test("Of two who want one name at once, one gets it") func race() async throws {
        let desk = try await Desk()
        let winners = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { (try? await desk.register("grace")) == nil ? 0 : 1 } }
            return await group.reduce(0, +)
        }
        #expect(winners == 1)
    }

    @Test(
        "Names that will not do",
        arguments: [
            "", " ", "\t", " ada", "ada ", "a\nb", "a\u{0}b", "a\u{1B}[31mb", "a\u{85}b", "a\u{2028}b", "a\u{202E}b",
            "a\u{200B}b", "\u{FEFF}ada", "ann\u{200D}", "a\u{200C}nn", "é\u{200D}é", "\u{200C}می", "می\u{200C}",
            "می\u{200C}\u{200C}خواهم", "a\u{34F}nn", "ann\u{FE0F}", "\u{3164}",
            String(repeating: "a", count: 65), String(repeating: "é", count: 33),
        ])
    func badNames(name: String) async throws {
        let desk = try await Desk()
        let error = await #expect(throws: ChatError.self) { try await desk.register(name) }
        #expect(error?.code == .invalidField)
        #expect(desk.hashes.all.isEmpty)
    }

    @Test(
        "Names that will",
        arguments: [
            "a", "Ada Lovelace", "日本語", "می\u{200C}خواهم", "👩‍💻", "o'brien; --", String(repeating: "é", count: 32),
        ])
    func goodNames(name: String) async throws {
        let desk = try await Desk()
        #expect(try await desk.register(name).username == name)
        #expect(await desk.login(name, "correct horse") == nil)
    }

    @Test("Passwords have 8 to 1024 bytes, and any bytes") func passwords() async throws {
        let desk = try await Desk()
        for password in ["", "1234567", String(repeating: "x", count: 1025)] {
            let error = await #expect(throws: ChatError.self) { try await desk.register("grace", password) }
            #expect(error?.code == .invalidField)
        }
        for (index, password) in ["12345678", "        ", "a\u{0}bcdefgh", String(repeating: "x", count: 1024)]
            .enumerated()
        {
            try await desk.register("user \(index)", password)
            #expect(await desk.login("user \(index)", password) == nil)
            #expect(await desk.login("user \(index)", password + "x") == wrong)
        }
    }

    @Test(
        "Addresses that will not do",
        arguments: ["", "@", "a@", "@b", "a", "a@b@c", "a b@c", "a@b\n", String(repeating: "a", count: 250) + "@b.cd"])
    func badAddresses(email: String) async throws {
        let desk = try await Desk()
        let error = await #expect(throws: ChatError.self) { try await desk.register("grace", email: email) }
        #expect(error?.code == .invalidField)
    }

    @Test("A pair that nobody can have costs no work and no attempt") func impossible() async throws {
        let desk = try await Desk()
        for _ in 0..<20 {
            #expect(await desk.login("ada", String(repeating: "x", count: 1025)) == wrong)
            #expect(await desk.login(String(repeating: "x", count: 65), "correct horse") == wrong)
        }
        #expect(desk.hashes.all.isEmpty)
    }

    @Test("Registration can be off, but not for the operator") func closed() async throws {
        var settings = AuthSettings()
        settings.registration = false
        let desk = try await Desk(settings)
        #expect(!desk.authority.acceptsRegistration)
        let error = await #expect(throws: ChatError.self) { try await desk.register("grace") }
        #expect(error?.code == .forbidden)
        let user = try await desk.authority.makeAccount(username: "grace", password: "correct horse", isSuperuser: true)
        #expect(user.isSuperuser)
        #expect(await desk.login("grace", "correct horse") == nil)
    }

    @Test("Without a key to sign with there is no signing in, and no use in registering") func elsewhere() async throws
    {
        let rsa = try Keys.rsa(.public)
        let desk = try await Desk(keys: KeyRing([.init(id: nil, algorithm: .rs256, verifier: rsa, signer: nil)]))
        #expect(!desk.authority.acceptsRegistration)
        #expect(await desk.login("ada", "correct horse")?.code == .forbidden)
        #expect(await desk.outcome(try Forge.token(#"{"alg":"RS256"}"#, Forge.claims(), Keys.rsa())) == "ada")
    }

    @Test("A store that fails costs nobody an attempt") func storeFails() async throws {
        let desk = try await Desk()
        try await desk.register("grace")
        desk.store.fail(StoreError(.unavailable, ""))
        for _ in 0..<20 { #expect(await desk.login("grace", "wrong horse")?.code == .storeUnavailable) }
        desk.store.fail(nil)
        #expect(await desk.login("grace", "correct horse") == nil)
    }
}

@Suite("Attempts") struct AttemptTests {
    @Test("Ten wrong passwords for a name, then a wait, also for the right one") func byName() async throws {
        let desk = try await Desk()
        try await desk.register("grace")
        for index in 0..<10 { #expect(await desk.login("GRACE", "wrong \(index)")?.code == .tokenInvalid) }
        let hashes = desk.hashes.all.count
        let error = await desk.login("grace", "correct horse")
        #expect(error?.code == .rateLimited)
        #expect(error?.retryAfterMilliseconds == 6000)
        #expect(desk.hashes.all.count == hashes)
        desk.time.advance(milliseconds: 5999)
        #expect(await desk.login("grace", "correct horse")?.retryAfterMilliseconds == 1)
        desk.time.advance(milliseconds: 1)
        #expect(await desk.login("grace", "correct horse") == nil)
    }

    @Test("Others are not kept out by it, not even from the same address") func others() async throws {
        let desk = try await Desk()
        try await desk.register("grace")
        for _ in 0..<11 { _ = await desk.login("ada", "wrong horse") }
        #expect(await desk.login("grace", "correct horse") == nil)
    }

    @Test("Whoever knows the password signs in as often as they like") func successes() async throws {
        let desk = try await Desk()
        try await desk.register("grace")
        for _ in 0..<100 { #expect(await desk.login("grace", "correct horse") == nil) }
    }

    @Test("An address that tries ever new names is stopped at a hundred") func byAddress() async throws {
        let desk = try await Desk()
        for index in 0..<100 { #expect(await desk.login("name \(index)", "password")?.code == .tokenInvalid) }
        #expect(await desk.login("name 100", "password")?.code == .rateLimited)
        #expect(await desk.login("name 100", "password", from: "192.0.2.2")?.code == .tokenInvalid)
        desk.time.advance(milliseconds: 600)
        #expect(await desk.login("name 100", "password")?.code == .tokenInvalid)
    }

    @Test("A hundred guesses at once are no more than ten") func atOnce() async throws {
        let desk = try await Desk()
        try await desk.register("grace")
        let judged = await withTaskGroup(of: Int.self) { group in
            for index in 0..<100 {
                group.addTask { await desk.login("grace", "wrong \(index)")?.code == .tokenInvalid ? 1 : 0 }
            }
            return await group.reduce(0, +)
        }
        #expect(judged == 10)
    }

    @Test("An address makes so many accounts a minute, taken names included") func registrations() async throws {
        let desk = try await Desk(limits: AttemptLimits(registrationsPerAddressPerMinute: 3))
        try await desk.register("one")
        await #expect(throws: ChatError.self) { try await desk.register("one") }
        try await desk.register("two")
        let error = await #expect(throws: ChatError.self) { try await desk.register("three") }
        #expect(error?.code == .rateLimited)
        #expect(error?.retryAfterMilliseconds == 20_000)
        desk.time.advance(seconds: 20)
        try await desk.register("three")
        _ = try await desk.authority.makeAccount(username: "four", password: nil)
    }

    @Test("A form that was filled in wrongly is not counted") func mistakes() async throws {
        let desk = try await Desk(limits: AttemptLimits(registrationsPerAddressPerMinute: 1))
        for _ in 0..<5 { await #expect(throws: ChatError.self) { try await desk.register("grace", "short") } }
        try await desk.register("grace")
    }

    @Test("Zero is no limit") func noLimit() async throws {
        let desk = try await Desk(
            limits: AttemptLimits(passwordAttemptsPerMinute: 0, registrationsPerAddressPerMinute: 0))
        for index in 0..<100 { try await desk.register("user \(index)") }
        for _ in 0..<100 { #expect(await desk.login("ada", "wrong horse")?.code == .tokenInvalid) }
    }
}
