import ChatKernel
import ChatSimulation
import ChatWire
import Testing

@Suite("Numbers")
struct JSONNumberTests {
    private func number(_ text: String) throws -> JSONNumber {
        guard case .number(let number) = try value(text) else { throw JSONError(offset: 0, reason: .invalidNumber) }
        return number
    }

    @Test(
        "the value counts as a whole number, not the spelling",
        arguments: [
            ("0", 0), ("-0", 0), ("-0.0", 0), ("0e5", 0), ("0.000e-999999999999999999999", 0), ("7", 7), ("1.0", 1),
            ("1e2", 100), ("1.5e1", 15), ("1200e-2", 12), ("0.001e3", 1), ("-12.340e2", -1234),
            ("9223372036854775807", .max), ("-9223372036854775808", .min), ("922337203685477580.7e1", .max),
            ("10000000000000000000000e-22", 1), ("1E+3", 1000), ("123456789012345678.0", 123_456_789_012_345_678),
        ] as [(String, Int64)])
    func whole(text: String, expected: Int64) throws {
        #expect(try number(text).int64 == expected)
    }

    @Test(
        "what no Int64 is exactly is no whole number",
        arguments: [
            "1.5", "0.1", "1e-1", "9223372036854775808", "-9223372036854775809", "1e19", "1e999",
            "-1e999999999999999999",
            "1e-999999999999999999999", "18446744073709551616", "123456789012345678901234567890", "1.00000000000000001",
            "100000000000000000001e-1",
        ])
    func notWhole(text: String) throws {
        #expect(try number(text).int64 == nil)
    }

    @Test("every number is a Double, if need be an infinite one")
    func doubles() throws {
        #expect(try number("1e999").double == .infinity)
        #expect(try number("-1e999").double == -.infinity)
        #expect(try number("1e-999").double == 0)
        #expect(try number("0.1").double == 0.1)
        #expect(try number("-0").double.sign == .minus)
        #expect(try number("179769313486231570e291").double == .greatestFiniteMagnitude)
    }

    @Test("a million digits are read, and refused as a whole number, in one pass")
    func long() throws {
        let digits = String(repeating: "9", count: 1_000_000)
        #expect(try number(digits).int64 == nil)
        #expect(try number("0." + String(repeating: "0", count: 1_000_000)).int64 == 0)
    }

    @Test("any Int64 survives writing and reading")
    func roundTrip() throws {
        var random = SplitMix64(seed: 1)
        var numbers: [Int64] = [.min, .max, 0, -1, 1]
        for shift in 0..<64 { numbers.append(Int64(truncatingIfNeeded: random.next() >> UInt64(shift))) }
        var power: Int64 = 1
        for _ in 0..<18 {
            power *= 10
            numbers += [power - 1, power, power + 1, -power]
        }
        for expected in numbers {
            let text = written { JSONWriter.append(expected, to: &$0) }
            #expect(text == String(expected))
            #expect(try number(text).int64 == expected)
        }
    }
}
