import ChatWebSocketProtocol
import Testing

@Suite("As a client")
struct ClientRoleTests {
    @Test("frames of a client are read by a server as they were meant, whatever their length and mask")
    func masked() {
        for length in [0, 1, 3, 4, 7, 125, 126, 300, 65_535, 65_536, 70_000] {
            for mask in [0, 1, 0x8000_0000, 0x3D21_FA37, .max] as [UInt32] {
                let payload = (0..<length).map { UInt8(truncatingIfNeeded: 0x20 + $0 % 0x50) }
                var connection = Connection()
                let seen = connection.receive(MaskedFrameWriter.frame(.text, payload, mask: mask))
                #expect(seen == [.text(String(decoding: payload, as: UTF8.self))], "\(length) bytes, mask \(mask)")
            }
        }
    }

    @Test("control frames of a client, too; what is too long for one is cut")
    func control() {
        var connection = Connection()
        #expect(connection.receive(MaskedFrameWriter.frame(.ping, Array("hi".utf8), mask: 77)) == [.ping("hi")])
        let long = [UInt8](repeating: 0x61, count: 200)
        #expect(
            connection.receive(MaskedFrameWriter.frame(.pong, long, mask: 77))
                == [.pong(String(repeating: "a", count: 125))])
        #expect(connection.receive(MaskedFrameWriter.close(.normal, mask: 77)) == [.close(1000, "")])
        var other = Connection()
        #expect(other.receive(MaskedFrameWriter.close(CloseCode(rawValue: 1005), mask: 77)) == [.close(nil, "")])
    }

    @Test("frames of a server are read without a mask, whole or in pieces; one with a mask is a violation")
    func unmasked() {
        let text = String(repeating: "tea 🍵 ", count: 2000)
        let input =
            FrameWriter.text(Array(text.utf8)) + FrameWriter.ping()
            + frame(1, Array("a".utf8), final: false, masked: false)
            + frame(0, Array("b".utf8), masked: false) + FrameWriter.close(.draining, reason: "later")
        for pieces in [1, 5, 4096, input.count] {
            var connection = Connection(as: .client)
            var seen: [Seen] = []
            for start in stride(from: 0, to: input.count, by: pieces) {
                seen += connection.receive(input[start..<min(start + pieces, input.count)])
            }
            #expect(seen == [.text(text), .ping(""), .text("ab"), .close(4503, "later")], "in pieces of \(pieces)")
        }
        var connection = Connection(as: .client)
        #expect(connection.receive(frame(1, Array("a".utf8))) == [.violation(.maskedFrame)])
    }

    @Test("the answer to an upgrade is judged: key, protocol and no extension (RFC 6455 section 4.1)")
    func handshake() {
        let handshake = ClientHandshake(nonce: Array("the sample nonce".utf8), subprotocol: "chat.v2")
        #expect(handshake.key == "dGhlIHNhbXBsZSBub25jZQ==")
        let fine = [
            "upgrade": ["WebSocket"], "connection": ["keep-alive, Upgrade"],
            "sec-websocket-accept": ["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], "sec-websocket-protocol": ["chat.v2"],
        ]
        func fault(_ changes: [String: [String]]) -> String? {
            let fields = fine.merging(changes) { $1 }
            return handshake.fault(accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") { fields[$0] ?? [] }
        }
        #expect(fault([:]) == nil)
        for changes in [
            ["upgrade": []], ["connection": ["close"]], ["sec-websocket-accept": ["S3pPLMBiTxaQ9kYGzzhZRbK+xOo="]],
            ["sec-websocket-accept": []], ["sec-websocket-protocol": []], ["sec-websocket-protocol": ["chat.v1"]],
            ["sec-websocket-extensions": ["permessage-deflate"]],
        ] as [[String: [String]]] {
            #expect(fault(changes) != nil, "\(changes)")
        }
        let asked = Handshake.judge(method: "GET", minorVersion: 1) { name in
            let own = ["upgrade": ["websocket"], "connection": ["Upgrade"]]
            return own[name] ?? handshake.fields.filter { $0.name.lowercased() == name }.map(\.value)
        }
        #expect(asked == .accept(key: handshake.key, protocols: ["chat.v2"]))
    }
}
