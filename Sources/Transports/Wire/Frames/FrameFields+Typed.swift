import ChatKernel

/// Fields as what they must be. Each throws `invalid_field` with the field's name and what is allowed.
extension FrameFields {
    func content(in bytes: RawSpan) throws(ChatError) -> String {
        switch self[.content] {
        case .absent: throw .missing(.content)
        case .text(let text): return text.text(in: bytes)
        default: throw .invalid(.content, "text")
        }
    }

    /// Text that names something: 1 to `limit` bytes.
    func name(_ field: Name, limit: Int, in bytes: RawSpan) throws(ChatError) -> String? {
        switch self[field] {
        case .absent: return nil
        case .text(let place):
            // What escapes stand for is never longer, and at most six times shorter.
            if place.start < place.end, place.end &- place.start <= (place.isEscaped ? 6 : 1) &* limit {
                let text = place.text(in: bytes)
                if text.utf8.count <= limit { return text }
            }
        default: break
        }
        throw .invalid(field, "text of 1 to \(limit) bytes")
    }

    /// A token or cursor: as long as the frame lets it be. An empty one is none.
    func credential(_ field: Name, in bytes: RawSpan) throws(ChatError) -> String? {
        switch self[field] {
        case .absent: return nil
        case .text(let place): return place.start < place.end ? place.text(in: bytes) : nil
        default: throw .invalid(field, "text")
        }
    }

    func flag(_ field: Name, default value: Bool) throws(ChatError) -> Bool {
        switch self[field] {
        case .absent: return value
        case .flag(let flag): return flag
        default: throw .invalid(field, "true or false")
        }
    }

    func number(_ field: Name, atLeast low: Int64, in bytes: RawSpan) throws(ChatError) -> Int64? {
        switch self[field] {
        case .absent: return nil
        case .number(let range):
            if let value = JSONNumber.int64(in: bytes, range), value >= low { return value }
        default: break
        }
        throw .invalid(field, JSONValue.allowed(low ... .max))
    }

    func conversation(in bytes: RawSpan) throws(ChatError) -> ConversationID? {
        try name(.conversationID, limit: UserID.limit, in: bytes).map { ConversationID($0) }
    }

    func message(in bytes: RawSpan) throws(ChatError) -> MessageID {
        guard let text = try name(.messageID, limit: UserID.limit, in: bytes) else { throw .missing(.messageID) }
        return MessageID(text)
    }

    func frameID(in bytes: RawSpan) throws(ChatError) -> FrameID? {
        let range: Range<Int>
        switch self[.id] {
        case .absent: return nil
        case .number(let number): range = number
        case .text(let text): range = text.start &- 1..<text.end &+ 1
        default: throw Self.invalidID
        }
        guard range.count <= WireLimits.frameID else { throw Self.invalidID }
        // The pointer does not leave the closure.
        return FrameID(json: unsafe bytes.extracting(range).withUnsafeBytes { unsafe [UInt8]($0) })
    }

    private static var invalidID: ChatError {
        .invalid(.id, "a number or text of at most \(WireLimits.frameID) bytes")
    }
}

extension ChatError {
    static func missing(_ field: FrameFields.Name) -> ChatError { missing("\(field.word)") }

    static func invalid(_ field: FrameFields.Name, _ allowed: String) -> ChatError {
        invalid("\(field.word)", allowed)
    }
}
