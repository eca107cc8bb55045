import ChatHTTP1

@testable import Feeding

/// Any bytes as a connection's input: whole, byte by byte and in pieces must give the same events, and a head that came
/// through keeps what `RequestHead` promises. Once with the limits of every day, once with limits so tight that they are met.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTPHead(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        check(input, limits: HTTPLimits())
        var tight = HTTPLimits()
        tight.requestLineBytes = 40
        tight.fieldBlockBytes = 80
        tight.fieldCount = 3
        tight.bodyBytes = 20
        tight.chunkLineBytes = 12
        tight.chunkExtensionBytes = 16
        tight.trailerBytes = 24
        check(input, limits: tight)
    }
}

func check(_ input: [UInt8], limits: HTTPLimits) {
    let whole = ByteFeeder(input, pieceSize: max(input.count, 1), limits: limits)
    precondition(whole.brokenPromise == nil, whole.brokenPromise ?? "")
    for pieceSize in pieceSizes(for: input) {
        let pieces = ByteFeeder(input, pieceSize: pieceSize, limits: limits)
        precondition(pieces.brokenPromise == nil, pieces.brokenPromise ?? "")
        precondition(whole.events == pieces.events, "cut in pieces it differs")
        precondition(whole.phase == pieces.phase && whole.isBetweenRequests == pieces.isBetweenRequests)
    }
    for event in whole.events {
        switch event {
        case .head(let head): check(head, limits: limits)
        case .body(let body): precondition(body.count <= limits.bodyBytes)
        case .violation(let violation): precondition([400, 413, 414, 431, 501, 505].contains(violation.status))
        case .end: break
        }
    }
}

func check(_ head: RequestHead, limits: HTTPLimits) {
    precondition(HTTPField(name: head.method, value: "").isValid)
    precondition(head.path.hasPrefix("/") || (head.path == "*" && head.method == "OPTIONS"))
    precondition((head.path + (head.query ?? "")).utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
    precondition(head.fields.count <= limits.fieldCount && head.fields.allSatisfy(\.isValid))
    precondition(head.minorVersion == 0 || head.minorVersion == 1)
    precondition(head.all("host").count == (head.minorVersion == 1 ? 1 : head.all("host").count))
    precondition(head.first("host") == nil || head.first("host") == head.host)
    precondition(head.contentLength ?? 0 >= 0 && head.contentLength ?? 0 <= limits.bodyBytes)
    precondition(!head.isChunked || head.contentLength == nil)
    precondition(!head.expectsContinue || head.hasBody)
    // What is not well formed was refused; what is left can fail only by not being UTF-8.
    _ = PercentCoding.decode(head.path, plusIsSpace: false)
    _ = head.query.flatMap(QueryItems.init(parsing:))
    _ = head.isUpgrade(to: "websocket")
    // An answer is one head, whatever was asked.
    let response = HTTPResponse(status: 200, fields: head.fields)
    let bytes = ResponseWriter.serialize(response, to: head, keepAlive: true, date: "Thu, 01 Jan 1970 00:00:00 GMT")
    precondition(bytes.suffix(4) == [13, 10, 13, 10])
    precondition(bytes.count(where: { $0 == 10 }) == bytes.count(where: { $0 == 13 }))
}
