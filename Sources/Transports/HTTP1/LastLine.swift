/// The request line that was read last by any of several connections, as bytes and as it was read. Those who wait for the same
/// thing ask for it in the same words, one after the other: the same bytes mean the same, so they are compared and not read.
///
/// For connections of one thread, which is what `@unchecked Sendable` stands on, and of the same limits. Only of lines of at most
/// ``limit`` bytes whose target names no host.
public final class LastLine: @unchecked Sendable {
    static let limit = 1024

    private var bytes: [UInt8] = []
    private var line: RequestLine?

    public init() {}

    /// The line, if these bytes begin with it, and where the fields begin.
    func match(_ bytes: borrowing Span<UInt8>, from start: Int) -> (line: RequestLine, next: Int)? {
        let known = self.bytes
        guard let line, known.count <= bytes.count - start else { return nil }
        let next = start + known.count
        return unsafe areSame(bytes.extracting(start..<next).bytes, known.span.bytes) ? (line, next) : nil
    }

    func remember(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, as line: RequestLine) {
        guard range.count <= Self.limit else { return }
        self.line = line
        self.bytes.removeAll(keepingCapacity: true)
        unsafe bytes.extracting(range).withUnsafeBytes { unsafe self.bytes.append(contentsOf: $0) }
    }
}
