/// The values of one frame's fields, as places in its bytes: the one pass fills them in whatever order they come, and
/// only what the frame's type asks for is turned into text.
struct FrameFields: ~Copyable {
    /// The fields any frame may have.
    enum Name: Int, CaseIterable {
        case type
        case id
        case content
        case conversationID
        case messageID
        case clientID
        case replyTo
        case token
        case cursor
        case key
        case on
        case seq
        case before
        case after
        case limit

        /// As the wire spells it.
        var word: StaticString {
            switch self {
            case .type: "type"
            case .id: "id"
            case .content: "content"
            case .conversationID: "conversation_id"
            case .messageID: "message_id"
            case .clientID: "client_id"
            case .replyTo: "reply_to"
            case .token: "token"
            case .cursor: "cursor"
            case .key: "key"
            case .on: "on"
            case .seq: "seq"
            case .before: "before"
            case .after: "after"
            case .limit: "limit"
            }
        }

        /// The field whose name the bytes spell. By length first: one to three comparisons tell.
        @inline(__always)
        init?(_ start: Int, _ length: Int, in bytes: RawSpan) {
            let name: Name? =
                switch length {
                case 2: bytes.has("id", at: start) ? .id : bytes.has("on", at: start) ? .on : nil
                case 3: bytes.has("key", at: start) ? .key : bytes.has("seq", at: start) ? .seq : nil
                case 4: bytes.has("type", at: start) ? .type : nil
                case 5:
                    bytes.has("after", at: start)
                        ? .after
                        : bytes.has("limit", at: start) ? .limit : bytes.has("token", at: start) ? .token : nil
                case 6: bytes.has("before", at: start) ? .before : bytes.has("cursor", at: start) ? .cursor : nil
                case 7: bytes.has("content", at: start) ? .content : nil
                case 8: bytes.has("reply_to", at: start) ? .replyTo : nil
                case 9: bytes.has("client_id", at: start) ? .clientID : nil
                case 10: bytes.has("message_id", at: start) ? .messageID : nil
                case 15: bytes.has("conversation_id", at: start) ? .conversationID : nil
                default: nil
                }
            guard let name else { return nil }
            self = name
        }
    }

    /// The value of a field.
    enum Value {
        /// Not there, or `null`.
        case absent
        case text(JSONText)
        case number(Range<Int>)
        case flag(Bool)
        /// An object or an array: no field may be one.
        case nested
    }

    /// A value in twelve bytes: fifteen of them are set to nothing for each frame.
    private struct Place {
        var start: UInt32 = 0
        var end: UInt32 = 0
        var kind = Kind.absent

        enum Kind: UInt8 {
            case absent
            case plainText
            case escapedText
            case number
            case `true`
            case `false`
            case nested
        }

        init() {}

        init(_ value: Value) {
            switch value {
            case .absent: break
            case .text(let text):
                (start, end) = (UInt32(truncatingIfNeeded: text.start), UInt32(truncatingIfNeeded: text.end))
                kind = text.isEscaped ? .escapedText : .plainText
            case .number(let range):
                start = UInt32(truncatingIfNeeded: range.lowerBound)
                end = UInt32(truncatingIfNeeded: range.upperBound)
                kind = .number
            case .flag(let flag): kind = flag ? .true : .false
            case .nested: kind = .nested
            }
        }

        var value: Value {
            switch kind {
            case .absent: .absent
            case .plainText: .text(JSONText(start: Int(start), end: Int(end), isEscaped: false))
            case .escapedText: .text(JSONText(start: Int(start), end: Int(end), isEscaped: true))
            case .number: .number(Int(start)..<Int(end))
            case .true: .flag(true)
            case .false: .flag(false)
            case .nested: .nested
            }
        }
    }

    private var places = InlineArray<15, Place>(repeating: Place())
    private var seen: UInt32 = 0

    subscript(name: Name) -> Value { places[name.rawValue].value }

    /// Reads a whole frame.
    mutating func read(_ bytes: RawSpan) throws(JSONError) {
        guard bytes.byteCount <= WireLimits.frame else { throw JSONError(offset: WireLimits.frame, reason: .tooLong) }
        var reader = JSONReader()
        guard try reader.peek(in: bytes) == .object else {
            try reader.skip(in: bytes)
            throw JSONError(offset: 0, reason: .notAnObject)
        }
        try reader.enter()
        var others = JSONKeys()
        var isFirst = true
        while let key = try reader.key(in: bytes, isFirst: &isFirst) {
            if let name = Self.name(of: key, in: bytes) {
                guard seen & 1 << name.rawValue == 0 else { throw JSONReader.duplicate(key) }
                seen |= 1 << name.rawValue
                places[name.rawValue] = Place(try Self.value(&reader, bytes))
            } else {
                guard others.insert(key.text(in: bytes)) else { throw JSONReader.duplicate(key) }
                try reader.skip(in: bytes)
            }
        }
        try reader.end(in: bytes)
    }

    @inline(__always)
    private static func name(of key: JSONText, in bytes: RawSpan) -> Name? {
        guard key.isEscaped else { return Name(key.start, key.end &- key.start, in: bytes) }
        // `\u0074ype` is `type`.
        return key.text(in: bytes).withBytes { Name(0, $0.byteCount, in: $0) }
    }

    @inline(__always)
    private static func value(_ reader: inout JSONReader, _ bytes: RawSpan) throws(JSONError) -> Value {
        switch try reader.peek(in: bytes) {
        case .string: return .text(try reader.string(in: bytes))
        case .number: return .number(try reader.number(in: bytes))
        case .true:
            try reader.literal("true", in: bytes)
            return .flag(true)
        case .false:
            try reader.literal("false", in: bytes)
            return .flag(false)
        case .null:
            try reader.literal("null", in: bytes)
            return .absent
        case .object, .array:
            try reader.skip(in: bytes)
            return .nested
        }
    }
}
