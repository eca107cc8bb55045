import ChatHTTP1
import Testing

@Suite("Percent-encoding and query items (RFC 3986 section 2.1)")
struct PercentCodingTests {
    @Test(
        arguments: [
            ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%41%5a%5A", "AZZ"), ("%C3%A9", "é"), ("%F0%9F%98%80", "😀"),
            ("%25%2B", "%+"), ("%00", "\0"), ("é", "é"), ("%2f%2F", "//"),
        ])
    func decodes(_ encoded: String, _ expected: String) {
        #expect(PercentCoding.decode(encoded, plusIsSpace: false) == expected)
        #expect(unsafe PercentCoding.decode(Array(encoded.utf8).span.bytes, plusIsSpace: false) == expected)
    }

    @Test(
        "Escapes are whole, and what they mean is UTF-8",
        arguments: [
            "%", "a%", "%4", "%4g", "%g4", "%%41", "% 41", "%+1", "%-1", "%0x", "%u0041", "%C3", "%C3(", "%FF",
            "%C0%80",
            "%ED%A0%80", "%F4%90%80%80", "%E2%82", "%A9",
        ])
    func refuses(_ encoded: String) {
        #expect(PercentCoding.decode(encoded, plusIsSpace: true) == nil)
        #expect(unsafe PercentCoding.decode(Array(encoded.utf8).span.bytes, plusIsSpace: true) == nil)
    }

    @Test("Bytes that are no UTF-8 are refused unescaped too")
    func refusesBytes() { #expect(unsafe PercentCoding.decode([0x61, 0xFF].span.bytes, plusIsSpace: true) == nil) }

    @Test func plusIsASpaceOnlyInQueries() {
        #expect(PercentCoding.decode("a+b%2B", plusIsSpace: true) == "a b+")
        #expect(PercentCoding.decode("a+b%2B", plusIsSpace: false) == "a+b+")
    }

    @Test(arguments: ["", "abc-._~09", "a b+c&d=e", "é😀", "%41", "\0\r\n", "/?#[]@!$'()*,;:\"<>"])
    func whatIsEncodedIsDecoded(_ text: String) {
        let encoded = PercentCoding.encode(text)
        #expect(PercentCoding.decode(encoded, plusIsSpace: true) == text)
        #expect(PercentCoding.decode(encoded, plusIsSpace: false) == text)
        #expect(HTTPField(name: "Link", value: encoded).isValid)
    }

    @Test func encodesInCapitals() { #expect(PercentCoding.encode("a /é>") == "a%20%2F%C3%A9%3E") }

    @Test(
        arguments: [
            ("", []), ("a=1", [("a", "1")]), ("a=1&b=2", [("a", "1"), ("b", "2")]), ("a", [("a", "")]),
            ("a=", [("a", "")]),
            ("=b", [("", "b")]), ("a=b=c", [("a", "b=c")]), ("&&a=1&&", [("a", "1")]), ("a+b=c%26d", [("a b", "c&d")]),
            ("a%3Db=1", [("a=b", "1")]), ("a;b=1", [("a;b", "1")]), ("=", [("", "")]),
        ] as [(String, [(String, String)])])
    func items(_ query: String, _ expected: [(String, String)]) throws {
        let items = try #require(QueryItems(parsing: query))
        #expect(items.items.map(\.name) == expected.map(\.0))
        #expect(items.items.map(\.value) == expected.map(\.1))
        #expect(unsafe QueryItems(parsing: Array(query.utf8).span.bytes) == items)
    }

    @Test(arguments: ["a=%", "%zz=1", "a=1&b=%C3", "a=%FF&b=1"])
    func brokenItemsBreakTheWhole(_ query: String) { #expect(QueryItems(parsing: query) == nil) }

    @Test("A form body that is no UTF-8 is refused")
    func brokenForm() { #expect(unsafe QueryItems(parsing: [0x61, 0x3D, 0xC3].span.bytes) == nil) }

    @Test func firstAndAll() throws {
        let items = try #require(QueryItems(parsing: "a=1&A=2&a=3"))
        #expect(items.first("a") == "1")
        #expect(items.all("a") == ["1", "3"])
        #expect(items.first("A") == "2")
        #expect(items.first("b") == nil)
    }

    @Test("100 items pass, 101 do not")
    func itemLimit() {
        let hundred = Array(repeating: "a=1", count: 100).joined(separator: "&")
        #expect(QueryItems(parsing: hundred)?.items.count == 100)
        #expect(QueryItems(parsing: hundred + "&") != nil)
        #expect(QueryItems(parsing: hundred + "&b") == nil)
    }

    @Test func encodedForALink() throws {
        var items = QueryItems()
        items.append("limit", "50")
        items.append("cursor", "a/b=>é")
        #expect(items.encoded == "limit=50&cursor=a%2Fb%3D%3E%C3%A9")
        #expect(QueryItems(parsing: items.encoded) == items)
    }
}
