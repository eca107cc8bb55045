import ScriptTesting

/// A WebSocket client as plain as can be. Answers pings, and sees every frame.
final class WebSocketClient: Sendable {
    enum Frame: Equatable {
        case text(JSON)
        case close(code: Int, reason: String)
        case pong([UInt8])
    }

    let socket: Socket

    /// Sends the request only; ``admitted()`` reads the answer.
    init(
        port: UInt16, path: String, fields: [String: String] = [:], receiveBuffer: Int32? = nil, tls: Bool = false
    ) throws {
        socket = try Socket(port: port, receiveBuffer: receiveBuffer, tls: tls)
        let handshake = [
            "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        ]
        try socket.send(request: "GET", path, fields: handshake.merging(fields) { $1 })
    }

    /// The answer to the handshake, whatever it is.
    func answer() throws -> Answer { try socket.answer() }

    @discardableResult
    func admitted() throws -> WebSocketClient {
        let answer = try answer()
        guard answer.status == 101 else { throw Trouble("refused: \(answer.status) \(answer.text)") }
        // RFC 6455 section 1.3 has this very key.
        guard answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" else { throw Trouble("not accepted") }
        return self
    }

    // MARK: To the server

    func send(_ text: String) throws { try send(opcode: 1, Array(text.utf8)) }

    /// - Parameter opcode: with FIN; the mask is zero, which changes nothing.
    func send(opcode: UInt8, _ payload: [UInt8]) throws {
        try socket.send(Self.frame(opcode: opcode, payload))
    }

    static func frame(opcode: UInt8 = 1, _ payload: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0x80 | opcode]
        switch payload.count {
        case 0..<126: frame.append(0x80 | UInt8(payload.count))
        case 126...0xFFFF: frame += [0xFE, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            frame.append(0xFF)
            for shift in stride(from: 56, through: 0, by: -8) { frame.append(UInt8(payload.count >> shift & 0xFF)) }
        }
        return frame + [0, 0, 0, 0] + payload
    }

    // MARK: From the server

    /// The next frame; nil at the stream's end.
    func frame() throws -> Frame? {
        let patience = ContinuousClock.now + .seconds(300)
        while let first = try socket.byte() {
            guard first & 0xF0 == 0x80 else { throw Trouble("a fragment or a reserved bit: \(first)") }
            let short = Int(try socket.read(1)[0])
            guard short < 128 else { throw Trouble("a server does not mask") }
            let wide = try socket.read(short == 126 ? 2 : short == 127 ? 8 : 0)
            let length = short < 126 ? short : wide.reduce(0) { $0 << 8 | Int($1) }
            let payload = try socket.read(length)
            switch first & 0x0F {
            case 1: return .text(try JSON(parsing: payload))
            case 8:
                let code = payload.count < 2 ? 1005 : Int(payload[0]) << 8 | Int(payload[1])
                return .close(code: code, reason: String(decoding: payload.dropFirst(2), as: UTF8.self))
            case 9:
                guard ContinuousClock.now < patience else { throw Trouble("nothing but pings came") }
                try send(opcode: 10, payload)
            case 10: return .pong(payload)
            default: throw Trouble("opcode \(first & 0x0F)")
            }
        }
        return nil
    }

    /// The next text, which must come next.
    func next() throws -> JSON {
        guard case .text(let json)? = try frame() else { throw Trouble("no text came") }
        return json
    }

    /// The next text of this type; others are passed over.
    func next(_ type: String) throws -> JSON {
        while true {
            let json = try next()
            if json["type"].text == type { return json }
        }
    }

    /// The next notice of this event; who comes and goes may be told of between.
    func notice(_ event: String) throws -> JSON {
        while true {
            let notice = try next("system")
            if notice["event"].text == event { return notice }
        }
    }

    /// The next notice of who is here that says so.
    @discardableResult
    func here(_ users: String...) throws -> JSON {
        while true {
            let notice = try next("system")
            if notice["active_users"].items.compactMap(\.text).sorted() == users.sorted() { return notice }
        }
    }

    /// What a frame with this `id` was answered.
    func answer(to id: String) throws -> JSON {
        while true {
            let json = try next()
            if json["id"].text == id { return json }
        }
    }

    /// The contents of the messages that still came before the server closed.
    func contentsUntilClosed() throws -> [String] {
        var contents: [String] = []
        while case .text(let json)? = try frame() {
            if json["type"] == "message" { contents.append(json["content"].text ?? "") }
        }
        return contents
    }

    /// How the server closed; texts before that are passed over.
    func closed() throws -> Frame {
        while let frame = try frame() {
            if case .close = frame { return frame }
        }
        throw Trouble("the stream ended without a close frame")
    }
}
