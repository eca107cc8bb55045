import ChatHTTP1
import ChatKernel
import ChatWire

/// An answer, whole.
struct HTTPAnswer: Sendable {
    var head: ResponseHead
    var body: [UInt8]

    var isFine: Bool { (200...299).contains(head.status) }

    /// What a refusal says, and when to come back by `Retry-After`, which counts seconds (RFC 9110 section 10.2.3; its other form, a
    /// date, is not for us: clocks differ).
    var refusal: ClientMachine.Refusal {
        var error =
            (try? JSONValue(parsing: body))?.refusal(status: head.status)
            ?? ChatError(.standing(for: head.status), "The server answered \(head.status).")
        if error.retryAfterMilliseconds == nil, let seconds = head.first("retry-after").flatMap({ Int($0) }) {
            error = ChatError(
                error.code, error.detail, retryAfterMilliseconds: min(max(0, seconds), 3600) * 1000)
        }
        return ClientMachine.Refusal(status: head.status, error: error)
    }
}
