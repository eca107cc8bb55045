import ChatWebSocketProtocol
import Testing

@Suite("RFC 6455, 5.2 and 5.3: one frame")
struct FramingTests {
    @Test("the examples of section 5.7")
    func examples() {
        expect([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], gives: [.text("Hello")])
        expect([0x89, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58], gives: [.ping("Hello")])
    }

    @Test(
        "every length on both sides of a boundary, as text and as bytes",
        arguments: [0, 1, 2, 7, 8, 9, 124, 125, 126, 127, 4094, 4095, 4096, 4097, 65_534, 65_535, 65_536])
    func lengths(count: Int) {
        let letters = (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) }
        expect(text(letters), gives: [.text(String(decoding: letters, as: UTF8.self))])
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        expect(binary(bytes), gives: [.binary(bytes)])
    }

    @Test(
        "any mask is taken off, zero and single bits as well",
        arguments: [
            [0, 0, 0, 0], [255, 255, 255, 255], [1, 0, 0, 0], [0, 0, 0, 128], [0x12, 0x34, 0x56, 0x78] as [UInt8],
        ])
    func masks(mask: [UInt8]) {
        let sentence = "der Fuchs springt über den faulen Hund"
        expect(frame(1, Array(sentence.utf8), mask: mask), gives: [.text(sentence)])
    }

    @Test("frames that arrive together are given one after the other")
    func many() {
        expect(
            text("a") + ping("b") + text("c") + binary([0]) + pong("d"),
            gives: [
                .text("a"), .ping("b"), .text("c"), .binary([0]), .pong("d"),
            ])
    }

    @Test("a message that lies whole in the buffer is a range of it, unmasked in place")
    func inPlace() {
        var connection = Connection()
        connection.buffer = text("one") + text(String(repeating: "x", count: 10_000))
        var at = 0
        #expect(connection.next(from: &at) == .text(6..<9))
        #expect(at == 9)
        #expect(connection.next(from: &at) == .text(17..<10_017))
        #expect(connection.next(from: &at) == .needBytes)
        #expect(at == 10_017)
        #expect(connection.buffer[6..<9].elementsEqual("one".utf8))
    }

    @Test("a short frame waits in the driver's buffer, and what was unmasked there is not unmasked twice")
    func shortRemainder() {
        var connection = Connection()
        let input = text("Hello")
        #expect(connection.receive(input.prefix(8)) == [])
        #expect(connection.buffer == Array("He".utf8))
        #expect(connection.receive([]) == [])
        #expect(connection.receive(input.dropFirst(8)) == [.text("Hello")])
    }

    @Test("a reserved bit is refused at the first byte", arguments: 1...7 as ClosedRange<UInt8>)
    func reservedBits(bits: UInt8) {
        expect([0x81 | bits << 4], gives: [.violation(.reservedBitSet)])
        expect(text("a") + frame(9, reserved: bits), gives: [.text("a"), .violation(.reservedBitSet)])
    }

    @Test("an unknown opcode is refused at the first byte", arguments: [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] as [UInt8])
    func unknownOpcodes(opcode: UInt8) {
        expect([0x80 | opcode], gives: [.violation(.unknownOpcode)])
        expect([opcode], gives: [.violation(.unknownOpcode)])
    }

    @Test("a frame without mask is refused at the second byte", arguments: [0, 1, 2, 8, 9, 10] as [UInt8])
    func unmasked(opcode: UInt8) {
        let before = opcode == 0 ? text("a", final: false) : []
        expect(before + frame(opcode, [1, 2, 3], masked: false).prefix(2), gives: [.violation(.unmaskedFrame)])
    }

    @Test("a length is in its shortest form", arguments: [0, 1, 125] as [UInt64])
    func paddedToTwo(length: UInt64) {
        expect(head(1, announcing: length, form: .twoBytes), gives: [.violation(.paddedLength)])
        expect(head(1, announcing: length, form: .eightBytes), gives: [.violation(.paddedLength)])
    }

    @Test("eight bytes of length are for more than 65,535", arguments: [126, 65_535] as [UInt64])
    func paddedToEight(length: UInt64) {
        expect(head(2, announcing: length, form: .eightBytes), gives: [.violation(.paddedLength)])
    }

    @Test("the top bit of a length is refused", arguments: [1 << 63, .max, 1 << 63 | 5] as [UInt64])
    func topBit(length: UInt64) {
        expect(head(2, announcing: length, form: .eightBytes), gives: [.violation(.lengthOverflow)])
    }

    @Test("after a violation nothing is heard any more")
    func silence() {
        expect(text([0xFF]) + text("a") + close(1000), gives: [.violation(.invalidText)])
    }
}
