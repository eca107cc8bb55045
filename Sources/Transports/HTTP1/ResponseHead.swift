/// The head of an answer that obeyed the grammar.
public struct ResponseHead: Sendable, Equatable {
    /// 100 to 999, three digits as sent (RFC 9110 section 15).
    public var status: Int

    /// The 0 of HTTP/1.0 or the 1 of HTTP/1.1.
    public var minorVersion: Int

    /// The fields in the order they came.
    public var fields: [HTTPField]

    public init(status: Int, minorVersion: Int = 1, fields: [HTTPField] = []) {
        self.status = status
        self.minorVersion = minorVersion
        self.fields = fields
    }

    /// The value of the first field of that name, in any case.
    public func first(_ name: String) -> String? { fields.first(name) }

    /// The values of all fields of that name, in any case, in the order they came.
    public func all(_ name: String) -> [String] { fields.all(name) }

    /// Whether no content can follow, whatever the fields say (RFC 9112 section 6.3).
    var isBodiless: Bool { status < 200 || status == 204 || status == 304 }
}
