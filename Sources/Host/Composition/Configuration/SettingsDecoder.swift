/// Decodes settings from a config, and finds everything that is wrong with them: values that will not do, and keys that the
/// settings never asked for.
///
/// A `Decodable` stops at its first error. So what stands where the error points is taken out, and the rest is decoded
/// again, until nothing more is found. Where even nothing is wrong, the object around it is taken out with it.
enum SettingsDecoder {
    static func decode<T: Decodable>(
        _ type: T.Type, from value: ConfigValue, at path: [any CodingKey], ignoring known: Set<String> = []
    ) -> Result<T, ConfigProblems> {
        var value = value
        var problems: [ConfigProblem] = []
        var told: Set<String> = []
        while true {
            let asked = AskedKeys()
            // Looked into by somebody who may not need anything of it.
            asked.visit(path)
            do {
                let settings = try T(from: ValueDecoder(value: value, codingPath: path, asked: asked))
                problems += asked.unasked(in: value, at: path, ignoring: known)
                return problems.isEmpty ? .success(settings) : .failure(ConfigProblems(problems))
            } catch {
                var (problem, place) = describe(error, at: path)
                let isNews = !place.indices.contains { told.contains(text(Array(place[...$0]))) }
                if isNews { problems.append(problem) }
                while place.count > path.count, !value.remove(place[path.count...]) { place.removeLast() }
                guard place.count > path.count else { return .failure(ConfigProblems(problems)) }
                told.insert(text(place))
            }
        }
    }

    /// A path as one would point at it.
    static func text(_ path: [any CodingKey]) -> String {
        var text = ""
        for key in path {
            if let index = key.intValue {
                text += "[\(index)]"
            } else {
                text += text.isEmpty ? key.stringValue : "." + key.stringValue
            }
        }
        return text
    }

    private static func describe(
        _ error: any Error, at section: [any CodingKey]
    ) -> (ConfigProblem, place: [any CodingKey]) {
        switch error {
        case DecodingError.keyNotFound(let key, let context):
            let path = context.codingPath + [key]
            return (ConfigProblem(path: text(path), text: "is needed"), path)
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            return (ConfigProblem(path: text(context.codingPath), text: context.debugDescription), context.codingPath)
        default:
            return (ConfigProblem(path: text(section), text: "\(error)"), section)
        }
    }
}

/// Which keys of which objects were asked for.
final class AskedKeys {
    private var keys: [String: Set<String>] = [:]

    func note(_ key: String, of path: [any CodingKey]) {
        keys[SettingsDecoder.text(path), default: []].insert(key)
    }

    /// Somebody looks into this object, whatever of it is asked for.
    func visit(_ path: [any CodingKey]) {
        let place = SettingsDecoder.text(path)
        if keys[place] == nil { keys[place] = [] }
    }

    /// The keys nobody asked for, in objects that somebody looked into.
    func unasked(in value: ConfigValue, at path: [any CodingKey], ignoring known: Set<String>) -> [ConfigProblem] {
        switch value {
        case .object(let members):
            guard let asked = keys[SettingsDecoder.text(path)] else { return [] }
            let names = asked.subtracting(known).sorted().joined(separator: ", ")
            let allowed = names.isEmpty ? "there are none" : "known are \(names)"
            return members.keys.sorted().flatMap { name -> [ConfigProblem] in
                let place = path + [AnyKey(stringValue: name)]
                if known.contains(name) || members[name]?.isRemoved == true { return [] }
                guard asked.contains(name) else {
                    return [
                        ConfigProblem(
                            path: SettingsDecoder.text(place), text: "is not a setting here; \(allowed)")
                    ]
                }
                return members[name].map { unasked(in: $0, at: place, ignoring: []) } ?? []
            }
        case .array(let items):
            return items.enumerated().flatMap { index, item in
                unasked(in: item, at: path + [AnyKey(intValue: index)], ignoring: [])
            }
        default: return []
        }
    }
}

/// A `Decoder` over a ``ConfigValue``.
private struct ValueDecoder: Decoder {
    let value: ConfigValue
    let codingPath: [any CodingKey]
    let asked: AskedKeys
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        if value.isRemoved {
            return KeyedDecodingContainer(ObjectContainer<Key>(members: [:], codingPath: codingPath, asked: asked))
        }
        guard case .object(let members) = value else { throw mismatch("an object") }
        asked.visit(codingPath)
        return KeyedDecodingContainer(ObjectContainer<Key>(members: members, codingPath: codingPath, asked: asked))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        if value.isRemoved { return ListContainer(items: [], codingPath: codingPath, asked: asked) }
        guard case .array(let items) = value else { throw mismatch("a list") }
        return ListContainer(items: items, codingPath: codingPath, asked: asked)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { ValueContainer(decoder: self) }

