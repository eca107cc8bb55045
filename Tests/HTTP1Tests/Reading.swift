import ChatHTTP1
import Testing

/// The events of `text`, which must be the same however it is cut: whole, byte by byte, and in some odd sizes.
@discardableResult
func read(
    _ text: String, limits: HTTPLimits = HTTPLimits(), at location: SourceLocation = #_sourceLocation
) -> [HTTPEvent] {
    read(Array(text.utf8), limits: limits, at: location)
}

@discardableResult
func read(
    _ bytes: [UInt8], limits: HTTPLimits = HTTPLimits(), at location: SourceLocation = #_sourceLocation
) -> [HTTPEvent] {
    let whole = ByteFeeder(bytes, pieceSize: max(bytes.count, 1), limits: limits)
    #expect(whole.brokenPromise == nil, sourceLocation: location)
    // Large inputs are cut into large pieces too, so that no test is long.
    let sizes = bytes.count <= 20_000 ? [1, 2, 3, 7, 64] : [1021, 4096]
    for size in sizes {
        let pieces = ByteFeeder(bytes, pieceSize: size, limits: limits)
        #expect(pieces.events == whole.events, "in pieces of \(size)", sourceLocation: location)
        #expect(pieces.brokenPromise == nil, "in pieces of \(size)", sourceLocation: location)
        #expect(pieces.isBetweenRequests == whole.isBetweenRequests, sourceLocation: location)
        #expect(pieces.phase == whole.phase, sourceLocation: location)
    }
    return whole.events
}

/// The one head in `text`.
func head(of text: String, at location: SourceLocation = #_sourceLocation) throws -> RequestHead {
    let events = read(text, at: location)
    guard case .head(let head) = events.first else {
        throw Unexpected(events: events)
    }
    return head
}

/// The status of the violation `text` ends in; nil when it ends in none.
func refusal(
    _ text: String, limits: HTTPLimits = HTTPLimits(), at location: SourceLocation = #_sourceLocation
) -> Int? {
    refusal(Array(text.utf8), limits: limits, at: location)
}

func refusal(
    _ bytes: [UInt8], limits: HTTPLimits = HTTPLimits(), at location: SourceLocation = #_sourceLocation
) -> Int? {
    guard case .violation(let violation) = read(bytes, limits: limits, at: location).last else { return nil }
    return violation.status
}

/// The joined content of the only request in `text`, which must be complete.
func content(
    of text: String, limits: HTTPLimits = HTTPLimits(), at location: SourceLocation = #_sourceLocation
) throws -> String {
    let events = read(text, limits: limits, at: location)
    switch (events.count, events.first, events.dropFirst().first, events.last) {
    case (2, .head, .end, .end): return ""
    case (3, .head, .body(let bytes), .end): return String(decoding: bytes, as: UTF8.self)
    default: throw Unexpected(events: events)
    }
}

struct Unexpected: Error { var events: [HTTPEvent] }

/// A GET with these field lines, each ended by CRLF, besides `Host`.
func get(_ fieldLines: String = "") -> String { "GET / HTTP/1.1\r\nHost: a\r\n\(fieldLines)\r\n" }

/// A chunked POST with this content.
func chunked(_ content: String) -> String {
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(content)"
}

/// A text as its case is listed in a test's output.
struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    var testDescription: String { name }

    init(_ name: String, _ text: String) {
        self.name = name
        self.text = text
    }
}
