import ChatKernel
import ChatSimulation
import ChatWire
import Foundation
import Testing

/// Our reader against Foundation's, on generated documents and on broken ones.
///
/// Where they differ we mean to: a key that comes twice is refused here (Foundation takes one of the two), as is
/// nesting past 64 (512 there); a number too large for a Double is refused there (here it is read, as infinity, and is
/// no whole number); a byte order mark and UTF-16 are understood there.
@Suite("Agreement with Foundation")
struct JSONAgreementTests {
    @Test("the same trees from the same documents", arguments: 0..<8 as Range<UInt64>)
    func valid(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<60 {
            let document = randomDocument(depth: 4, using: &random)
            let ours = Tree(try value(document))
            let theirs = try JSONDecoder().decode(Tree.self, from: Data(document.utf8))
            #expect(ours.isSame(as: theirs), "\(document)")
        }
    }

    @Test("broken documents are refused by both", arguments: 100..<108 as Range<UInt64>)
    func mutated(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var refused = 0
        for _ in 0..<250 {
            var bytes = Array(randomDocument(depth: 3, using: &random).utf8)
            mutate(&bytes, using: &random)
            let theirs = try? JSONDecoder().decode(Tree.self, from: Data(bytes))
            do throws(JSONError) {
                let ours = Tree(try JSONValue(parsing: bytes))
                guard !ours.hasInfinity else { continue }
                #expect(theirs.map { $0.isSame(as: ours) } ?? false, "\(String(decoding: bytes, as: UTF8.self))")
            } catch {
                refused += 1
                guard error.reason != .duplicateKey, !bytes.contains(0) else { continue }
                #expect(theirs == nil, "\(error) \(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(refused > 100)
    }

    private func randomDocument(depth: Int, using random: inout SplitMix64) -> String {
        let space = ["", "", "", " ", "\n\t"].randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<(depth > 0 ? 10 : 7), using: &random) {
        case 0: return "null" + space
        case 1: return space + "true"
        case 2: return "false"
        case 3: return String(Int64.random(in: -1000...1_000_000, using: &random))
        case 4:
            let exponent = ["", "e5", "E-3", "e+12", "e0"].randomElement(using: &random) ?? ""
            return "\(Int.random(in: -99...99, using: &random)).\(Int.random(in: 0...9999, using: &random))\(exponent)"
        case 5, 6: return randomString(using: &random)
        case 7, 8:
            let count = Int.random(in: 0...5, using: &random)
            let elements = (0..<count).map { _ in randomDocument(depth: depth - 1, using: &random) }
            return "[" + space + elements.joined(separator: space + ",") + "]"
        default:
            let count = Int.random(in: 0...5, using: &random)
            let members = (0..<count).map { index in
                "\"\(index)\(randomString(using: &random).dropFirst()):\(space)"
                    + randomDocument(depth: depth - 1, using: &random)
            }
            return "{" + members.joined(separator: "," + space) + space + "}"
        }
    }

    /// Some of it escaped, some not.
    private func randomString(using random: inout SplitMix64) -> String {
        var json = "\""
        for scalar in randomText(upTo: 12, using: &random).unicodeScalars {
            if scalar.value < 0x20 || scalar == "\"" || scalar == "\\" || Int.random(in: 0..<4, using: &random) == 0 {
                for unit in String(Character(scalar)).utf16 {
                    let digits = String(unit, radix: 16, uppercase: Bool.random(using: &random))
                    json += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }

    private func mutate(_ bytes: inout [UInt8], using random: inout SplitMix64) {
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 1...255, using: &random)
            case 1: bytes.remove(at: at)
            case 2: bytes.removeSubrange(at...)
            case 3: bytes.insert(Array("{}[],:\"\\0-.eEtu".utf8).randomElement(using: &random) ?? 0, at: at)
            default: bytes.insert(contentsOf: bytes[..<at].suffix(4), at: at)
            }
        }
    }
}
