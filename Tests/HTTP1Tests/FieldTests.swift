import ChatHTTP1
import Testing

@Suite("Fields (RFC 9112 section 5, RFC 9110 section 5)")
struct FieldTests {
    @Test("Section 5.1: blanks around a value are no part of it")
    func blanksAround() throws {
        let head = try head(of: get("A:1\r\nB: 2\r\nC: \t 3 \t \r\nD:\r\nE: \t\r\nF: a b\tc\r\n"))
        #expect(head.fields.dropFirst().map(\.value) == ["1", "2", "3", "", "", "a b\tc"])
    }

    @Test func namesCompareInAnyCaseAndKeepTheirOwn() throws {
        let head = try head(of: get("X-One: 1\r\nx-two: 2\r\nX-ONE: 3\r\n"))
        #expect(head.first("x-oNe") == "1")
        #expect(head.all("X-one") == ["1", "3"])
        #expect(head.first("x-on") == nil)
        #expect(head.all("x-three").isEmpty)
        #expect(head.fields.map(\.name) == ["Host", "X-One", "x-two", "X-ONE"])
    }

    @Test("Only letters have two cases: ^ is not ~")
    func caseOfLettersOnly() throws {
        #expect(try head(of: get("a^: 1\r\n")).first("A~") == nil)
    }

    @Test("Every character of a token may be in a name")
    func tokenNames() throws {
        #expect(try head(of: get("!#$%&'*+-.^_`|~09azAZ: 1\r\n")).first("!#$%&'*+-.^_`|~09azAZ") == "1")
    }

    @Test(
        "Section 5: lines that are no field lines",
        arguments: [
            Case("a blank before the colon (CVE-2021-22959)", "A : 1\r\n"),
            Case("a tab before the colon", "A\t: 1\r\n"),
            Case("section 5.2: a folded line", "A: 1\r\n 2\r\n"),
            Case("section 5.2: folded by a tab", "A: 1\r\n\t2\r\n"),
            Case("an empty name", ": 1\r\n"),
            Case("no colon", "A\r\n"),
            Case("a blank in the name", "A B: 1\r\n"),
            Case("a quote in the name", "\"A\": 1\r\n"),
            Case("a parenthesis in the name", "A(: 1\r\n"),
            Case("a slash in the name", "A/B: 1\r\n"),
            Case("a NUL in the name", "A\0: 1\r\n"),
            Case("a letter beyond ASCII in the name", "\u{E9}: 1\r\n"),
            Case("a bare LF", "A: 1\nB: 2\r\n"),
            Case("a bare LF after the name", "A\nB: 2\r\n"),
            Case("a bare CR in the value", "A: 1\rB: 2\r\n"),
            Case("two CRs", "A: 1\r\r\n"),
            Case("a NUL in the value", "A: 1\0\r\n"),
            Case("a vertical tab in the value", "A: \u{B}1\r\n"),
            Case("an escape in the value", "A: \u{1B}[0m\r\n"),
            Case("a DEL in the value", "A: \u{7F}\r\n"),
            Case("a bare LF instead of the empty line", "A: 1\r\n\n"),
            Case("a bare CR instead of the empty line", "A: 1\r\n\rX"),
        ])
    func malformed(_ input: Case) { #expect(refusal(get(input.text)) == 400) }

    @Test("A first field line that begins with a blank is refused like any other")
    func foldedFirstLine() { #expect(refusal("GET / HTTP/1.1\r\n Host: a\r\n\r\n") == 400) }

    @Test("RFC 9110 section 5.5: bytes beyond ASCII are opaque")
    func opaqueBytes() throws {
        #expect(try head(of: get("A: gr\u{FC}n \u{1F600}\r\n")).first("a") == "gr\u{FC}n \u{1F600}")
        let latin1 = Array("GET / HTTP/1.1\r\nHost: a\r\nA: gr".utf8) + [0xFC] + Array("n\r\n\r\n".utf8)
        guard case .head(let head) = read(latin1).first else {
            Issue.record("no head")
            return
        }
        #expect(head.first("a") == "gr\u{FFFD}n")
    }
}