    /// Whether this counts as left out.
    var isNothing: Bool { value == .null || value.isRemoved }

    func mismatch(_ wanted: String) -> DecodingError {
        .typeMismatch(
            ConfigValue.self, .init(codingPath: codingPath, debugDescription: "must be \(wanted), not \(value.kind)"))
    }
}

private struct ObjectContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let members: [String: ConfigValue]
    let codingPath: [any CodingKey]
    let asked: AskedKeys

    var allKeys: [Key] {
        members.keys.sorted().filter { members[$0]?.isRemoved != true }.compactMap { Key(stringValue: $0) }
    }

    func contains(_ key: Key) -> Bool {
        asked.note(key.stringValue, of: codingPath)
        return members[key.stringValue] != nil
    }

    func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNothing }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        let decoder = try member(key)
        return try ValueContainer(decoder: decoder).decode(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try member(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        ValueDecoder(value: .object(members), codingPath: codingPath, asked: asked)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try member(key) }

    private func member(_ key: Key) throws -> ValueDecoder {
        asked.note(key.stringValue, of: codingPath)
        guard let value = members[key.stringValue] else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "is needed"))
        }
        return ValueDecoder(value: value, codingPath: codingPath + [key], asked: asked)
    }
}

private struct ListContainer: UnkeyedDecodingContainer {
    let items: [ConfigValue]
    let codingPath: [any CodingKey]
    let asked: AskedKeys
    var currentIndex = 0

    var count: Int? { items.count { !$0.isRemoved } }
    var isAtEnd: Bool { currentIndex >= items.count }

    init(items: [ConfigValue], codingPath: [any CodingKey], asked: AskedKeys) {
        self.items = items
        self.codingPath = codingPath
        self.asked = asked
        passRemoved()
    }

    private mutating func passRemoved() {
        while !isAtEnd, items[currentIndex].isRemoved { currentIndex += 1 }
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, items[currentIndex] == .null else { return false }
        currentIndex += 1
        passRemoved()
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let decoder = try next()
        return try ValueContainer(decoder: decoder).decode(type)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws
        -> KeyedDecodingContainer<Nested>
    {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try next() }

    private mutating func next() throws -> ValueDecoder {
        let place = codingPath + [AnyKey(intValue: currentIndex)]
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                ConfigValue.self, .init(codingPath: place, debugDescription: "the list ends here"))
        }
        defer {
            currentIndex += 1
            passRemoved()
        }
        return ValueDecoder(value: items[currentIndex], codingPath: place, asked: asked)
    }
}

private struct ValueContainer: SingleValueDecodingContainer {
    let decoder: ValueDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { decoder.isNothing }

    func decode(_ type: Bool.Type) throws -> Bool {
        if decoder.value.isRemoved { return false }
        guard case .bool(let flag) = decoder.value else { throw decoder.mismatch("true or false") }
        return flag
    }

    func decode(_ type: String.Type) throws -> String {
        if decoder.value.isRemoved { return "" }
        guard case .string(let text) = decoder.value else { throw decoder.mismatch("text") }
        return text
    }

    func decode(_ type: Double.Type) throws -> Double {
        switch decoder.value {
        case .number(let number): return number
        case .integer(let number): return Double(number)
        case .removed: return 0
        default: throw decoder.mismatch("a number")
        }
    }

    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }

    /// The standard types come here too, through the generic requirement of the containers.
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let plain: (any Decodable)? =
            switch type {
            case is Bool.Type: try decode(Bool.self)
            case is String.Type: try decode(String.self)
            case is Double.Type: try decode(Double.self)
            case is Int.Type: try decode(Int.self)
            case is Int64.Type: try decode(Int64.self)
            default: nil
            }
        if let plain = plain as? T { return plain }
        return try T(from: decoder)
    }

    private func integer<I: FixedWidthInteger>() throws -> I {
        if decoder.value.isRemoved { return 0 }
        guard case .integer(let number) = decoder.value else { throw decoder.mismatch("a whole number") }
        guard let exact = I(exactly: number) else {
            throw decoder.mismatch("a whole number from \(I.min) to \(I.max)")
        }
        return exact
    }
}
