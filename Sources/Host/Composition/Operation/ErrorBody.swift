import ChatHTTP1
import ChatWire

/// The error body of every transport, for what the server itself must refuse.
enum ErrorBody {
    @Sendable static func make(_ status: Int, _ code: String?, _ detail: String) -> HTTPResponse {
        var body: [UInt8] = []
        body.appendObject { object in
            object.member("detail", detail)
            object.member("code", code ?? word(for: status))
        }
        return HTTPResponse(
            status: status, fields: [HTTPField(name: "Content-Type", value: "application/json")], body: body)
    }

    /// The words for what is about HTTP and not about chat.
    private static func word(for status: Int) -> String {
        switch status {
        case 404: "not_found"
        case 405: "method_not_allowed"
        case 408: "timeout"
        case 413, 414, 431: "too_large"
        case 500: "internal"
        case 503: "overloaded"
        default: "bad_request"
        }
    }
}
