/// Turns a client's requests into bytes, and is where their fields are checked.
public enum RequestWriter {
    /// The bytes of one whole request, after which the connection is done with (`Connection: close`) unless it is upgraded.
    ///
    /// `Host`, `Connection` and `Content-Length` belong to the writer.
    ///
    /// - Parameters:
    ///   - target: path and query, percent-encoded.
    ///   - host: host and port as a URL has them.
    ///   - upgrade: the protocol to go on in, such as `websocket`.
    /// - Returns: nil when the target, the host or a field holds what may not be sent: nothing is split by it.
    public static func serialize(
        method: String, target: String, host: String, fields: [HTTPField] = [], body: [UInt8]? = nil,
        upgrade: String? = nil
    ) -> [UInt8]? {
        var fields = [HTTPField(name: "Host", value: host)] + fields
        if let upgrade {
            fields.append(HTTPField(name: "Connection", value: "Upgrade"))
            fields.append(HTTPField(name: "Upgrade", value: upgrade))
        } else {
            fields.append(HTTPField(name: "Connection", value: "close"))
        }
        if let body { fields.append(HTTPField(name: "Content-Length", value: String(body.count))) }
        guard !target.isEmpty, target.utf8.allSatisfy(ByteSet.target.contains), !method.isEmpty,
            method.utf8.allSatisfy(ByteSet.token.contains), fields.allSatisfy(\.isValid)
        else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(160 + fields.count * 48 + (body?.count ?? 0))
        bytes.append(contentsOf: "\(method) \(target) HTTP/1.1\r\n".utf8)
        for field in fields { bytes.append(contentsOf: "\(field.name): \(field.value)\r\n".utf8) }
        bytes.append(contentsOf: "\r\n".utf8)
        if let body { bytes.append(contentsOf: body) }
        return bytes
    }
}
