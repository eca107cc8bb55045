import ChatKernel
import Testing

@testable import ChatAuth

@Suite("Key rings") struct KeyRingTests {
    let now = Timestamp(microseconds: Forge.now * 1_000_000)
    let old = Array("the old secret, thirty-two bytes".utf8)

    func key(_ id: String?, _ secret: [UInt8], signs: Bool = true) throws -> KeyRing.Key {
        let key = try Keys.hmac(.hs256, secret)
        return .init(id: id, algorithm: .hs256, verifier: key, signer: signs ? key : nil)
    }

    func accepts(_ ring: KeyRing, _ token: String) -> Bool { (try? ring.verify(token, at: now, ClaimRules())) != nil }

    @Test("A token of the old key is good until the old key goes", arguments: [nil, "2025"]) func rotation(id: String?)
        throws
    {
        let claims = Array(Forge.claims().utf8)
        let token = try KeyRing([try key(id, old)]).sign(claims: claims)
        let both = KeyRing([try key("2026", Keys.secret), try key(id, old)])
        #expect(accepts(both, token))
        #expect(accepts(both, try both.sign(claims: claims)))
        let new = KeyRing([try key("2026", Keys.secret)])
        #expect(!accepts(new, token))
        #expect(accepts(new, try both.sign(claims: claims)))
    }

    @Test("The first key that can sign does, and names itself") func signing() throws {
        let ring = KeyRing([
            try key("reads", Keys.secret, signs: false), try key("writes", old), try key("also", Keys.secret),
        ])
        #expect(JWT(try ring.sign(claims: Array("{}".utf8)))?.keyID == "writes")
    }

    @Test("A token without kid is tried with all keys that have none") func withoutID() throws {
        let ring = KeyRing([try key(nil, old), try key(nil, Keys.secret)])
        #expect(accepts(ring, try Signed.hs256.token))
    }

    @Test("A token without kid is good for the only key, whatever its name, and not for one of several") func onlyKey()
        throws
    {
        #expect(accepts(KeyRing([try key("one", Keys.secret)]), try Signed.hs256.token))
        #expect(!accepts(KeyRing([try key("one", Keys.secret), try key("two", old)]), try Signed.hs256.token))
    }

    @Test("Without keys nothing is good, and nothing is signed") func empty() throws {
        let ring = KeyRing([])
        #expect(!ring.canSign)
        #expect(!accepts(ring, try Signed.hs256.token))
        let error = #expect(throws: ChatError.self) { try ring.sign(claims: []) }
        #expect(error?.code == .forbidden)
    }

    @Test("Each algorithm verifies what it signed", arguments: TokenAlgorithm.allCases)
    func roundTrip(algorithm: TokenAlgorithm) throws {
        let signer: any Signer =
            switch algorithm {
            case .hs256, .hs384, .hs512: try Keys.hmac(algorithm)
            case .rs256: try Keys.rsa()
            case .es256: try Keys.ecdsa()
            case .edDSA: try Keys.edDSA()
            }
        let ring = KeyRing([.init(id: "a \"key\"", algorithm: algorithm, verifier: signer, signer: signer)])
        for _ in 0..<20 { #expect(accepts(ring, try ring.sign(claims: Array(Forge.claims().utf8)))) }
    }
}
