/// A user who is named in a text: `@` and the username.
///
/// ```
///   @ann, look        ann            mail@ann.example      nobody: a letter stands before the @
///   (@Ann!)           ann            @anna                 anna, and not ann
/// ```
public enum Mention {
    /// Whether the text names the user, without regard to case (``User/folded(_:)``). Neither a letter nor a digit stands before the `@`,
    /// nor one of them or a low line behind the name.
    public static func names(_ username: String, in text: String) -> Bool {
        let name = Array(User.folded("@" + username).unicodeScalars)
        let text = Array(User.folded(text).unicodeScalars)
        guard name.count > 1, text.count >= name.count else { return false }
        for start in 0...text.count - name.count where text[start] == "@" {
            let end = start + name.count
            guard text[start..<end].elementsEqual(name), start == 0 || !isPartOfName(text[start - 1]),
                end == text.count || text[end] != "_" && !isPartOfName(text[end])
            else { continue }
            return true
        }
        return false
    }

    private static func isPartOfName(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            true
        default: false
        }
    }
}

extension SearchQuery {
    /// What a text holds that names the user, and others that hold the name besides; nil for a name without a letter or digit.
    init?(naming username: String) {
        let words = Words.of(username).prefix(Self.mostWords)
        guard !words.isEmpty, let query = try? SearchQuery("\"" + words.joined(separator: " ") + "\"") else {
            return nil
        }
        self = query
    }
}
