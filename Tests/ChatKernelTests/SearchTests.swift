import Testing

@testable import ChatKernel

@Suite("Words")
struct WordTests {
    @Test(
        "of a text are runs of letters, marks and digits, in lower case",
        arguments: [
            ("", []), ("...", []), ("Tea, at 5!", ["tea", "at", "5"]), ("don't", ["don", "t"]),
            ("snake_case-42", ["snake", "case", "42"]), ("🙂tea🙂", ["tea"]), ("a\u{0}b", ["a", "b"]),
            ("STRASSE Straße", ["strasse", "straße"]), ("हिन्दी में", ["हिन्दी", "में"]),
        ])
    func plain(text: String, words: [String]) { #expect(Words.of(text) == words) }

    @Test(
        "are the same whatever was added to a letter, in one character or in two",
        arguments: [
            ("Größe", "grosse".replacing("ss", with: "ß")), ("Łódź", "lodz"), ("Việt Nam", "viet nam"),
            ("cafe\u{301}", "cafe"), ("caf\u{E9}", "cafe"), ("ΌΔΟΣ οδός", "οδοσ οδοσ"), ("İstanbul", "istanbul"),
        ])
    func additions(text: String, plain: String) {
        #expect(Words.of(text) == plain.split(separator: " ").map(String.init))
    }

    @Test("are single letters where nothing parts them", arguments: [("日本語 ABC本", "日 本 語 abc 本"), ("ไทย", "ไ ท ย")])
    func unparted(text: String, words: String) {
        #expect(Words.of(text) == words.split(separator: " ").map(String.init))
    }

    @Test("count to their 48th byte, and no letter is cut in two")
    func long() {
        #expect(Words.of(String(repeating: "x", count: 100) + " y") == [String(repeating: "x", count: 48), "y"])
        #expect(Words.of("x" + String(repeating: "д", count: 100)) == ["x" + String(repeating: "д", count: 23)])
        // A letter that would have fitted does not follow one that did not.
        #expect(Words.of(String(repeating: "x", count: 47) + "дx") == [String(repeating: "x", count: 47)])
    }
}

@Suite("A search")
struct SearchQueryTests {
    private func finds(_ query: String, in text: String) throws -> Bool { try SearchQuery(query).matches(text) }

    @Test("finds what has all its words, in any order and case")
    func words() throws {
        #expect(try finds("tea biscuits", in: "Biscuits with my TEA?"))
        #expect(try finds("tea tea", in: "tea"))
        #expect(try !finds("tea biscuits", in: "tea"))
        #expect(try !finds("tea", in: "teapot"))
    }

    @Test("takes a quotation, and what is written together, as words next to one another")
    func quotations() throws {
        for query in ["\"green tea\"", "green-tea", "\"Green, tea", "x \"green tea\" y"] {
            #expect(try finds(query, in: "y: hot green tea x"))
            #expect(try !finds(query, in: "x y: tea green"))
        }
        #expect(try finds("日本", in: "日本語"))
        #expect(try !finds("日語", in: "日本語"))
    }

    @Test("may end in the beginning of a word")
    func beginnings() throws {
        #expect(try finds("bisc*", in: "tea and biscuits"))
        #expect(try finds("and-bisc*", in: "tea and biscuits"))
        #expect(try !finds("bisc*", in: "tea"))
        // Anywhere else a star is a sign like any other.
        #expect(try !finds("bisc* tea", in: "tea and biscuits"))
        #expect(try !finds("\"bisc*\"", in: "tea and biscuits"))
        #expect(try !finds("bisc-*", in: "tea and biscuits"))
        #expect(try finds("tea *", in: "tea"))
        #expect(try finds("日*", in: "日本語"))
    }

    @Test("is no language: whatever else stands in it is passed over")
    func signs() throws {
        for query in ["tea OR", "NEAR(tea, or)", "tea:or", "-or ^tea", "'tea' -- or", "{or}: \"tea\""] {
            #expect(try finds(query, in: "near tea or or tea, near tea or"))
        }
        #expect(try !finds("tea OR coffee", in: "tea"))
    }

    @Test(
        "is refused without a word, too long, of too many words, or with too short a beginning",
        arguments: [
            "", "  ", "\"\"", "*", ":-)", String(repeating: "x", count: 257), String(repeating: "a ", count: 17),
            "te*", "tea b*",
        ])
    func refused(query: String) {
        #expect { try SearchQuery(query) } throws: { ($0 as? ChatError)?.code == .invalidField }
    }

    @Test("may be as long as may be")
    func bounds() throws {
        #expect(try SearchQuery(String(repeating: "é", count: 128)).terms.count == 1)
        #expect(try SearchQuery(String(repeating: "a ", count: 16)).terms.count == 16)
    }
}
