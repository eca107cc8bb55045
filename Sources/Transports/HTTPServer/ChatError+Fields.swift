public import ChatHTTP1
public import ChatKernel

extension ChatError {
    /// What goes into the head of an answer that refuses: a 401 says how to authenticate (RFC 6750 section 3), and whoever may
    /// come back is told when (RFC 9110 section 10.2.3), in whole seconds.
    public var answerFields: [HTTPField] {
        var fields = [HTTPField(name: "Content-Type", value: "application/json")]
        if code.status == 401 {
            fields.append(HTTPField(name: "WWW-Authenticate", value: "Bearer error=\"invalid_token\""))
        }
        if let milliseconds = retryAfterMilliseconds {
            fields.append(HTTPField(name: "Retry-After", value: String(max(1, (milliseconds + 999) / 1000))))
        }
        return fields
    }
}
