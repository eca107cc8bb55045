/// Turns answers into bytes. The only place where our field names and values reach the wire, and where they are checked.
///
/// `Content-Length`, `Transfer-Encoding`, `Connection` and `Date` belong to the writer: an answer that carries them
/// loses them, so that framing is never said twice. An answer with any other field that is not valid (`HTTPField.isValid`),
/// or with a status outside 200 to 599, is a fault of ours: it becomes an empty 500 rather than half of what was meant.
public enum ResponseWriter {
    /// The sixteen bytes of `100 Continue` and their empty line.
    public static let interim100 = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// The bytes of one whole answer.
    ///
    /// - Parameters:
    ///   - head: the request that is answered; nil when there was none, after a violation. To HEAD the body is left out and
    ///     its length is told.
    ///   - keepAlive: whether the driver will read another request; the peer's own wish is taken into account here. The driver
    ///     closes when `stays(open:after:)` is false.
    ///   - isStreamed: the body follows, for as long as the connection lives: its end is the body's (RFC 9112 section 6.3). The
    ///     answer's own body is its beginning.
    ///   - date: the value of `Date`, from `HTTPDate`; made by the caller so that it is made once a second.
    public static func serialize(
        _ response: HTTPResponse, to head: RequestHead?, keepAlive: Bool, isStreamed: Bool = false, date: String
    ) -> [UInt8] {
        let response = checked(response)
        var bytes: [UInt8] = []
        // Status line and the writer's own fields take less than 192.
        bytes.reserveCapacity(
            response.fields.reduce(192 + response.body.count) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 })
        begin(&bytes, response.status)
        for field in response.fields where !isOurs(field) { append(&bytes, field.name, field.value) }
        append(&bytes, "Date", date)
        let hasContent = response.status != 204 && response.status != 304
        if hasContent, !isStreamed { append(&bytes, "Content-Length", String(response.body.count)) }
        if isStreamed || !stays(open: keepAlive, after: head) {
            append(&bytes, "Connection", "close")
        } else if head?.minorVersion == 0 {
            append(&bytes, "Connection", "keep-alive")
        }
        bytes.append(contentsOf: [Byte.carriageReturn, Byte.lineFeed])
        if hasContent, head?.method != "HEAD" { bytes.append(contentsOf: response.body) }
        return bytes
    }

    /// Whether the connection lives on after the answer: the driver wishes it and the peer does.
    public static func stays(open keepAlive: Bool, after head: RequestHead?) -> Bool {
        keepAlive && head?.keepAlive ?? false
    }

    /// The head of `101 Switching Protocols`, after which the connection speaks `protocolName`. Nil when a field is not valid
    /// or is the writer's own.
    public static func switchingProtocols(to protocolName: String, fields: [HTTPField] = []) -> [UInt8]? {
        let upgrade = HTTPField(name: "Upgrade", value: protocolName)
        guard upgrade.isValid, fields.allSatisfy({ $0.isValid && !isOurs($0) }) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(160 + fields.count * 48)
        begin(&bytes, 101)
        append(&bytes, upgrade.name, upgrade.value)
        append(&bytes, "Connection", "Upgrade")
        for field in fields { append(&bytes, field.name, field.value) }
        bytes.append(contentsOf: [Byte.carriageReturn, Byte.lineFeed])
        return bytes
    }

    private static func checked(_ response: HTTPResponse) -> HTTPResponse {
        let isFine = (200...599).contains(response.status) && response.fields.allSatisfy(\.isValid)
        return isFine ? response : HTTPResponse(status: 500)
    }

    private static func isOurs(_ field: HTTPField) -> Bool {
        switch field.name.utf8.count {
        case 4: field.isNamed("date")
        case 10: field.isNamed("connection")
        case 14: field.isNamed("content-length")
        case 17: field.isNamed("transfer-encoding")
        default: false
        }
    }

    private static func begin(_ bytes: inout [UInt8], _ status: Int) {
        bytes.append(contentsOf: "HTTP/1.1 ".utf8)
        bytes.append(contentsOf: String(status).utf8)
        bytes.append(Byte.space)
        bytes.append(contentsOf: HTTPResponse.reason(status).utf8)
        bytes.append(contentsOf: [Byte.carriageReturn, Byte.lineFeed])
    }

    private static func append(_ bytes: inout [UInt8], _ name: String, _ value: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: [Byte.colon, Byte.space])
        bytes.append(contentsOf: value.utf8)
        bytes.append(contentsOf: [Byte.carriageReturn, Byte.lineFeed])
    }
}
