import ChatWebSocketProtocol
import Testing

@Suite("RFC 6455, 5.2 and 5.7: frames that we write")
struct FrameWriterTests {
    @Test("the examples of section 5.7")
    func examples() {
        #expect(FrameWriter.text(Array("Hello".utf8)) == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(FrameWriter.ping(Array("Hello".utf8)) == [0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(FrameWriter.pong(Array("Hello".utf8)) == [0x8A, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        let bytes256 = [UInt8](repeating: 7, count: 256)
        #expect(FrameWriter.binary(bytes256) == [0x82, 0x7E, 0x01, 0x00] + bytes256)
        let bytes64K = [UInt8](repeating: 7, count: 65_536)
        #expect(FrameWriter.binary(bytes64K) == [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + bytes64K)
    }

    @Test(
        "the head is in its shortest form and as long as promised",
        arguments: zip([0, 1, 125, 126, 65_535, 65_536], [2, 2, 2, 4, 4, 10]))
    func headers(payload: Int, length: Int) {
        #expect(FrameWriter.headerLength(payload: payload) == length)
        #expect(FrameWriter.frameLength(payload: payload) == length + payload)
        let written = FrameWriter.text([UInt8](repeating: 0x61, count: payload))
        #expect(written.count == length + payload)
        #expect(Array(written.prefix(length)) == head(1, announcing: UInt64(payload), masked: false))
    }

    @Test("a batch is written into one buffer of exactly its size")
    func batch() {
        let payloads = ["a", String(repeating: "b", count: 126), ""].map { Array($0.utf8) }
        let total = payloads.reduce(0) { $0 + FrameWriter.frameLength(payload: $1.count) }
        let joined = [UInt8](capacity: total) { out in
            for payload in payloads { unsafe FrameWriter.append(.text, payload.span.bytes, to: &out) }
            #expect(out.freeCapacity == 0)
        }
        #expect(joined == payloads.flatMap(FrameWriter.text))
        var appended: [UInt8] = []
        for payload in payloads { unsafe FrameWriter.append(.text, payload.span.bytes, to: &appended) }
        #expect(appended == joined)
    }

    @Test("a close has a code and a reason, or nothing")
    func closes() {
        #expect(FrameWriter.close(nil) == [0x88, 0x00])
        #expect(FrameWriter.close(.normal) == [0x88, 0x02, 0x03, 0xE8])
        #expect(FrameWriter.close(.goingAway, reason: "bye") == [0x88, 0x05, 0x03, 0xE9] + "bye".utf8)
    }

    @Test("a code that must not be on the wire is not", arguments: [0, 1004, 1005, 1006, 1015, 2999, 5000] as [UInt16])
    func unsendable(code: UInt16) {
        #expect(FrameWriter.close(CloseCode(rawValue: code), reason: "x") == [0x88, 0x00])
    }

    @Test("a reason that is too long is cut between characters")
    func longReason() {
        let frame = FrameWriter.close(.normal, reason: String(repeating: "漢", count: 100))
        #expect(frame.count == 2 + 2 + 123)
        #expect(String(validating: frame.dropFirst(4), as: UTF8.self) == String(repeating: "漢", count: 41))
        let mixed = FrameWriter.close(.normal, reason: "a" + String(repeating: "漢", count: 100))
        #expect(String(validating: mixed.dropFirst(4), as: UTF8.self) == "a" + String(repeating: "漢", count: 40))
    }

    @Test("every violation's sentence fits a close frame", arguments: PeerViolation.allCases)
    func details(violation: PeerViolation) {
        #expect(violation.detail.utf8.count <= 123)
        #expect(violation.closeCode.mayBeSent)
        #expect(violation.closeCode.retry == .notUnchanged)
    }

    @Test("the client is told by the code whether to come back")
    func retry() {
        for code in [1001, 1011, 1012, 1013, 4500, 4503, 4529, 4599] as [UInt16] {
            #expect(CloseCode(rawValue: code).retry == .later)
        }
        for code in [1002, 1003, 1007, 1008, 1009, 4400, 4401, 4403, 4404, 4499] as [UInt16] {
            #expect(CloseCode(rawValue: code).retry == .notUnchanged)
        }
        for code in [1000, 3000, 4399, 4600] as [UInt16] { #expect(CloseCode(rawValue: code).retry == .unspecified) }
    }
}
