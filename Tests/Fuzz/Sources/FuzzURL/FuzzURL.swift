import ChatHTTP1
import Feeding
import Foundation

@testable import ChatHTTPServer

/// Any bytes as a path and as a query: what the router takes apart holds nothing that could mean something else to
/// somebody else, and the items of a query are those that Foundation's decoding gives.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzURL(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        let items = unsafe QueryItems(parsing: input.span.bytes)
        guard let text = String(validating: input, as: UTF8.self) else {
            precondition(items == nil, "items out of bytes that are no UTF-8")
            return
        }
        precondition(QueryItems(parsing: text) == items)
        check(items, against: text)
        check(router.match(method: "GET", path: text), path: text)
        check(router.match(method: "GET", path: "/" + text), path: "/" + text)
    }
}

private func check(_ items: QueryItems?, against text: String) {
    // Foundation mends what is no UTF-8, with a replacement character.
    var isMended = false
    var theirs: [[UInt8]]? = []
    for piece in text.utf8.split(separator: UInt8(ascii: "&")) {
        let halves = piece.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        for half in [halves[0], halves.count > 1 ? halves[1] : piece[piece.endIndex...]] {
            let spaced = String(decoding: half.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
            let decoded = spaced.removingPercentEncoding.map { Array($0.utf8) }
            isMended = isMended || spaced.removingPercentEncoding?.unicodeScalars.contains("\u{FFFD}") == true
            theirs = decoded.flatMap { decoded in theirs.map { $0 + [decoded] } }
        }
    }
    guard let items else {
        precondition(
            theirs == nil || isMended || (theirs ?? []).count > 2 * QueryItems.itemLimit,
            "a query that Foundation decodes")
        return
    }
    precondition(items.items.flatMap { [Array($0.name.utf8), Array($0.value.utf8)] } == theirs, "other items")
    precondition(QueryItems(parsing: items.encoded) == items, "other items when they are written and read")
    for item in items.items { precondition(items.all(item.name).first == items.first(item.name)) }
}

private func check(_ match: Router.Match, path: String) {
    switch match {
    case .found(_, let parameters):
        for name in ["conversation", "message", "name"] {
            guard let value = parameters[name] else { continue }
            precondition(!value.isEmpty && value != "." && value != "..", "a segment that leads elsewhere")
            precondition(value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") })
        }
    case .wrongMethod(let allow), .options(let allow): precondition(!allow.isEmpty)
    case .notFound: break
    }
}

/// Patterns as the transports have them, and one of each kind for both methods.
private let router: Router = {
    let patterns = [
        "/", "/healthz", "/api/chat/info", "/api/chat/conversations", "/api/chat/conversations/{conversation}",
        "/api/chat/conversations/{conversation}/messages", "/api/chat/messages/{message}",
        "/api/chat/ws/{conversation}",
        "/api/auth/users/{name}",
    ]
    do {
        return try Router(patterns.map { Route("GET", $0, .immediate { _ in HTTPResponse(status: 204) }) })
    } catch {
        preconditionFailure("\(error)")
    }
}()
