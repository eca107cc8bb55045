/// What is searched for: words, all of which must occur.
///
/// ```
///   tea biscuits         both words, anywhere
///   "green tea"          the words next to one another, in this order
///   green-tea            the same: what is written together is looked for together
///   tea bisc*            the last word may be the beginning of one, from three letters on
/// ```
/// A text means nothing else: it has no operators, and whatever is no word (``Words``) is passed over. A quotation
/// that does not end goes on to the end.
public struct SearchQuery: Hashable, Sendable {
    /// In bytes of UTF-8.
    public static let longest = 256
    /// Each costs a search of its own.
    public static let mostWords = 16
    /// Of a beginning: what begins with one letter is a large part of everything.
    public static let shortestBeginning = 3

    /// Words that stand next to one another, in this order; at least one.
    public struct Term: Hashable, Sendable {
        /// As ``Words`` makes them.
        public let words: [String]
        /// The last of them is the beginning of a word.
        public let isBeginning: Bool
    }

    /// At least one. All must occur.
    public let terms: [Term]

    /// - Throws: `invalid_field` for a text without a word, longer than ``longest``, of more than ``mostWords``, or with a
    ///   beginning shorter than ``shortestBeginning``.
    public init(_ text: String) throws(ChatError) {
        guard text.utf8.count <= Self.longest else {
            throw ChatError(.invalidField, "q: at most \(Self.longest) bytes.")
        }
        var terms: [Term] = []
        for piece in Self.pieces(of: text) {
            let words = Words.of(piece.text)
            guard let last = words.last else { continue }
            guard !piece.isBeginning || last.unicodeScalars.count >= Self.shortestBeginning else {
                throw ChatError(.invalidField, "q: at least \(Self.shortestBeginning) letters before the *.")
            }
            terms.append(Term(words: words, isBeginning: piece.isBeginning))
        }
        guard !terms.isEmpty else { throw ChatError(.invalidField, "q: what to look for; at least one word.") }
        guard terms.reduce(0, { $0 + $1.words.count }) <= Self.mostWords else {
            throw ChatError(.invalidField, "q: at most \(Self.mostWords) words.")
        }
        self.terms = terms
    }

    /// Whether a text holds all that is searched for.
    public func matches(_ text: String) -> Bool {
        let words = Words.of(text)
        return terms.allSatisfy { $0.occurs(in: words) }
    }

    // MARK: Reading

    private struct Piece {
        var text = ""
        var isBeginning = false
    }

    /// Quotations, and what stands between blanks.
    private static func pieces(of text: String) -> [Piece] {
        var pieces: [Piece] = []
        var piece = ""
        var isQuoted = false
        func end() {
            if !piece.isEmpty { pieces.append(Piece(text: piece)) }
            piece = ""
        }
        for scalar in text.unicodeScalars {
            if scalar == "\"" {
                end()
                isQuoted.toggle()
            } else if !isQuoted, scalar.properties.isWhitespace {
                end()
            } else {
                piece.unicodeScalars.append(scalar)
            }
        }
        // Only here: a star anywhere else parts words, like any other sign. It stands for more of a word, if that may have more.
        if !isQuoted, piece.unicodeScalars.last == "*" {
            piece.unicodeScalars.removeLast()
            let goesOn = Words.of(piece + "a").count == Words.of(piece).count
            pieces.append(Piece(text: piece, isBeginning: goesOn))
        } else {
            end()
        }
        return pieces
    }
}

extension SearchQuery.Term {
    func occurs(in text: [String]) -> Bool {
        guard text.count >= words.count else { return false }
        return (0...text.count - words.count).contains { start in
            words.indices.allSatisfy { place in
                let (wanted, found) = (words[place].utf8, text[start + place].utf8)
                return isBeginning && place == words.count - 1
                    ? found.starts(with: wanted) : found.elementsEqual(wanted)
            }
        }
    }
}
