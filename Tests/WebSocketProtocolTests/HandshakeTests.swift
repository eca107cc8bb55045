import ChatWebSocketProtocol
import Testing

@Suite("RFC 6455, section 4.2: the opening handshake")
struct HandshakeTests {
    private let key = "dGhlIHNhbXBsZSBub25jZQ=="

    private func judge(
        _ method: String = "GET", minorVersion: Int = 1, changing changes: [String: [String]] = [:]
    ) -> Handshake.Verdict {
        let fields = [
            "upgrade": ["websocket"], "connection": ["Upgrade"], "sec-websocket-key": [key],
            "sec-websocket-version": ["13"],
        ].merging(changes) { $1 }
        return Handshake.judge(method: method, minorVersion: minorVersion) { fields[$0] ?? [] }
    }

    private func status(_ verdict: Handshake.Verdict) -> Int? {
        if case .refuse(let refusal) = verdict { refusal.status } else { nil }
    }

    @Test("the example of section 1.3")
    func example() {
        #expect(judge() == .accept(key: key, protocols: []))
        #expect(
            String(decoding: Handshake.acceptInput(key: key), as: UTF8.self)
                == "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        let digest: [UInt8] = [
            0xB3, 0x7A, 0x4F, 0x2C, 0xC0, 0x62, 0x4F, 0x16, 0x90, 0xF6, 0x46, 0x06, 0xCF, 0x38, 0x59, 0x45, 0xB2,
            0xBE, 0xC4, 0xEA,
        ]
        #expect(Handshake.acceptValue(digest: digest) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("a letter that only folds to one of ASCII is another letter")
    func lookalike() {
        #expect(status(judge(changing: ["upgrade": ["webSocKet"]])) == nil)
        #expect(status(judge(changing: ["upgrade": ["websoc\u{212A}et"]])) == 426)
    }

    @Test(
        "base64 of every remainder",
        arguments: zip(["", "f", "fo", "foo", "foob"], ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg=="]))
    func base64(plain: String, encoded: String) {
        #expect(Handshake.acceptValue(digest: Array(plain.utf8)) == encoded)
    }

    @Test("words count in any case and among others")
    func lists() {
        #expect(
            judge(changing: ["upgrade": ["h2c, WebSocket"], "connection": ["keep-alive", " ,\tUPGRADE ,"]])
                == .accept(key: key, protocols: []))
    }

    @Test("subprotocols come in the client's order, over several fields")
    func protocols() {
        #expect(
            judge(changing: ["sec-websocket-protocol": ["chat.v2, chat.token.eyJ-_.a.b", "other"]])
                == .accept(key: key, protocols: ["chat.v2", "chat.token.eyJ-_.a.b", "other"]))
        for bad in ["chat v2", "a\"b", "a;b", "ä", "a@b"] {
            #expect(status(judge(changing: ["sec-websocket-protocol": [bad]])) == 400)
        }
    }

    @Test("extensions are offered in vain")
    func extensions() {
        #expect(
            judge(changing: ["sec-websocket-extensions": ["permessage-deflate"]]) == .accept(key: key, protocols: []))
    }

    @Test("only GET upgrades", arguments: ["POST", "HEAD", "get", ""])
    func method(method: String) {
        #expect(
            judge(method)
                == .refuse(.init(status: 405, detail: "a WebSocket begins with GET", fields: [.init("Allow", "GET")])))
    }

    @Test(
        "a request without upgrade is told what is spoken here",
        arguments: [
            ["upgrade": []], ["upgrade": ["h2c"]], ["upgrade": ["websockets"]], ["connection": []],
            ["connection": ["close"]],
        ])
    func noUpgrade(changes: [String: [String]]) {
        guard case .refuse(let refusal) = judge(changing: changes) else {
            Issue.record("accepted")
            return
        }
        #expect(refusal.status == 426)
        #expect(refusal.fields.contains(.init("Upgrade", "websocket")))
        #expect(refusal.fields.contains(.init("Connection", "Upgrade")))
    }

    @Test("HTTP/1.0 has no upgrade")
    func http10() {
        #expect(status(judge(minorVersion: 0)) == 426)
    }

    @Test("other versions are told ours", arguments: [[], ["8"], ["12"], ["013"], ["13, 8"], ["13", "13"], [""]])
    func version(values: [String]) {
        guard case .refuse(let refusal) = judge(changing: ["sec-websocket-version": values]) else {
            Issue.record("accepted")
            return
        }
        #expect(refusal.status == 426)
        #expect(refusal.fields.contains(.init("Sec-WebSocket-Version", "13")))
    }

    @Test(
        "the key is 16 bytes in base64, once",
        arguments: [
            [], [""], ["dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZQ=="], ["dGhlIHNhbXBsZSBub25jZQ"],
            ["dGhlIHNhbXBsZSBub25jZQ="], ["dGhlIHNhbXBsZSBub25jZQ==="], ["dGhlIHNhbXBsZSBub25jZWE="],
            ["dGhlIHNhbXBsZSBub25jZWFh"], ["dGhlIHNhbXBsZSBub25j*Q=="], ["dGhl=HNhbXBsZSBub25jZQ=="], ["äääääääääääää"],
            ["dGhlIHNhbXBsZSBub25jZQ==\u{0301}"],
        ])
    func badKey(values: [String]) {
        #expect(status(judge(changing: ["sec-websocket-key": values])) == 400)
    }

    @Test("the fields of the answer")
    func response() {
        #expect(
            Handshake.responseFields(accept: "abc", protocol: "chat.v2") == [
                .init("Upgrade", "websocket"), .init("Connection", "Upgrade"), .init("Sec-WebSocket-Accept", "abc"),
                .init("Sec-WebSocket-Protocol", "chat.v2"),
            ])
        #expect(Handshake.responseFields(accept: "abc", protocol: nil).count == 3)
    }
}
