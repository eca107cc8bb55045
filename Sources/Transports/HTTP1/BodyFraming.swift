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
        var codings: [Substring] = []
        for value in values {
            for member in value.utf8.split(separator: Byte.comma, omittingEmptySubsequences: false) {
                let coding = Substring(member.trimmingBlanks())
                guard !coding.isEmpty, coding.utf8.allSatisfy(ByteSet.token.contains) else {
                    throw .malformed("a malformed Transfer-Encoding")
                }
                codings.append(coding)
            }
        }
        let chunked = codings.indices.filter { equalIgnoringCase(codings[$0], "chunked") }
        guard chunked == [codings.count - 1] else { throw .malformed("chunked is not the last and only framing") }
        guard codings.count == 1 else { throw PeerViolation(status: 501, detail: "an unknown transfer coding") }
    }
}
