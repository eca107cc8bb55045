import ChatHTTP1

/// The request that a connection is reading or handling, and what of it helps with the next. One for each connection.
final class CurrentRequest {
    /// Nil between requests.
    private(set) var head: RequestHead?
    private(set) var match = Router.Match.notFound
    /// What of the body has come.
    private(set) var body: [UInt8] = []
    /// When its head was whole, in monotonic nanoseconds.
    private(set) var began: Int64 = 0
    /// What a handler made of the fields, for as long as the peer sends the same. See `Exchange.keepsake`.
    var keepsake: AnyObject?
    /// Whether a browser says which page it comes from, so that the answer depends on that.
    private(set) var isFromPage = false
    /// Whether the peer wants the connection kept after the answer.
    private(set) var keepsAlive = false
    /// Whether it is a GET in HTTP/1.1 that keeps the connection, so that its answer is as to every other.
    private(set) var isPlain = false
    /// Where `match` was found.
    private var place: RequestLine?

    func begin(_ head: RequestHead, now: Int64, at server: HTTPServer) {
        began = now
        if place?.asksSamePlace(as: head.line) != true {
            match = server.router.match(method: head.method, path: head.path)
            place = head.line
        }
        if !head.isRepeated {
            keepsake = nil
            isFromPage = head.first("Origin") != nil
        }
        keepsAlive = head.keepAlive
        isPlain = keepsAlive && head.minorVersion == 1 && head.method == "GET"
        self.head = head
    }

    func append(_ piece: RawSpan) {
        unsafe piece.withUnsafeBytes { unsafe body.append(contentsOf: $0) }
    }

    /// The whole body, for whoever handles the request.
    func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// It is answered.
    func end() {
        head = nil
        (keepsAlive, isPlain) = (false, false)
        body = []
    }
}
