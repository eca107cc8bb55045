import Testing

@testable import ChatHTTP1

@Suite("The masks say what the grammars say")
struct ByteSetTests {
    static let alphanumeric = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    static let sets: [(ByteSet, String)] = [
        (.token, "!#$%&'*+-.^_`|~"), (.unreserved, "-._~"), (.path, "/:@!$&'()*+,;=-._~"),
        (.query, "/?:@!$&'()*+,;=-._~"),
        (.registeredName, "!$&'()*+,;=-._~"), (.target, "/?:@!$&'()*+,;=-._~%[]"),
    ]

    @Test(arguments: sets.indices)
    func masks(_ index: Int) {
        let (set, punctuation) = Self.sets[index]
        let expected = Set((punctuation + Self.alphanumeric).utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(set.contains(byte) == expected.contains(byte), "byte \(byte)")
        }
    }

    @Test func hexadecimalDigits() {
        for byte in UInt8.min...UInt8.max {
            let text = String(UnicodeScalar(byte))
            let expected = byte < 128 && text != "+" && text != "-" ? UInt8(text, radix: 16) : nil
            #expect(Byte.hexValue(byte) == expected, "byte \(byte)")
        }
    }
}
