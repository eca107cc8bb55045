/// How long the content of a request is (RFC 9112 section 6). Request smuggling lives where two readers answer this
/// differently, so there is one answer or none:
///
/// - `Transfer-Encoding` and `Content-Length` together: 400.
/// - `Content-Length`: once, digits only. A list of equal values is refused as well, although section 6.3 would allow it.
/// - `Transfer-Encoding`: `chunked`, once, in HTTP/1.1. Another coding before it: 501. `chunked` not last, twice or
///   with parameters, or an empty member: 400, as section 6.3 demands when the length cannot be known.
enum BodyFraming: Equatable {
    case none
    case length(Int)
    case chunked

    static func decide(
        contentLengths: [String], transferEncodings: [String], minorVersion: Int, limit: Int
    ) throws(PeerViolation) -> BodyFraming {
        guard transferEncodings.isEmpty else {
            guard contentLengths.isEmpty else { throw .malformed("Content-Length beside Transfer-Encoding") }
            guard minorVersion >= 1 else { throw .malformed("Transfer-Encoding in HTTP/1.0") }
            try checkCodings(transferEncodings)
            return .chunked
        }
        guard let value = contentLengths.first else { return .none }
        guard contentLengths.count == 1 else { throw .malformed("Content-Length more than once") }
        return .length(try length(value, limit: limit))
    }

    private static func length(_ value: String, limit: Int) throws(PeerViolation) -> Int {
        guard !value.isEmpty, value.utf8.allSatisfy(Byte.isDigit) else {
            throw .malformed("a Content-Length that is not a number")
        }
        var length = 0
        for digit in value.utf8 {
            let (tens, overflow) = length.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int(digit &- 0x30))
            // A number too large to count to is also too large to accept.
            guard !overflow, !carry, sum <= limit else { throw .contentTooLong }
            length = sum
        }
        return length
    }

    private static func checkCodings(_ values: [String]) throws(PeerViolation) {
        var count = 0
        var chunkedAt: [Int] = []
        for value in values {
            let isMalformed = ListMembers.forEach(in: value) { coding in
                count += 1
                if equalIgnoringCase(coding, "chunked".utf8.span) { chunkedAt.append(count) }
                return !isToken(coding)
            }
            guard !isMalformed else { throw .malformed("a malformed Transfer-Encoding") }
        }
        guard chunkedAt == [count] else { throw .malformed("chunked is not the last and only framing") }
        guard count == 1 else { throw PeerViolation(status: 501, detail: "an unknown transfer coding") }
    }

    private static func isToken(_ bytes: borrowing Span<UInt8>) -> Bool {
        for index in 0..<bytes.count where !ByteSet.token.contains(bytes[index]) { return false }
        return bytes.count > 0
    }
}
