import ChatHTTP1
import Feeding
import Foundation

/// Any bytes as an escaped text: every way in gives the same answer, which is Foundation's too, and what is encoded is decoded.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPercent(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        let asPath = unsafe PercentCoding.decode(input.span.bytes, plusIsSpace: false)
        let asQuery = unsafe PercentCoding.decode(input.span.bytes, plusIsSpace: true)
        precondition((asPath == nil) == (asQuery == nil), "a plus sign decides about validity")
        guard let text = String(validating: input, as: UTF8.self) else { return }
        precondition(PercentCoding.decode(text, plusIsSpace: false) == asPath)
        precondition(PercentCoding.decode(text, plusIsSpace: true) == asQuery)
        compare(text, asPath)
        compare(
            String(decoding: input.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }, as: UTF8.self), asQuery)
        let encoded = PercentCoding.encode(text)
        precondition(isSame(encoded.removingPercentEncoding, text), "Foundation cannot read what was encoded")
        for plusIsSpace in [false, true] {
            let again = PercentCoding.decode(encoded, plusIsSpace: plusIsSpace)
            precondition(isSame(again, text), "encoded and decoded is not the same")
        }
    }
}

/// What we decode, Foundation decodes to the same. Of what we refuse it mends a part: it puts a replacement character where
/// the bytes are no UTF-8.
private func compare(_ encoded: String, _ ours: String?) {
    let theirs = encoded.removingPercentEncoding
    if ours == nil, let theirs, theirs.unicodeScalars.contains("\u{FFFD}") { return }
    precondition(isSame(ours, theirs), "Foundation decodes something else")
}

private func isSame(_ one: String?, _ other: String?) -> Bool {
    one.map { Array($0.utf8) } == other.map { Array($0.utf8) }
}
