import ChatHTTP1

/// Any bytes as an escaped text, a query and a form: every way in gives the same answer, and what is encoded is decoded.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPercent(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    let input = unsafe Array(UnsafeBufferPointer(start: data, count: size))
    let asPath = unsafe PercentCoding.decode(input.span.bytes, plusIsSpace: false)
    let asQuery = unsafe PercentCoding.decode(input.span.bytes, plusIsSpace: true)
    precondition((asPath == nil) == (asQuery == nil), "a plus sign decides about validity")
    let items = unsafe QueryItems(parsing: input.span.bytes)
    if let text = String(validating: input, as: UTF8.self) {
        precondition(PercentCoding.decode(text, plusIsSpace: false) == asPath)
        precondition(PercentCoding.decode(text, plusIsSpace: true) == asQuery)
        precondition(QueryItems(parsing: text) == items)
        for plusIsSpace in [false, true] {
            let again = PercentCoding.decode(PercentCoding.encode(text), plusIsSpace: plusIsSpace)
            precondition(again.map { Array($0.utf8) } == input, "encoded and decoded is not the same")
        }
    } else {
        precondition(items == nil, "items out of bytes that are no UTF-8")
    }
    if let items {
        precondition(items.items.count <= QueryItems.itemLimit)
        precondition(QueryItems(parsing: items.encoded) == items)
    }
    return 0
}
