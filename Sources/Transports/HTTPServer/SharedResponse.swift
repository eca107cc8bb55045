public import ChatHTTP1

/// An answer that many requests on one loop get, such as the news of a room: made into bytes for the first of them, and again
/// only when the second is over or a request needs it in another way.
///
/// Its bytes belong to the loop it is used on, which is what `@unchecked Sendable` stands on.
public final class SharedResponse: @unchecked Sendable {
    let response: HTTPResponse
    let status: Int
    private var madeAt: Int64?
    private var isMadeSecure = false
    private var made: [UInt8] = []

    public init(_ response: HTTPResponse) {
        self.response = response
        status = response.status
    }

    /// The whole answer to a plain request (``CurrentRequest/isPlain``), if it has been made.
    /// - Parameter second: which the answer's `Date` names.
    func bytes(at second: Int64, isSecure: Bool) -> [UInt8]? {
        madeAt == second && isMadeSecure == isSecure ? made : nil
    }

    func keep(_ bytes: [UInt8], madeAt second: Int64, isSecure: Bool) {
        (madeAt, isMadeSecure, made) = (second, isSecure, bytes)
    }
}
