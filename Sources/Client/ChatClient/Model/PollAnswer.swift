import ChatKernel
import ChatWire

/// The body of an answer to `GET /api/chat/events` (`protocol.md` section 5).
struct PollAnswer: Sendable, Equatable {
    var frames: [ServerFrame]
    var cursor: String
    /// Whether something follows.
    var hasMore: Bool
    var snapshot: ClientSnapshot?

    init(frames: [ServerFrame] = [], cursor: String, hasMore: Bool = false, snapshot: ClientSnapshot? = nil) {
        self.frames = frames
        self.cursor = cursor
        self.hasMore = hasMore
        self.snapshot = snapshot
    }

    /// - Throws: for what is no such answer: the page of a proxy that asks to log in, for one.
    init(_ bytes: [UInt8]) throws(ChatError) {
        let value: JSONValue
        do throws(JSONError) { value = try JSONValue(parsing: bytes) } catch { throw ChatError(error) }
        cursor = try value.cursor()
        hasMore = try value.flag("more", default: false)
        frames = []
        for event in try value.list("events") { frames.append(try ServerFrame(event)) }
        if let part = value["snapshot"], part != .null { snapshot = try part.snapshot() }
    }
}
