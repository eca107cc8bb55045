import ChatKernel
import ChatSimulation
import ChatWire
import Foundation
import Testing

@Suite("Writing JSON")
struct JSONWriterTests {
    @Test(
        "escapes what must be, and nothing else",
        arguments: [
            ("", "\"\""), ("a/b", "\"a/b\""), ("\"", "\"\\\"\""), ("\\", "\"\\\\\""), ("\n\r\t", "\"\\n\\r\\t\""),
            ("\u{8}\u{C}", "\"\\b\\f\""), ("\0\u{1F}", "\"\\u0000\\u001f\""), ("\u{7F}é😀", "\"\u{7F}é😀\""),
            ("\u{2028}", "\"\u{2028}\""),
        ])
    func escapes(text: String, expected: String) {
        #expect(written { JSONWriter.append(text, to: &$0) }.isSame(as: expected))
    }

    @Test("finds each special byte at every place of a word")
    func places() {
        for special in ["\"", "\\", "\u{1}"] {
            for length in 0..<40 {
                for place in 0...length {
                    let before = String(repeating: "x", count: place)
                    let after = String(repeating: "é", count: length - place)
                    let escaped = special == "\u{1}" ? "\\u0001" : "\\" + special
                    let json = written { JSONWriter.append(before + special + after, to: &$0) }
                    #expect(json.isSame(as: "\"\(before)\(escaped)\(after)\""))
                }
            }
        }
    }

    @Test("random text comes back the same, from our reader and from Foundation's")
    func roundTrip() throws {
        var random = SplitMix64(seed: 2)
        for _ in 0..<1500 {
            let text = randomText(upTo: 60, using: &random)
            var bytes: [UInt8] = []
            JSONWriter.append(text, to: &bytes)
            guard case .string(let ours) = try JSONValue(parsing: bytes) else {
                Issue.record("not read as text")
                continue
            }
            #expect(ours.isSame(as: text))
            #expect(try JSONDecoder().decode(String.self, from: Data(bytes)).isSame(as: text))
        }
    }

    @Test("what Foundation writes, we read")
    func foundationWrites() throws {
        var random = SplitMix64(seed: 3)
        for _ in 0..<500 {
            let text = randomText(upTo: 40, using: &random)
            guard case .string(let ours) = try JSONValue(parsing: Array(JSONEncoder().encode(text))) else {
                Issue.record("not read as text")
                continue
            }
            #expect(ours.isSame(as: text))
        }
    }

    @Test("a text of nothing but control characters, six times as long as thought, is written whole")
    func worstCase() throws {
        let text = String(repeating: "\u{1}", count: 100_000)
        let json = written { JSONWriter.append(text, to: &$0) }
        #expect(json.utf8.count == 600_002)
        #expect(try value(json) == .string(text))
    }

    @Test("appends to what is there already")
    func appends() {
        var bytes = Array("data: ".utf8)
        JSONWriter.append("x", to: &bytes)
        JSONWriter.append(-5, to: &bytes)
        JSONWriter.append(true, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "data: \"x\"-5true")
    }

    @Test("builders put the commas")
    func builders() {
        let json = written { bytes in
            bytes.appendObject { object in
                object.member("a", "1")
                object.member("b", 2)
                object.member("c", nil as String?)
                object.array("d") { array in
                    array.element("x")
                    array.element(1)
                    array.object { $0.member("y", true) }
                }
                object.object("e") { _ in }
                object.array("f") { _ in }
                object.member("g", nil as Int64?)
            }
        }
        #expect(json == #"{"a":"1","b":2,"c":null,"d":["x",1,{"y":true}],"e":{},"f":[],"g":null}"#)
    }

    @Test("a tree is written as it was read")
    func tree() throws {
        let text = #"{"a":[1.50,-0,"x\n",true,false,null,{}],"b":{"c":[]}}"#
        let tree = try value(text)
        #expect(written { tree.append(to: &$0) } == text)
    }
}
