import ScriptTesting

/// A client of server-sent events as plain as can be.
struct EventSource: Sendable {
    /// A block, as WHATWG HTML 9.2 has it: `data` joined by line breaks.
    struct Block: Equatable {
        var id: String?
        var event: String?
        var data: String?
        var retry: String?

        var json: JSON { get throws { try JSON(parsing: Array((data ?? "null").utf8)) } }
    }

    let socket: Socket

    init(port: UInt16, path: String, fields: [String: String] = [:], receiveBuffer: Int32? = nil) throws {
        socket = try Socket(port: port, receiveBuffer: receiveBuffer)
        try socket.send(request: "GET", path, fields: fields)
    }

    /// Reads the head of the answer, which must be a stream's.
    func opened() throws -> EventSource {
        let answer = try socket.answer()
        guard answer.status == 200, answer["content-type"] == "text/event-stream" else {
            throw Trouble("no stream: \(answer.status) \(answer.text)")
        }
        return self
    }

    /// The next block that has data; nil when the stream has ended behind a block. Nothing but comments for five minutes is an error,
    /// as an end within a block is.
    func next() throws -> Block? {
        let patience = ContinuousClock.now + .seconds(300)
        var block = Block()
        var isWithin = false
        while let line = try socket.lineOrEnd() {
            guard ContinuousClock.now < patience else { throw Trouble("nothing but comments came") }
            isWithin = !line.isEmpty
            if line.isEmpty {
                if block.data != nil { return block }
                block = Block()
                continue
            }
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { continue }
            let value = String(line[line.index(after: colon)...].drop { $0 == " " })
            switch line[..<colon] {
            case "id": block.id = value
            case "event": block.event = value
            case "data": block.data = block.data.map { $0 + "\n" + value } ?? value
            case "retry": block.retry = value
            default: break
            }
        }
        if isWithin { throw Trouble("ended within a block") }
        return nil
    }

    /// The next block of this type.
    func next(_ event: String) throws -> Block {
        while let block = try next() { if block.event == event { return block } }
        throw Trouble("ended without “\(event)”")
    }
}
