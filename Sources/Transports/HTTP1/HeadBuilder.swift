/// Gathers a request head line by line; every string is made once, from the bytes.
struct HeadBuilder {
    private(set) var line = Self.noLine
    private(set) var fields: [HTTPField] = []
    private var authority: String?

    private static let noLine = RequestLine(method: "", path: "", query: nil, minorVersion: 1)

    /// - Parameter last: the head before, if there was one: mostly the same place is asked again.
    mutating func begin(
        _ bytes: borrowing Span<UInt8>, _ line: RequestLineReader.Line, after last: RequestHead?
    ) throws(PeerViolation) {
        guard line.major == 1 else { throw PeerViolation(status: 505, detail: "only HTTP/1.1 and HTTP/1.0 are spoken") }
        let method = bytes.text(line.method)
        let isOptions = method == "OPTIONS"
        let parts = try RequestTarget(bytes, line.target, isOptions: isOptions)
        authority = parts.authority.map { bytes.text($0) }
        let query = parts.query.map { bytes.text($0) }
        let path: String
        if let range = parts.path {
            path = last.flatMap { Self.isText($0.path, bytes, range) ? $0.path : nil } ?? bytes.text(range)
        } else {
            path = isOptions && query == nil ? "*" : "/"
        }
        self.line = RequestLine(method: method, path: path, query: query, minorVersion: Int(min(line.minor, 1)))
    }

    /// Begins with a line that was read before, of a target that names no host.
    mutating func begin(_ line: RequestLine) { self.line = line }

    mutating func add(_ bytes: borrowing Span<UInt8>, name: Range<Int>, value: Range<Int>) {
        if fields.isEmpty { fields.reserveCapacity(16) }
        fields.append(HTTPField(name: bytes.text(name), value: bytes.text(value)))
    }

    /// The head and how its content is framed. The builder is as new afterwards.
    mutating func finish(limits: borrowing HTTPLimits) throws(PeerViolation) -> (RequestHead, BodyFraming) {
        defer { self = HeadBuilder() }
        var contentLengths: [String] = []
        var transferEncodings: [String] = []
        var host: Int?
        var saysClose = false
        var saysKeepAlive = false
        var expects = false
        for index in fields.indices {
            // The length of the name tells the five that matter apart from nearly all others.
            switch fields[index].name.utf8.count {
            case 4 where fields[index].isNamed("host"):
                guard host == nil else { throw .malformed("Host more than once") }
                host = index
            case 6 where fields[index].isNamed("expect"): expects = true
            case 10 where fields[index].isNamed("connection"):
                saysClose = saysClose || ListMembers.contains("close", in: fields[index].value)
                saysKeepAlive = saysKeepAlive || ListMembers.contains("keep-alive", in: fields[index].value)
            case 14 where fields[index].isNamed("content-length"): contentLengths.append(fields[index].value)
            case 17 where fields[index].isNamed("transfer-encoding"): transferEncodings.append(fields[index].value)
            default: break
            }
        }
        let authority = try settleHost(host)
        let framing = try BodyFraming.decide(
            contentLengths: contentLengths, transferEncodings: transferEncodings, minorVersion: line.minorVersion,
            limit: limits.bodyBytes)

        let hasBody = framing != .none && framing != .length(0)
        let head = RequestHead(
            line, host: authority, fields: fields, keepAlive: !saysClose && (line.minorVersion >= 1 || saysKeepAlive),
            expectsContinue: expects && line.minorVersion >= 1 && hasBody && fields.list("expect", has: "100-continue"),
            framing: framing)
        return (head, framing)
    }

    /// The target says no host: the fields are as they came.
    var isPlain: Bool { authority == nil }

    /// Whether the fields of this head can be judged as those of another, once they are known to be the same.
    func resembles(_ other: RequestHead) -> Bool { authority == nil && line.minorVersion == other.minorVersion }

    /// The same as another head but for the request line. The builder is as new afterwards.
    mutating func finish(as other: RequestHead) -> RequestHead {
        defer { self = HeadBuilder() }
        return RequestHead(line, repeating: other)
    }

    /// Exactly one `Host` in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112 section 3.2). The host of an absolute-form target
    /// replaces it (section 3.2.2).
    private mutating func settleHost(_ index: Int?) throws(PeerViolation) -> String? {
        guard let index else {
            guard line.minorVersion == 0 else { throw .malformed("HTTP/1.1 without Host") }
            return authority
        }
        let value = fields[index].value.utf8
        try HostRules.check(value.span, 0..<value.count)
        if let authority { fields[index].value = authority }
        return fields[index].value
    }

    private static func isText(_ text: String, _ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        let text = text.utf8.span
        guard text.count == range.count else { return false }
        for at in text.indices where text[at] != bytes[range.lowerBound + at] { return false }
        return true
    }
}
