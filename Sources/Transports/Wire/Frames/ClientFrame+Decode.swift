import ChatKernel

extension ClientFrame {
    /// Reads one frame: one pass, and no memory but for what it returns.
    ///
    /// Keys may come in any order; unknown ones are ignored, whatever their (valid) value; `null` counts as absent.
    /// A frame that is no JSON object is `bad_json`, also when some key comes twice in it.
    public static func decode(_ bytes: RawSpan) -> Result<ClientFrame, FrameError> {
        var fields = FrameFields()
        do {
            try fields.read(bytes)
        } catch {
            return .failure(FrameError(ChatError(error)))
        }
        let id: FrameID?
        do {
            id = try fields.frameID(in: bytes)
        } catch {
            return .failure(FrameError(error))
        }
        do {
            return .success(ClientFrame(id: id, body: try body(fields, bytes)))
        } catch {
            return .failure(FrameError(error, id: id))
        }
    }

    /// The same for an array of bytes.
    public static func decode(_ bytes: [UInt8]) -> Result<ClientFrame, FrameError> {
        let span = bytes.span
        // The span is of bytes, which may be anything.
        return decode(unsafe span.bytes)
    }

    private static func body(_ fields: borrowing FrameFields, _ bytes: RawSpan) throws(ChatError) -> Body {
        switch try kind(fields, bytes) {
        case .message:
            return .message(
                try fields.conversation(in: bytes), content: try fields.content(in: bytes),
                clientID: try fields.name(.clientID, limit: ClientID.limit, in: bytes).map { ClientID($0) },
                replyTo: try fields.name(.replyTo, limit: UserID.limit, in: bytes).map { MessageID($0) })
        case .typing:
            return .typing(try fields.conversation(in: bytes), on: try fields.flag(.on, default: true))
        case .read:
            guard let seq = try fields.number(.seq, atLeast: 0, in: bytes) else { throw .missing(.seq) }
            return .read(try fields.conversation(in: bytes), through: seq)
        case .edit:
            return .edit(try fields.message(in: bytes), content: try fields.content(in: bytes))
        case .delete:
            return .delete(try fields.message(in: bytes))
        case .react:
            guard let key = try fields.name(.key, limit: WireLimits.reactionKey, in: bytes) else {
                throw .missing(.key)
            }
            return .react(try fields.message(in: bytes), key: key, on: try fields.flag(.on, default: true))
        case .subscribe:
            return .subscribe(
                try fields.conversation(in: bytes), after: try fields.number(.after, atLeast: 0, in: bytes))
        case .unsubscribe:
            return .unsubscribe(try fields.conversation(in: bytes))
        case .history:
            let limit = try fields.number(.limit, atLeast: 1, in: bytes)
            return .history(
                try fields.conversation(in: bytes), try page(fields, bytes), limit: limit.map { Int(clamping: $0) })
        case .hello:
            return .hello(
                token: try fields.credential(.token, in: bytes), cursor: try fields.credential(.cursor, in: bytes))
        case .auth:
            guard let token = try fields.credential(.token, in: bytes) else { throw .missing(.token) }
            return .auth(token: token)
        case .ping:
            return .ping
        }
    }

    private static func page(_ fields: borrowing FrameFields, _ bytes: RawSpan) throws(ChatError) -> HistoryPage {
        let before = try fields.number(.before, atLeast: 0, in: bytes)
        let after = try fields.number(.after, atLeast: 0, in: bytes)
        switch (before, after) {
        case (nil, nil): return .newest
        case (let seq?, nil): return .before(seq)
        case (nil, let seq?): return .after(seq)
        default: throw .invalid(.before, "left out when after is given")
        }
    }

    // MARK: Types

    private enum Kind {
        case message
        case typing
        case read
        case edit
        case delete
        case react
        case subscribe
        case unsubscribe
        case history
        case hello
        case auth
        case ping

        @inline(__always)
        init?(_ start: Int, _ length: Int, in bytes: RawSpan) {
            func equals(_ word: StaticString) -> Bool {
                word.utf8CodeUnitCount == length && bytes.has(word, at: start)
            }
            if equals("message") {
                self = .message
            } else if equals("typing") {
                self = .typing
            } else if equals("read") {
                self = .read
            } else if equals("edit") {
                self = .edit
            } else if equals("delete") {
                self = .delete
            } else if equals("react") {
                self = .react
            } else if equals("subscribe") {
                self = .subscribe
            } else if equals("unsubscribe") {
                self = .unsubscribe
            } else if equals("history") {
                self = .history
            } else if equals("hello") {
                self = .hello
            } else if equals("auth") {
                self = .auth
            } else if equals("ping") {
                self = .ping
            } else {
                return nil
            }
        }
    }

    private static func kind(_ fields: borrowing FrameFields, _ bytes: RawSpan) throws(ChatError) -> Kind {
        switch fields[.type] {
        case .absent: throw .missing(.type)
        case .text(let place) where !place.isEscaped:
            if let kind = Kind(place.start, place.end &- place.start, in: bytes) { return kind }
        case .text(let place):
            if let kind = place.text(in: bytes).withBytes({ Kind(0, $0.byteCount, in: $0) }) { return kind }
        default: throw .invalid(.type, "text")
        }
        throw ChatError(.unknownType, "There is no frame of this type.")
    }
}
