import ChatKernel
import ChatWire
import FoundationEssentials
import Testing

@testable import ChatAuth

@Suite("Settings") struct SettingsTests {
    func decode(_ json: String) throws -> AuthSettings {
        try JSONDecoder().decode(AuthSettings.self, from: Data(json.utf8))
    }

    /// The path and the sentence of the error that a setting gives.
    func complaint(_ json: String) -> String {
        do {
            _ = try decode(json)
            return "none"
        } catch DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context), DecodingError.keyNotFound(_, let context)
        {
            return context.codingPath.map(\.stringValue).joined(separator: ".") + ": " + context.debugDescription
        } catch {
            return "\(error)"
        }
    }

    func sources(_ environment: [String: String] = [:], _ files: [String: String] = [:]) -> Secret.Sources {
        Secret.Sources(environment: { environment[$0] }, file: { files[$0].map { Array($0.utf8) } })
    }

    @Test("What is left out has the defaults") func defaults() throws {
        let settings = try decode("{}")
        #expect(settings.algorithm == .hs256 && settings.accessTokenExpireMinutes == 60)
        #expect(settings.registration && !settings.autoProvision && settings.needsSecret)
        #expect(settings.claimRules == ClaimRules())
    }

    @Test("The example of the design makes a ring that signs") func example() throws {
        let settings = try decode(
            #"{"secretKey":{"env":"CHAT_SECRET_KEY"},"algorithm":"HS256","accessTokenExpireMinutes":60,"registration":true}"#
        )
        #expect(!settings.needsSecret)
        let ring = try KeyRing(settings, sources: sources(["CHAT_SECRET_KEY": String(repeating: "s", count: 32)]))
        #expect(ring.canSign && ring.warnings.isEmpty)
    }

    @Test("A secret is a text, a variable, or a file without its last line end") func secrets() throws {
        func resolve(_ json: String) throws -> String {
            let secret = try #require(try decode("{\"secretKey\":\(json)}").secretKey)
            return String(
                decoding: try secret.resolve(sources(["A": "of the environment"], ["/a": "of the file\r\n"])),
                as: UTF8.self)
        }
        #expect(try resolve(#""itself""#) == "itself")
        #expect(try resolve(#"{"env":"A"}"#) == "of the environment")
        #expect(try resolve(#"{"file":"/a"}"#) == "of the file")
    }

    @Test("A secret is never printed") func printed() throws {
        let secret = Secret("hunter2 hunter2 hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        var settings = AuthSettings()
        settings.secretKey = secret
        for text in ["\(secret)", String(reflecting: secret), dumped, "\(settings)", String(reflecting: settings)] {
            #expect(!text.contains("hunter2"))
        }
    }

    @Test(
        "What is wrong is said with its place and what is allowed",
        arguments: [
            (#"{"secretkey":"x"}"#, "secretkey: is no setting; there are secretKey, secretKeyId, algorithm, "),
            (#"{"algorithm":"none"}"#, "algorithm: is one of HS256, HS384, HS512, RS256, ES256, EdDSA"),
            (#"{"accessTokenExpireMinutes":0}"#, "accessTokenExpireMinutes: is a number from 1 to 525600"),
            (#"{"secretKey":1}"#, #"secretKey: is a text, {"env": NAME} or {"file": PATH}"#),
            (#"{"secretKey":{"path":"x"}}"#, #"secretKey: is a text, {"env": NAME} or {"file": PATH}"#),
            (#"{"secretKey":{"env":"A","file":"b"}}"#, #"secretKey: is a text, {"env": NAME} or {"file": PATH}"#),
            (#"{"keys":[{"algorithm":"RS256"}]}"#, #"a key of RS256 has either "publicKey" or "privateKey""#),
            (#"{"keys":[{"algorithm":"RS256","secret":"x"}]}"#, #"a key of RS256 has either "publicKey" or "#),
            (#"{"keys":[{"algorithm":"HS256","publicKey":"x"}]}"#, #"a key of HS256 has "secret""#),
            (#"{"keys":[{"algorithm":"HS256","secret":"x","privateKey":"y"}]}"#, #"a key of HS256 has "secret""#),
            (#"{"keys":[{"algorithm":"HS256","secret":"x","kid":"y"}]}"#, "kid: is no setting; there are id, "),
            (
                #"{"secretKey":"x","secretKeyId":"a","keys":[{"id":"a","algorithm":"HS256","secret":"x"}]}"#,
                "keys: [0].id is the same as another key's"
            ),
            (
                "{\"keys\":[\(Array(repeating: #"{"algorithm":"HS256","secret":"x"}"#, count: 32).joined(separator: ","))]}",
                "keys: has at most 31 keys"
            ),
        ])
    func complaints(json: String, expected: String) {
        #expect(complaint(json).contains(expected))
    }

    @Test("Everything that is wrong with the keys is said at once, and nothing of them") func problems() throws {
        let settings = try decode(
            #"""
            {"secretKey":"hunter2","keys":[
                {"algorithm":"HS256","secret":{"env":"MISSING"}}, {"algorithm":"RS256","publicKey":{"file":"/none"}},
                {"algorithm":"ES256","privateKey":"hunter2"}, {"algorithm":"HS256","secret":{"file":"/empty"}}]}
            """#)
        let problems = try #require(throws: KeyRing.Problems.self) {
            try KeyRing(settings, sources: sources([:], ["/empty": "\n"]))
        }
        #expect(
            problems.description == """
                secretKey: a secret has at least 16 bytes, better 32
                keys[0].secret: the environment variable MISSING is not set
                keys[1].publicKey: the file /none cannot be read
                keys[2].privateKey: is not a PEM private key without a pass phrase ("-----BEGIN PRIVATE KEY-----")
                keys[3].secret: the file /empty is empty
                """)
    }

    @Test("A secret of 16 to 31 bytes is warned of") func warning() throws {
        var settings = AuthSettings()
        settings.secretKey = Secret("sixteen bytes...")
        let ring = try KeyRing(settings, sources: sources())
        #expect(ring.warnings.count == 1)
        #expect(ring.warnings.first?.path == "secretKey")
        #expect(ring.warnings.first?.detail.contains("sixteen") == false)
    }

    @Test("Without a secret and keys the one of the first run signs") func generated() throws {
        let ring = try KeyRing(AuthSettings(), generatedSecret: try Randomness.bytes(32), sources: sources())
        #expect(ring.canSign)
        #expect(throws: KeyRing.Problems.self) { try KeyRing(AuthSettings(), sources: sources()) }
    }

    @Test("With public keys only, tokens come from elsewhere") func publicOnly() throws {
        let settings = try decode(#"{"keys":[{"id":"ec","algorithm":"ES256","publicKey":{"file":"/k"}}]}"#)
        #expect(!settings.needsSecret)
        let ring = try KeyRing(settings, sources: sources([:], ["/k": Keys.ecPublic]))
        #expect(!ring.canSign)
        let now = Timestamp(microseconds: Forge.now * 1_000_000)
        #expect(try ring.verify(try Signed.es256.token, at: now, ClaimRules()).subject == UserID("ada"))
    }

    @Test(
        "A private key signs, as secretKey or among the keys",
        arguments: [
            #"{"secretKey":{"file":"/k"},"secretKeyId":"n","algorithm":"EdDSA"}"#,
            #"{"keys":[{"id":"n","algorithm":"EdDSA","privateKey":{"file":"/k"}}]}"#,
        ])
    func privateKey(json: String) throws {
        let ring = try KeyRing(try decode(json), sources: sources([:], ["/k": Keys.edPrivate]))
        #expect(JWT(try ring.sign(claims: Array("{}".utf8)))?.keyID == "n")
    }

    @Test("Random text is as long as it says, and new each time") func randomness() throws {
        #expect(try Base64.url.decode(Randomness.text(32).utf8)?.count == 32)
        #expect(try Randomness.text(32) != Randomness.text(32))
    }
}
