import ScriptTesting

/// An answer as a client reads it.
struct Answer: Sendable {
    let status: Int
    let fields: [(name: String, value: String)]
    let body: [UInt8]

    subscript(name: String) -> String? { fields.first { $0.name == name.lowercased() }?.value }

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: JSON { get throws { try JSON(parsing: body) } }
    /// The word of a refusal.
    var code: String? { get throws { try json["code"].text } }
}

extension Socket {
    func send(request method: String, _ path: String, fields: [String: String] = [:], body: String? = nil) throws {
        var text = "\(method) \(path) HTTP/1.1\r\n"
        if fields["Host"] == nil { text += "Host: chat.test\r\n" }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\r\n" }
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        try send(Array((text + "\r\n" + (body ?? "")).utf8))
    }

    func answer(toHead: Bool = false) throws -> Answer {
        let parts = try line().split(separator: " ")
        guard parts.count >= 2, let status = Int(parts[1]) else { throw Trouble("no status line: \(parts)") }
        var fields: [(name: String, value: String)] = []
        while true {
            let line = try line()
            if line.isEmpty { break }
            guard let colon = line.firstIndex(of: ":") else { throw Trouble("no field: \(line)") }
            fields.append(
                (line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " })))
        }
        let length = fields.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        let hasBody = !toHead && status != 101 && status != 204
        return Answer(status: status, fields: fields, body: hasBody ? try read(length) : [])
    }
}
