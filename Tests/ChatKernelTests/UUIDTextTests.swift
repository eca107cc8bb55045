import ChatKernel
import Testing

@Suite("The text of a UUID")
struct UUIDTextTests {
    static let samples: [(UInt64, UInt64, String)] = [
        (0, 0, "00000000-0000-0000-0000-000000000000"),
        (.max, .max, "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, "01234567-89ab-cdef-fedc-ba9876543210"),
        (0x9A0A_909F_A9F0_0F9A, 0x0909_AFAF_9090_F0F0, "9a0a909f-a9f0-0f9a-0909-afaf9090f0f0"),
    ]

    @Test("known texts, there and back", arguments: samples)
    func known(high: UInt64, low: UInt64, text: String) throws {
        #expect(UUIDText.text(high: high, low: low) == text)
        let bits = try #require(UUIDText.bits(of: text))
        #expect(bits == (high, low))
    }

    @Test("each digit at each place, and nothing else but it")
    func everyByte() {
        let text = Array("01234567-89ab-cdef-fedc-ba9876543210".utf8)
        for place in text.indices {
            for byte in UInt8(1)...127 {
                var changed = text
                changed[place] = byte
                let spelled = String(decoding: changed, as: UTF8.self)
                let isHyphen = [8, 13, 18, 23].contains(place)
                let fits = isHyphen ? byte == UInt8(ascii: "-") : "0123456789abcdef".utf8.contains(byte)
                let bits = UUIDText.bits(of: spelled)
                #expect((bits != nil) == fits, "\(spelled)")
                if let bits { #expect(UUIDText.text(high: bits.high, low: bits.low) == spelled) }
            }
        }
    }

    @Test(
        "what is no UUID in its one form",
        arguments: [
            "", "01234567-89ab-cdef-fedc-ba987654321", "01234567-89ab-cdef-fedc-ba98765432100",
            "01234567-89AB-cdef-fedc-ba9876543210", "0123456789abcdeffedcba9876543210",
            "{1234567-89ab-cdef-fedc-ba987654321}", "01234567-89ab-cdef-fedc-ba98765432é",
        ])
    func others(text: String) { #expect(UUIDText.bits(of: text) == nil) }
}

@Suite("Identity of identifiers")
struct IdentityTests {
    @Test("is of bytes, at each length and place")
    func bytes() {
        for length in 0..<40 {
            let text = String(repeating: "a", count: length)
            #expect(UserID(text) == UserID(String(text.map { $0 })))
            #expect(UserID(text) != UserID(text + "a"))
            for place in 0..<length {
                var other = Array(text.utf8)
                other[place] = UInt8(ascii: "b")
                #expect(UserID(text) != UserID(String(decoding: other, as: UTF8.self)), "\(length), \(place)")
            }
        }
    }

    @Test("two spellings of one letter are two")
    func spellings() {
        #expect(UserID("\u{212B}") != UserID("A\u{030A}"))
        #expect(UserID("caf\u{E9}") != UserID("cafe\u{301}"))
    }
}
