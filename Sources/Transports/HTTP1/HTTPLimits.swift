/// Every bound of the HTTP/1.1 core, in bytes unless it says otherwise. What is exactly at a limit passes, one more is
/// refused with the status named.
public struct HTTPLimits: Sendable, Equatable {
    /// The request line with its CRLF: 414. A bearer token in `?token=` may take 4 KiB; twice that is generous.
    public var requestLineBytes = 8 * 1024

    /// All field lines with their CRLFs and the empty line that closes them: 431. Together with the request line this is
    /// what one peer can make us hold before it is known.
    public var fieldBlockBytes = 64 * 1024

    /// Field lines in a head, and again in a trailer section: 431. Browsers send about twenty, proxies add ten.
    public var fieldCount = 100

    /// The content of one request: 413, decided from `Content-Length` before anything is read, and from each chunk size.
    /// Sixteen of the largest messages (64 KiB each) fit.
    public var bodyBytes = 1024 * 1024

    /// One chunk-size line with its extensions and CRLF: 400. Sixteen digits leave 238 for extensions nobody sends.
    public var chunkLineBytes = 256

    /// All chunk extensions of one body: 400. Without it a body of one-byte chunks could cost 256 times its size to read.
    public var chunkExtensionBytes = 4 * 1024

    /// The trailer section with its closing empty line: 431. Trailers are checked, then forgotten.
    public var trailerBytes = 4 * 1024

    public init() {}
}
