import ChatKernel
import Feeding

/// What somebody searches for, and a text behind the first line's end. A text ends in words that are words of themselves, and fit
/// to be put in quotes; a query finds the text that it is made of.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSearch(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    unsafe feed(data, size) { input in
        let parts = input.split(separator: UInt8(ascii: "\n"), maxSplits: 1)
        let text = String(decoding: parts.last ?? [], as: UTF8.self)
        for word in Words.of(text) {
            precondition(Words.of(word) == [word], "a word has other words")
            precondition(word.utf8.allSatisfy(mayStandInWord), "a word has a sign in it")
            precondition((1...Words.longest).contains(word.utf8.count), "a word is too long")
        }
        let asked = String(decoding: parts.first ?? [], as: UTF8.self)
        guard let query = try? SearchQuery(asked) else { return }
        let words = query.terms.flatMap(\.words)
        precondition((1...SearchQuery.mostWords).contains(words.count), "a query of \(words.count) words")
        precondition(query.matches(asked), "a query does not find itself")
        precondition(query.matches(text + " " + asked + " " + text), "a query does not find itself in a text")
        if query.matches(text) { precondition(query.matches(text + " " + text), "less is found in more") }
    }
}

private func mayStandInWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), 0x80...: true
    default: false
    }
}
