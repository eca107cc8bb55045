public import ChatHTTP1

/// An answer that many requests on one loop get, such as the news of a room: made into bytes for the first of them, and again
/// only when the second is over or a request needs it in another way.
///
/// Its bytes belong to the loop it is used on, which is what `@unchecked Sendable` stands on.
public final class SharedResponse: @unchecked Sendable {
    public let response: HTTPResponse
    private var made: (date: String, isSecure: Bool, bytes: [UInt8])?

    public init(_ response: HTTPResponse) { self.response = response }

    /// The whole answer to a GET in HTTP/1.1 after which the connection stays.
    func bytes(date: String, isSecure: Bool, _ make: () -> [UInt8]) -> [UInt8] {
        if let made, made.isSecure == isSecure, made.date == date { return made.bytes }
        let bytes = make()
        made = (date, isSecure, bytes)
        return bytes
    }
}
