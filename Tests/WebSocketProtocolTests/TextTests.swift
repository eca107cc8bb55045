import ChatWebSocketProtocol
import Testing

@Suite("RFC 6455, 5.6 and 8.1: text is UTF-8")
struct TextTests {
    @Test(
        "text of every width",
        arguments: [
            "κόσμε", "Ünïcödé", "漢字かな交じり文", "😀😺🏳️‍🌈", "a\u{0}b",
            "\u{7F}\u{80}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}",
            String(repeating: "привет ", count: 50), String(repeating: "aé漢😀", count: 1_000),
        ])
    func valid(string: String) {
        expect(text(string), gives: [.text(string)])
    }

    @Test("a character may be cut by a fragment anywhere, with a ping in the cut")
    func acrossFragments() {
        let bytes = Array("aé漢😀z".utf8)
        for cut in 0...bytes.count {
            let input = text(Array(bytes[..<cut]), final: false) + ping("\u{1F600}") + last(Array(bytes[cut...]))
            #expect(replay(input, cuts: []) == [.ping("😀"), .text("aé漢😀z")])
        }
        var single = text([UInt8](), final: false)
        for byte in bytes { single += more([byte]) }
        expect(single + last([UInt8]()), gives: [.text("aé漢😀z")])
    }

    @Test(
        "broken text",
        arguments: [
            [0x80], [0xBF, 0x61], [0xC0, 0x80], [0xC1, 0xBF], [0xC3, 0x28], [0xE0, 0x80, 0xAF], [0xE0, 0x9F, 0xBF],
            [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE2, 0x28, 0xA1], [0xE2, 0x82, 0x28], [0xF0, 0x80, 0x80, 0xAF],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80],
            [0xFE], [0xFF], [0x61, 0xC3], [0x61, 0xE2, 0x82], [0x61, 0xF0, 0x9F, 0x98], [0xC3, 0xC3, 0xA4],
        ] as [[UInt8]])
    func invalid(bytes: [UInt8]) {
        expect(text(bytes), gives: [.violation(.invalidText)])
        expect(text(Array("12345678é".utf8) + bytes), gives: [.violation(.invalidText)])
        expect(text("12", final: false) + last(bytes), gives: [.violation(.invalidText)])
        #expect(PeerViolation.invalidText.closeCode == .invalidData)
    }

    @Test("the standard library agrees about every combination of telling bytes")
    func againstStandardLibrary() {
        let telling: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
            0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        var disagreements: [[UInt8]] = []
        for first in telling {
            for second in telling {
                for third in telling {
                    for tail in [[], [0x80], [0x80, 0x61, 0x62, 0x63, 0x64, 0x65]] as [[UInt8]] {
                        let bytes = [first, second, third] + tail
                        let string = String(validating: bytes, as: UTF8.self)
                        let expected: Seen = string.map(Seen.text) ?? .violation(.invalidText)
                        if replay(text(bytes), cuts: []) != [expected] { disagreements.append(bytes) }
                    }
                }
            }
        }
        #expect(disagreements == [])
    }

    @Test("the wrong byte is refused when it arrives, not when the frame or the message ends")
    func failsFast() {
        // Autobahn 6.4: F4 may begin a character, F4 90 cannot any more.
        var inFrame = Connection()
        #expect(inFrame.receive(head(1, announcing: 100, mask: [0, 0, 0, 0]) + "κόσμε".utf8 + [0xF4]) == [])
        #expect(inFrame.receive([0x90]) == [.violation(.invalidText)])

        var inFragments = Connection()
        #expect(inFragments.receive(text("κόσμε", final: false) + more([0xF4])) == [])
        #expect(inFragments.receive(more([0x90])) == [.violation(.invalidText)])

        var inLargeFrame = Connection()
        #expect(inLargeFrame.receive(head(1, announcing: 500_000, mask: [0, 0, 0, 0])) == [])
        for _ in 0..<10 { #expect(inLargeFrame.receive([UInt8](repeating: 0x61, count: 1_000)) == []) }
        #expect(inLargeFrame.receive([0x61, 0x62, 0xFF]) == [.violation(.invalidText)])
    }

    @Test("half a character may not end a message, but may end a fragment")
    func halfCharacter() {
        expect(text([0xC3], final: false) + last([0xA4]), gives: [.text("ä")])
        expect(text([0xC3], final: false) + last([UInt8]()), gives: [.violation(.invalidText)])
        expect(text([0xC3], final: false) + more("abc") + last([0xA4]), gives: [.violation(.invalidText)])
    }

    @Test("bytes need not be text, and leave no trace in the text that follows")
    func binaryIsFree() {
        expect(binary([0xFF, 0xC3]) + text("a"), gives: [.binary([0xFF, 0xC3]), .text("a")])
        expect(
            binary([0xC3], final: false) + last([0xFF]) + text("ä"), gives: [.binary([0xC3, 0xFF]), .text("ä")])
    }
}
