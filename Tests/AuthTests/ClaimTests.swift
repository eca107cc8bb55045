import ChatKernel
import Testing

@testable import ChatAuth

@Suite("Claims") struct ClaimTests {
    /// What a token with these claims comes to at ``Forge/now``.
    func outcome(_ claims: String, _ settings: AuthSettings = AuthSettings()) async throws -> String {
        try await Desk(settings).outcome(Forge.token(#"{"alg":"HS256"}"#, claims, Keys.hmac()))
    }

    @Test(
        "exp has thirty seconds of leeway",
        arguments: [
            ("1770000001", "ada"), ("1770000000", "ada"), ("1769999971", "ada"), ("1769999970.000001", "ada"),
            ("1769999970", "token_expired"), ("1769999969.5", "token_expired"), ("1", "token_expired"),
            ("0", "token_expired"),
        ])
    func expiry(exp: String, expected: String) async throws {
        #expect(try await outcome(Forge.claims(exp: exp)) == expected)
    }

    @Test(
        "exp may be written in any way that JSON writes numbers",
        arguments: ["1770003600", "1770003600.0", "1770003600.5", "1.7700036e9", "17700036E2", "253402300799"])
    func spellings(exp: String) async throws {
        #expect(try await outcome(Forge.claims(exp: exp)) == "ada")
    }

    @Test(
        "nbf and iat have thirty seconds of leeway",
        arguments: ["nbf", "iat"],
        [
            ("0", "ada"), ("1770000000", "ada"), ("1770000030", "ada"), ("1770000030.5", "token_invalid"),
            ("1770000031", "token_invalid"),
        ])
    func start(claim: String, moment: (String, String)) async throws {
        #expect(try await outcome(Forge.claims("\"\(claim)\":\(moment.0)")) == moment.1)
    }

    @Test("Expired is said with the sentence of every refusal, and only of what was once good") func expired()
        async throws
    {
        let desk = try await Desk()
        let error = await #expect(throws: ChatError.self) {
            try await desk.identify(Forge.token(#"{"alg":"HS256"}"#, Forge.claims(exp: "1"), Keys.hmac()))
        }
        #expect(error == ChatError(.tokenExpired, "This token is not accepted; sign in again."))
        #expect(try await outcome(Forge.claims("\"nbf\":1770009999", exp: "1")) == "token_invalid")
    }

    @Test("A token ends while it is in use") func clock() async throws {
        let desk = try await Desk()
        let token = try Signed.hs256.token
        desk.time.advance(milliseconds: 3_629_999)
        #expect(await desk.outcome(token) == "ada")
        desk.time.advance(milliseconds: 1)
        #expect(await desk.outcome(token) == "token_expired")
    }

    @Test("The identity says when the token ends, without the leeway") func end() async throws {
        let identity = try await Desk().identify(
            Forge.token(#"{"alg":"HS256"}"#, Forge.claims(exp: "1770003600.25"), Keys.hmac()))
        #expect(identity.expiresAt == Timestamp(microseconds: 1_770_003_600_250_000))
        #expect(identity.user == UserReference(id: UserID("ada"), username: "ada"))
        #expect(!identity.isSuperuser)
    }

    @Test(
        "iss and aud count when the config names them",
        arguments: [
            (#""iss":"home","aud":"chat""#, "ada"), (#""iss":"home","aud":["mail","chat"]"#, "ada"),
            (#""iss":"away","aud":"chat""#, "token_invalid"), (#""aud":"chat""#, "token_invalid"),
            (#""iss":"home""#, "token_invalid"), (#""iss":"home","aud":[]"#, "token_invalid"),
            (#""iss":"home","aud":"mail""#, "token_invalid"), (#""iss":"Home","aud":"chat""#, "token_invalid"),
        ])
    func issuer(claims: String, expected: String) async throws {
        var settings = AuthSettings()
        (settings.issuer, settings.audience) = ("home", "chat")
        #expect(try await outcome(Forge.claims(claims), settings) == expected)
    }

    @Test("iss and aud do not count when it does not") func anyIssuer() async throws {
        #expect(try await outcome(Forge.claims(#""iss":"away","aud":["mail"]"#)) == "ada")
    }

    @Test("typ and what we do not know are passed over") func unknown() async throws {
        let token = try Forge.token(#"{"typ":"at+jwt","alg":"HS256","x":{}}"#, Forge.claims(#""x":[{}]"#), Keys.hmac())
        #expect(try await Desk().outcome(token) == "ada")
    }

    @Test("A subject of 128 bytes is one") func longSubject() async throws {
        let id = String(repeating: "é", count: 64)
        let desk = try await Desk()
        try await desk.save(id, username: "long")
        #expect(
            await desk.outcome(
                try Forge.token(#"{"alg":"HS256"}"#, "{\"sub\":\"\(id)\",\"exp\":1770003600}", Keys.hmac())) == "long")
    }

    @Test("Two spellings of one letter are two subjects") func spelling() async throws {
        let desk = try await Desk()
        try await desk.save("caf\u{E9}", username: "coffee")
        let other = "{\"sub\":\"cafe\u{301}\",\"exp\":1770003600}"
        #expect(await desk.outcome(try Forge.token(#"{"alg":"HS256"}"#, other, Keys.hmac())) == "token_invalid")
    }
}
