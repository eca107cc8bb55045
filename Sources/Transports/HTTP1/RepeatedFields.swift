/// The fields of a connection's head before, as bytes and as they were read. A client that asks again says the same again: the same
/// bytes mean the same, so they are compared and not read.
///
/// Only of heads without content that came in one piece, of at most ``limit`` bytes, and whose connection stays.
struct RepeatedFields {
    static let limit = 2048

    private var bytes: [UInt8] = []
    private(set) var head: RequestHead?

    /// The head that had the same fields, if what begins at `start` is the whole of them.
    func match(_ bytes: borrowing Span<UInt8>, from start: Int) -> (head: RequestHead, next: Int)? {
        guard let head = self.head, self.bytes.count <= bytes.count - start else { return nil }
        let next = start + self.bytes.count
        return unsafe areSame(bytes.extracting(start..<next).bytes, self.bytes.span.bytes) ? (head, next) : nil
    }

    /// Remembers these instead of those before, or none.
    mutating func remember(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, of head: RequestHead) {
        guard range.upperBound <= Self.limit, head.keepAlive, !head.isChunked, head.contentLength == nil else {
            self = RepeatedFields()
            return
        }
        self.bytes = unsafe bytes.extracting(range).withUnsafeBytes { unsafe Array($0) }
        self.head = head
    }
}

/// Whether two stretches hold the same bytes, eight at a time.
func areSame(_ a: borrowing RawSpan, _ b: borrowing RawSpan) -> Bool {
    guard a.byteCount == b.byteCount else { return false }
    var at = 0
    // Any bit pattern is a number, and the bounds are those of both.
    while a.byteCount &- at >= 8 {
        let a = unsafe a.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
        let b = unsafe b.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
        guard a == b else { return false }
        at &+= 8
    }
    while at < a.byteCount {
        let a = unsafe a.unsafeLoad(fromByteOffset: at, as: UInt8.self)
        let b = unsafe b.unsafeLoad(fromByteOffset: at, as: UInt8.self)
        guard a == b else { return false }
        at &+= 1
    }
    return true
}
