import ChatWire
import Testing

@Suite("Base64") struct Base64Tests {
    @Test(
        "RFC 4648 section 10, without padding",
        arguments: [
            ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ])
    func vectors(plain: String, encoded: String) {
        #expect(Base64.url.encode(plain.utf8) == Array(encoded.utf8))
        #expect(Base64.url.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test("The two alphabets differ in two letters") func alphabets() {
        #expect(Base64.url.encode([0xFB, 0xFF]) == Array("-_8".utf8))
        #expect(Base64.standard.encode([0xFB, 0xFF]) == Array("+/8".utf8))
        #expect(Base64.url.decode("+/8".utf8) == nil)
        #expect(Base64.standard.decode("-_8".utf8) == nil)
    }

    @Test("All bytes go there and back") func roundTrip() {
        for length in 0...6 {
            let bytes = (0..<256 * length).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            #expect(Base64.url.decode(Base64.url.encode(bytes)) == bytes)
        }
    }

    @Test(
        "Anything but the one spelling is refused",
        arguments: [
            "A", "AAAAA", "Zh", "Zm9", "Zm-", "Zg==", "Zg=", "Zm 8", " Zm8", "Zm8\n", "Z\u{0}", "Zmé", "Zm*v", "=",
        ])
    func refused(text: String) {
        #expect(Base64.url.decode(text.utf8) == nil)
    }
}
