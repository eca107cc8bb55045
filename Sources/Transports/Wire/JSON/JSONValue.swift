/// A document as a tree: for bodies, claims and keys, not for the hot path.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// Reads one value and nothing after it.
    /// - Throws: ``JSONError`` for anything that ``JSONReader`` does not take.
    public init(parsing bytes: RawSpan) throws(JSONError) {
        var reader = JSONReader()
        self = try Self.read(&reader, bytes)
        try reader.end(in: bytes)
    }

    /// The same for an array of bytes.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        let span = bytes.span
        // The span is of bytes, which may be anything.
        try unsafe self.init(parsing: span.bytes)
    }

    /// The member with this key; nil if there is none, or if this is no object. Keys are compared byte by byte.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
    }

    private static func read(_ reader: inout JSONReader, _ bytes: RawSpan) throws(JSONError) -> JSONValue {
        switch try reader.peek(in: bytes) {
        case .string: return .string(try reader.string(in: bytes).text(in: bytes))
        case .number: return .number(JSONNumber(checked: bytes.text(try reader.number(in: bytes))))
        case .true:
            try reader.literal("true", in: bytes)
            return .bool(true)
        case .false:
            try reader.literal("false", in: bytes)
            return .bool(false)
        case .null:
            try reader.literal("null", in: bytes)
            return .null
        case .array:
            try reader.enter()
            var elements: [JSONValue] = []
            var isFirst = true
            while try reader.element(in: bytes, isFirst: &isFirst) { elements.append(try read(&reader, bytes)) }
            return .array(elements)
        case .object:
            try reader.enter()
            var members: [JSONMember] = []
            var keys = JSONKeys()
            var isFirst = true
            while let place = try reader.key(in: bytes, isFirst: &isFirst) {
                let key = place.text(in: bytes)
                guard keys.insert(key) else { throw JSONReader.duplicate(place) }
                members.append(JSONMember(key, try read(&reader, bytes)))
            }
            return .object(members)
        }
    }
}

/// One key of an object with its value.
public struct JSONMember: Hashable, Sendable {
    public let key: String
    public let value: JSONValue

    public init(_ key: String, _ value: JSONValue) {
        self.key = key
        self.value = value
    }
}
