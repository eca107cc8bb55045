import ChatHTTP1

/// The request that a connection is reading or handling, and what of it helps with the next.
struct CurrentRequest {
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
    /// Where `match` was found.
    private var place: (method: String, path: String) = ("", "")

    mutating func begin(_ head: RequestHead, now: Int64, on router: Router) {
        began = now
        if head.path != place.path || head.method != place.method {
            match = router.match(method: head.method, path: head.path)
            place = (head.method, head.path)
        }
        if !head.isRepeated {
            keepsake = nil
            isFromPage = head.first("Origin") != nil
        }
        self.head = head
    }

    mutating func append(_ piece: RawSpan) {
        unsafe piece.withUnsafeBytes { unsafe body.append(contentsOf: $0) }
    }

    /// The whole body, for whoever handles the request.
    mutating func takeBody() -> [UInt8] {
        defer { body = [] }
        return body
    }

    /// It is answered.
    mutating func end() {
        head = nil
        body = []
    }
}
