import ChatHTTP1
import ChatHTTPServer
import ChatKernel
import ChatWire

/// The forms that REST's answers take.
enum Answer {
    /// A JSON body.
    static func json(
        _ status: Int, fields: [HTTPField] = [], _ write: (inout [UInt8]) -> Void
    ) -> HTTPResponse {
        var body: [UInt8] = []
        write(&body)
        return HTTPResponse(
            status: status,
            fields: [
                HTTPField(name: "Content-Type", value: "application/json"),
                // What is answered here is one user's; no cache between may keep it.
                HTTPField(name: "Cache-Control", value: "no-store"),
            ] + fields, body: body)
    }

    static let nothing = HTTPResponse(status: 204, fields: [HTTPField(name: "Cache-Control", value: "no-store")])

    /// A refusal, with the fields that its status asks for.
    static func refusal(_ error: ChatError) -> HTTPResponse {
        var body: [UInt8] = []
        RESTShapes.append(error, to: &body)
        return HTTPResponse(
            status: error.code.status,
            fields: error.answerFields + [HTTPField(name: "Cache-Control", value: "no-store")],
            body: body)
    }

    /// Where the next page is (RFC 8288).
    static func next(_ path: String, _ items: [(String, String)]) -> HTTPField {
        var query = QueryItems()
        for (name, value) in items { query.append(name, value) }
        return HTTPField(name: "Link", value: "<\(path)?\(query.encoded)>; rel=\"next\"")
    }
}
