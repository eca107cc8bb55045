/// The `name=value&...` of a query or a form body (`application/x-www-form-urlencoded`), decoded.
///
/// A plus sign is a space; a name without `=` has an empty value; empty pieces are passed over, as the URL standard does.
public struct QueryItems: Sendable, Equatable {
    public struct Item: Sendable, Equatable {
        public var name: String
        public var value: String
    }

    /// More items than this are refused: no route of ours knows more than a dozen, and each costs two strings.
    public static let itemLimit = 100

    /// In the order they came.
    public private(set) var items: [Item] = []

    public init() {}

    /// Nil when an escape is malformed, the text is not UTF-8 or there are more than `itemLimit` items.
    public init?(parsing text: String) {
        var rest = text.utf8[...]
        while !rest.isEmpty {
            let piece = rest.prefix { $0 != Byte.ampersand }
            rest = rest[piece.endIndex...].dropFirst()
            if piece.isEmpty { continue }
            let name = piece.prefix { $0 != Byte.equals }
            let value = piece[name.endIndex...].dropFirst()
            guard items.count < Self.itemLimit,
                let name = PercentCoding.decode(Substring(name), plusIsSpace: true),
                let value = PercentCoding.decode(Substring(value), plusIsSpace: true)
            else { return nil }
            items.append(Item(name: name, value: value))
        }
    }

    /// The same from the bytes of a body.
    public init?(parsing bytes: RawSpan) {
        let bytes = Span<UInt8>(_bytes: bytes)
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        self.init(parsing: String(copying: text))
    }

    /// The value of the first item of that name. Names are compared exactly.
    public func first(_ name: String) -> String? { items.first { $0.name == name }?.value }

    /// The values of all items of that name, in the order they came.
    public func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    public mutating func append(_ name: String, _ value: String) { items.append(Item(name: name, value: value)) }

    /// The items as a query, everything but unreserved characters escaped: fit for a `Link` field.
    public var encoded: String {
        items.map { PercentCoding.encode($0.name) + "=" + PercentCoding.encode($0.value) }.joined(separator: "&")
    }
}
