/// What a small letter is without what was added to it: `é`, `ł` and `ậ` are `e`, `l` and `a`.
///
/// Unicode's own names say so ("LATIN SMALL LETTER L WITH STROKE"), for Latin, Greek and Cyrillic. What has a name of its own
/// (`ß`, `æ`, `ё`, `й`) is a letter of its own.
enum PlainLetters {
    static func plain(_ letter: Unicode.Scalar) -> Unicode.Scalar {
        switch letter.value {
        case 0x3C2: "σ"  // written so at the end of a word
        case 0xC0...0x52F, 0x1E00...0x1FFF: plain[letter] ?? letter
        default: letter
        }
    }

    /// Made once, of some two thousand names: a few milliseconds.
    private static let plain: [Unicode.Scalar: Unicode.Scalar] = {
        let values = [UInt32](0x61...0x7A) + [UInt32](0xC0...0x52F) + [UInt32](0x1E00...0x1FFF)
        var named: [[Substring]: Unicode.Scalar] = [:]
        var changed: [(letter: Unicode.Scalar, plain: [Substring])] = []
        for letter in values.lazy.compactMap(Unicode.Scalar.init) {
            let name = letter.properties.name?.split(separator: " ") ?? []
            guard name.dropFirst().starts(with: ["SMALL", "LETTER"]) else { continue }
            if let end = name.firstIndex(of: "WITH") {
                changed.append((letter, Array(name[..<end])))
            } else {
                named[name] = letter
            }
        }
        var plain: [Unicode.Scalar: Unicode.Scalar] = [:]
        for (letter, name) in changed { plain[letter] = named[name] }
        return plain
    }()
}
