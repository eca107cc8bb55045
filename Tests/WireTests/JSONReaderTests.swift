import ChatKernel
import ChatWire
import Testing

@Suite("Reading JSON")
struct JSONReaderTests {
    @Test(
        "takes every kind of value",
        arguments: [
            "null", "true", "false", "0", "-0", "10", "-1.5e+3", "1E9", "\"\"", "\"a\"", "[]", "{}", "[1]", "[1,[2]]",
            "{\"a\":{\"b\":[null]}}", " \t\r\n [ 1 , 2 ] \n", "{ \"a\" : 1 , \"b\" : 2 }", "\"\\u0000\"",
            "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\ud83d\\ude00\"", "\"\u{7F}\"", "{\"\":1}", "1e999", "\"é😀\"",
        ])
    func accepted(text: String) {
        #expect(refusal(text) == nil)
    }

    @Test(
        "refuses what RFC 8259 does not have, and says where",
        arguments: [
            ("", 0, .unexpectedEnd), ("  ", 2, .unexpectedEnd), ("nul", 0, .unexpectedByte),
            ("True", 0, .unexpectedByte), ("1 2", 2, .trailingBytes), ("[1,]", 3, .unexpectedByte),
            ("[,1]", 1, .unexpectedByte), ("[1 2]", 3, .unexpectedByte), ("[1", 2, .unexpectedEnd),
            ("{\"a\":1,}", 7, .unexpectedByte), ("{\"a\" 1}", 5, .unexpectedByte), ("{a:1}", 1, .unexpectedByte),
            ("{\"a\"}", 4, .unexpectedByte), ("{1:2}", 1, .unexpectedByte), ("[1}", 2, .unexpectedByte),
            ("{\"a\":1]", 6, .unexpectedByte), ("]", 0, .unexpectedByte), ("'a'", 0, .unexpectedByte),
            ("// no\n1", 0, .unexpectedByte), ("NaN", 0, .unexpectedByte), ("\u{FEFF}1", 0, .unexpectedByte),
            ("00", 1, .trailingBytes), ("01", 1, .trailingBytes), ("-", 1, .unexpectedEnd), ("+1", 0, .unexpectedByte),
            (".5", 0, .unexpectedByte), ("1.", 2, .unexpectedEnd), ("[1.]", 3, .invalidNumber),
            ("[1e]", 3, .invalidNumber), ("[1e+]", 4, .invalidNumber), ("[-a]", 2, .invalidNumber),
            ("0x10", 1, .trailingBytes), ("-Infinity", 1, .invalidNumber),
            ("\"a", 2, .unexpectedEnd), ("\"\\", 1, .unexpectedEnd), ("\"\\x\"", 1, .invalidEscape),
            ("\"\\u12g4\"", 1, .invalidEscape), ("\"\\u123", 1, .unexpectedEnd), ("\"\t\"", 1, .controlCharacter),
            ("\"line\nline\"", 5, .controlCharacter), ("\"\0\"", 1, .controlCharacter),
        ] as [(String, Int, JSONError.Reason)])
    func refused(text: String, offset: Int, reason: JSONError.Reason) {
        #expect(refusal(text) == JSONError(offset: offset, reason: reason))
    }

    @Test(
        "refuses half a surrogate pair, wherever it stands",
        arguments: [
            "\"\\ud800\"", "\"\\udc00\"", "\"\\ud83dx\"", "\"\\ud83d\\n\"", "\"\\ud83d\\ud83d\"",
            "\"\\udE00\\ud83d\"", "\"\\uD83D\\u0041\"",
        ])
    func loneSurrogates(text: String) {
        #expect(refusal(text)?.reason == .loneSurrogate)
    }

    @Test(
        "refuses bytes that are not UTF-8",
        arguments: [
            [0x80], [0xFF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xE2, 0x82],
            [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98],
            [0xE2, 0x82, 0x41],
        ] as [[UInt8]])
    func invalidUTF8(bytes: [UInt8]) {
        for padding in 0..<9 {
            let before = [UInt8](repeating: UInt8(ascii: "a"), count: padding)
            #expect(refusal(Array("\"".utf8) + before + bytes + Array("\"".utf8))?.reason == .invalidUTF8)
        }
    }

    @Test("takes every scalar there is, as itself and as an escape")
    func everyScalar() throws {
        for number in stride(from: UInt32(0x20), through: 0x10FFFF, by: 97) {
            guard let scalar = Unicode.Scalar(number), number != 0x22, number != 0x5C else { continue }
            let plain = String(Character(scalar))
            let units = Array(plain.utf16).map { unit in
                let digits = String(unit, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
            guard case .array(let texts) = try value("[\"\(plain)\",\"\(units.joined())\"]"),
                case .string(let a) = texts[0], case .string(let b) = texts[1]
            else {
                Issue.record("U+\(String(number, radix: 16))")
                continue
            }
            #expect(a.isSame(as: plain) && b.isSame(as: plain))
        }
    }

    @Test("nests 64 deep and no deeper")
    func depth() {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        #expect(refusal(nested(64, "[", "]")) == nil)
        #expect(refusal(nested(65, "[", "]")) == JSONError(offset: 64, reason: .tooDeep))
        #expect(refusal(nested(64, "{\"a\":", "}")) == nil)
        #expect(refusal(nested(65, "{\"a\":", "}"))?.reason == .tooDeep)
        #expect(refusal(String(repeating: "[", count: 100_000))?.reason == .tooDeep)
        #expect(refusal(nested(100_000, "[", "]"))?.reason == .tooDeep)
    }

    @Test("siblings are not depth")
    func siblings() {
        #expect(refusal("[" + Array(repeating: "[[]]", count: 1000).joined(separator: ",") + "]") == nil)
    }

    @Test(
        "refuses a key that comes twice, also when spelt otherwise",
        arguments: [
            ("{\"a\":1,\"a\":2}", 7), ("{\"a\":1,\"\\u0061\":2}", 7), ("[{\"x\":{\"b\":1,\"b\":1}}]", 13),
            ("{\"\":1,\"\":1}", 6),
        ])
    func duplicateKeys(text: String, offset: Int) {
        #expect(refusal(text) == JSONError(offset: offset, reason: .duplicateKey))
    }

    @Test("two keys that only look the same are two keys")
    func canonicalEquivalence() throws {
        let object = try value("{\"\u{E9}\":1,\"e\u{301}\":2}")
        #expect(object["\u{E9}"] == .number(JSONNumber(1)))
        #expect(object["e\u{301}"] == .number(JSONNumber(2)))
    }

    @Test("finds the key that comes twice among many")
    func manyKeys() {
        let keys = (0..<5000).map { "\"key \($0)\":0" }
        #expect(refusal("{" + keys.joined(separator: ",") + "}") == nil)
        #expect(refusal("{" + keys.joined(separator: ",") + ",\"key 4321\":0}")?.reason == .duplicateKey)
    }

    @Test("a document cut short anywhere is refused")
    func truncation() {
        let document = Array(
            #"{"a":[1,-2.5e3,true,false,null],"\ud83d\ude00":"é😀\n\u00e9","b":{"c":{}},"d":"long enough for words"}"#
                .utf8)
        #expect(refusal(document) == nil)
        for length in 0..<document.count {
            #expect(refusal(Array(document[..<length])) != nil, "\(length) bytes")
        }
    }

    @Test("an error says what is wrong in a sentence, as bad_json")
    func sentence() throws {
        let error = ChatError(try #require(refusal("[1,]")))
        #expect(error == ChatError(.badJSON, "Not valid JSON at byte 3: this cannot stand here."))
    }
}
