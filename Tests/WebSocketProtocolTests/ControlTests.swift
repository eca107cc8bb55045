import ChatWebSocketProtocol
import Testing

@Suite("RFC 6455, 5.5 and 7.4: control frames")
struct ControlTests {
    @Test("ping and pong carry up to 125 bytes", arguments: [0, 1, 124, 125])
    func payloads(count: Int) {
        let payload = String(repeating: "p", count: count)
        expect(ping(payload) + pong(payload), gives: [.ping(payload), .pong(payload)])
    }

    @Test("a control frame announcing more is refused at the second byte", arguments: [8, 9, 10] as [UInt8])
    func tooLong(opcode: UInt8) {
        expect([0x80 | opcode, 0x80 | 126], gives: [.violation(.longControlFrame)])
        expect([0x80 | opcode, 0x80 | 127], gives: [.violation(.longControlFrame)])
    }

    @Test("a control frame is never fragmented", arguments: [8, 9, 10] as [UInt8])
    func fragmented(opcode: UInt8) {
        expect(frame(opcode, final: false), gives: [.violation(.fragmentedControlFrame)])
        expect(text("a", final: false) + frame(opcode, final: false), gives: [.violation(.fragmentedControlFrame)])
    }

    @Test("the payload of a ping need not be text")
    func bytes() {
        var connection = Connection()
        connection.buffer = frame(9, [0xFF, 0xFE, 0x00])
        var at = 0
        #expect(connection.next(from: &at) == .ping(6..<9))
        #expect(connection.buffer[6..<9] == [0xFF, 0xFE, 0x00])
    }

    @Test("a close may be empty, or have a code, or a code and a reason")
    func closes() {
        expect(close(), gives: [.close(nil, "")])
        expect(close(1000), gives: [.close(1000, "")])
        expect(close(1001, Array("Feierabend, schöner".utf8)), gives: [.close(1001, "Feierabend, schöner")])
        let longest = [UInt8](repeating: 0x7A, count: 123)
        expect(close(3000, longest), gives: [.close(3000, String(decoding: longest, as: UTF8.self))])
    }

    @Test("nothing is heard after a close, broken or not")
    func silence() {
        expect(close(1000) + text("a") + [0xFF, 0xFF] + close(1002), gives: [.close(1000, "")])
    }

    @Test("one byte is no code")
    func oneByte() {
        expect(frame(8, [3]), gives: [.violation(.truncatedCloseCode)])
    }

    @Test(
        "codes that may be sent",
        arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
            as [UInt16])
    func goodCodes(code: UInt16) {
        expect(close(code), gives: [.close(code, "")])
    }

    @Test(
        "codes that must not be sent",
        arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16])
    func badCodes(code: UInt16) {
        expect(close(code, Array("why".utf8)), gives: [.violation(.invalidCloseCode)])
    }

    @Test("the reason is UTF-8 to its end", arguments: [[0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func badReason(reason: [UInt8]) {
        expect(close(1000, reason), gives: [.violation(.invalidCloseReason)])
        #expect(PeerViolation.invalidCloseReason.closeCode == .invalidData)
    }
}
