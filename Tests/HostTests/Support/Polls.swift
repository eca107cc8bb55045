import ScriptTesting
import Testing

extension Person {
    /// Asks for events. The query begins behind `?`.
    func events(_ query: String) throws -> JSON {
        let answer = try call("GET", "/api/chat/events?\(query)")
        guard answer.status == 200 else { throw Trouble("\(answer.status) \(answer.text)") }
        #expect(answer["cache-control"] == "no-store")
        return try answer.json
    }

    /// Where somebody stands who has seen everything.
    func head() throws -> String { try #require(try events("")["cursor"].text) }

    /// Asks on a connection of its own, and waits until the request does.
    func wait(_ query: String, others: Int = 0) throws -> Socket {
        let socket = try Socket(port: serving.port)
        try socket.send(
            request: "GET", "/api/chat/events?\(query)", fields: ["Authorization": "Bearer \(token)"])
        try serving.awaitMetric("chat_polls_waiting", others + 1)
        return socket
    }

    func stream(
        _ query: String = "", fields: [String: String] = [:], receiveBuffer: Int32? = nil
    ) throws -> EventSource {
        try EventSource(
            port: serving.port, path: "/api/chat/stream?token=\(token)\(query)", fields: fields,
            receiveBuffer: receiveBuffer
        ).opened()
    }
}

extension JSON {
    var contents: [String] { self["events"].items.compactMap { $0["content"].text } }
    var types: [String] { self["events"].items.compactMap { $0["type"].text } }
}
