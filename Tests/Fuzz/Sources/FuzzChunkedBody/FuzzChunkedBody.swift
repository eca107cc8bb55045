import ChatHTTP1

@testable import Feeding

/// Any bytes as the content of a chunked request: whole, byte by byte and in pieces must give the same events. The first
/// byte chooses how tight the limits are.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzChunkedBody(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        guard let choice = input.first else { return }
        var limits = HTTPLimits()
        if choice & 1 != 0 {
            limits.bodyBytes = Int(choice)
            limits.chunkLineBytes = 4 + Int(choice & 31)
            limits.chunkExtensionBytes = Int(choice & 63)
            limits.trailerBytes = Int(choice & 63)
            limits.fieldCount = 3
        }
        let start = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        let request = start + input.dropFirst()
        let whole = ByteFeeder(request, pieceSize: request.count, limits: limits)
        precondition(whole.brokenPromise == nil, whole.brokenPromise ?? "")
        for pieceSize in pieceSizes(for: input) {
            let pieces = ByteFeeder(request, pieceSize: pieceSize, limits: limits)
            precondition(pieces.brokenPromise == nil, pieces.brokenPromise ?? "")
            precondition(pieces.events == whole.events, "cut in pieces it differs")
            precondition(pieces.phase == whole.phase && pieces.isBetweenRequests == whole.isBetweenRequests)
        }
        if case .body(let body) = whole.events.dropFirst().first { precondition(body.count <= limits.bodyBytes) }
    }
}
