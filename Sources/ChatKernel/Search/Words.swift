/// The words of a text, as search knows them: what is told apart, and what is not.
///
/// A word is a run of letters, marks and digits of any script, in lower case. A letter with something added to it is that
/// letter (``PlainLetters``), so that `Łódź` and `lodz` are one word. Where words are written without spaces between them
/// (Chinese, Japanese, Thai and their neighbours) each letter is a word. Of a longer word the first ``longest`` bytes
/// count. Everything else (spaces, punctuation, symbols, emoji) parts words, and is not found.
///
/// An index keeps words as they are made here; ``version`` changes when the rule does.
public enum Words {
    /// An index that was made by another rule has to be made again.
    public static let version: Int64 = 1
    /// In bytes of UTF-8.
    public static let longest = 48

    /// In the order of the text, each as often as it is there.
    public static func of(_ text: String) -> [String] {
        var words: [String] = []
        var word = Word()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x61...0x7A, 0x30...0x39: word.append(scalar)
            case 0x41...0x5A: word.append(Unicode.Scalar(UInt8(truncatingIfNeeded: scalar.value | 0x20)))
            case ..<0x80: word.end(&words)
            default: add(scalar, to: &word, &words)
            }
        }
        word.end(&words)
        return words
    }

    private static func add(_ scalar: Unicode.Scalar, to word: inout Word, _ words: inout [String]) {
        guard isPartOfWord(scalar) else { return word.end(&words) }
        let standsAlone = standsAlone(scalar)
        if standsAlone { word.end(&words) }
        for lower in scalar.properties.lowercaseMapping.unicodeScalars where !isAddition(lower) {
            word.append(PlainLetters.plain(lower))
        }
        if standsAlone { word.end(&words) }
    }

    private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
            true
        default: false
        }
    }

    /// The marks that are added to Latin, Greek and Cyrillic letters.
    private static func isAddition(_ scalar: Unicode.Scalar) -> Bool { 0x300...0x36F ~= scalar.value }

    /// Letters of scripts that do not part words.
    private static func standsAlone(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<0xE00: false
        case 0xE01...0xEFF, 0x1000...0x109F, 0x1780...0x17DD: true  // Thai, Lao; Myanmar; Khmer
        case 0x3040...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9D: true  // Kana
        default: scalar.properties.isIdeographic
        }
    }

    /// The word that is being read.
    private struct Word {
        private var bytes: [UInt8] = []
        private var isFull = false

        mutating func append(_ scalar: Unicode.Scalar) {
            guard !isFull else { return }
            let encoded = UTF8.encode(scalar)
            guard let encoded, bytes.count + encoded.count <= longest else {
                isFull = true
                return
            }
            bytes.append(contentsOf: encoded)
        }

        mutating func end(_ words: inout [String]) {
            if !bytes.isEmpty { words.append(String(decoding: bytes, as: UTF8.self)) }
            bytes.removeAll(keepingCapacity: true)
            isFull = false
        }
    }
}
