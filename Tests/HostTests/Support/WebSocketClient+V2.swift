import Testing

private let second = ["Sec-WebSocket-Protocol": "chat.v2"]

extension Person {
    /// A connection of profile v2, admitted; the greeting is still to be read.
    func open(_ room: String? = nil, receiveBuffer: Int32? = nil) throws -> WebSocketClient {
        let path = room.map { "/api/chat/ws/\($0)" } ?? "/api/chat/ws"
        return try WebSocketClient(
            port: serving.port, path: "\(path)?token=\(token)", fields: second, receiveBuffer: receiveBuffer
        ).admitted()
    }

    func polled(after cursor: String) throws -> [JSON] {
        try call("GET", "/api/chat/events?cursor=\(cursor)&wait=0&limit=1000").json["events"].items
    }
}

extension WebSocketClient {
    /// The next frames up to one of this type, without those that are not stored.
    func events(through type: String) throws -> [JSON] {
        var events: [JSON] = []
        while true {
            let frame = try next()
            if frame["type"].text == type { return events }
            if frame["type"] != "presence", frame["type"] != "typing" { events.append(frame) }
        }
    }

    /// The contents of messages, up to this one.
    func contents(through last: String) throws -> [String] {
        var contents: [String] = []
        while contents.last != last {
            let frame = try event()
            if frame["type"] == "message" { contents.append(frame["content"].text ?? "") }
        }
        return contents
    }

    /// The next frame that is stored.
    func event() throws -> JSON {
        while true {
            let frame = try next()
            if frame["type"] != "presence", frame["type"] != "typing" { return frame }
        }
    }
}
