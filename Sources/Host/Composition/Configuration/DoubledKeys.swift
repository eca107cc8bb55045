/// Finds the keys that an object of a config has twice. One of the two would do nothing, and nobody could say which.
///
/// Foundation's reader keeps one of them and is silent. So the text is walked through once more, for its keys alone. What is
/// no JSON5 has been refused before; of such text this finds something or nothing, and comes to its end.
struct DoubledKeys {
    /// An object or a list that is not at its end yet.
    private struct Level {
        let isList: Bool
        /// Where in it the walk is: the last key, or the number of the item.
        var place: AnyKey
        /// In which line each key stands.
        var lines: [String: Int] = [:]
    }

    private var rest: ArraySlice<UInt8>
    private var line = 1
    private var levels: [Level] = []
    private var isKeyDue = false
    private var problems: [ConfigProblem] = []

    static func problems(in text: [UInt8]) -> [ConfigProblem] {
        var walk = DoubledKeys(rest: text[...])
        while let byte = walk.take() { walk.pass(byte) }
        return walk.problems
    }

    private init(rest: ArraySlice<UInt8>) { self.rest = rest }

    private mutating func take() -> UInt8? {
        let byte = rest.popFirst()
        if byte == UInt8(ascii: "\n") { line &+= 1 }
        return byte
    }

    private mutating func pass(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): break
        case UInt8(ascii: "/"): passComment()
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            isKeyDue = byte == UInt8(ascii: "{")
            levels.append(Level(isList: !isKeyDue, place: AnyKey(intValue: 0)))
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            isKeyDue = false
            _ = levels.popLast()
        case UInt8(ascii: ","): next()
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            let line = line
            let literal = takeString(from: byte)
            if isKeyDue { note(literal, in: line) }
        default: if isKeyDue { note(takeWord(from: byte), in: line) }
        }
    }

    private mutating func next() {
        guard var level = levels.popLast() else { return }
        if level.isList, let index = level.place.intValue { level.place = AnyKey(intValue: index &+ 1) }
        isKeyDue = !level.isList
        levels.append(level)
    }

    private mutating func passComment() {
        switch rest.first {
        case UInt8(ascii: "/"):
            while let byte = rest.first, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") { _ = take() }
        case UInt8(ascii: "*"):
            _ = take()
            var isStar = false
            while let byte = take(), !(isStar && byte == UInt8(ascii: "/")) { isStar = byte == UInt8(ascii: "*") }
        default: break
        }
    }

    /// The literal with its quotation marks.
    private mutating func takeString(from mark: UInt8) -> [UInt8] {
        var literal = [mark]
        while let byte = take() {
            literal.append(byte)
            if byte == mark { break }
            if byte == UInt8(ascii: "\\"), let escaped = take() { literal.append(escaped) }
        }
        return literal
    }

    /// A key without quotation marks.
    private mutating func takeWord(from first: UInt8) -> [UInt8] {
        var word = [first]
        while let byte = rest.first, byte > 0x20, byte != UInt8(ascii: ":"), byte != UInt8(ascii: "/") {
            word.append(byte)
            _ = take()
        }
        return word
    }

    private mutating func note(_ literal: [UInt8], in line: Int) {
        isKeyDue = false
        // Read by the reader of the whole, so that what is one key to it is one here.
        guard case .object(let members)? = try? ConfigValue.parse(Array("{".utf8) + literal + Array(":0}".utf8)),
            let name = members.keys.first, var level = levels.popLast()
        else { return }
        level.place = AnyKey(stringValue: name)
        let first = level.lines[name]
        if first == nil { level.lines[name] = line }
        levels.append(level)
        guard let first else { return }
        problems.append(
            ConfigProblem(
                path: SettingsDecoder.text(levels.map(\.place)),
                text: "is there twice, in line \(first) and in line \(line)"))
    }
}
