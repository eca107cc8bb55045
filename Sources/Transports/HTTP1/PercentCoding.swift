/// Percent-encoding (RFC 3986 section 2.1), one strict reading: an escape is a percent sign and two hexadecimal digits, and
/// what comes out is UTF-8.
public enum PercentCoding {
    /// The text meant by `encoded`; nil when an escape is malformed or the result is not UTF-8.
    ///
    /// - Parameter plusIsSpace: true in queries and forms, false in paths.
    public static func decode(_ encoded: Substring, plusIsSpace: Bool) -> String? {
        // Not generic: such a function is not specialised for another module, and costs ten times as much there.
        var encoded = encoded
        return encoded.withUTF8 { unsafe decode(UnsafeRawBufferPointer($0).bytes, plusIsSpace: plusIsSpace) }
    }

    public static func decode(_ encoded: String, plusIsSpace: Bool) -> String? {
        decode(encoded[...], plusIsSpace: plusIsSpace)
    }

    /// The same from bytes of any kind.
    public static func decode(_ encoded: RawSpan, plusIsSpace: Bool) -> String? {
        let encoded = Span<UInt8>(_bytes: encoded)
        var decoder = Decoder(plusIsSpace: plusIsSpace, capacity: encoded.count)
        for index in encoded.indices { decoder.take(encoded[index]) }
        return decoder.finish()
    }

    /// `text` with everything but unreserved characters escaped: fit for a path segment, a query or a form.
    public static func encode(_ text: some StringProtocol) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if ByteSet.unreserved.contains(byte) {
                encoded.append(byte)
            } else {
                encoded.append(Byte.percent)
                encoded.append(hexDigit(byte &>> 4))
                encoded.append(hexDigit(byte & 15))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 &+ value : 0x37 &+ value }

    /// Byte by byte, so that every kind of input has one decoder.
    private struct Decoder {
        private enum State {
            case text
            case escape
            case escapeHigh(UInt8)
            case malformed
        }

        private let plusIsSpace: Bool
        private var state = State.text
        private var decoded: [UInt8] = []

        init(plusIsSpace: Bool, capacity: Int) {
            self.plusIsSpace = plusIsSpace
            decoded.reserveCapacity(capacity)
        }

        mutating func take(_ byte: UInt8) {
            switch state {
            case .text:
                if byte == Byte.percent {
                    state = .escape
                } else {
                    decoded.append(byte == Byte.plus && plusIsSpace ? Byte.space : byte)
                }
            case .escape:
                state = Byte.hexValue(byte).map { .escapeHigh($0) } ?? .malformed
            case .escapeHigh(let high):
                if let low = Byte.hexValue(byte) {
                    decoded.append(high &<< 4 | low)
                    state = .text
                } else {
                    state = .malformed
                }
            case .malformed: break
            }
        }

        func finish() -> String? {
            guard case .text = state else { return nil }
            return String(validating: decoded, as: UTF8.self)
        }
    }
}
