import FoundationEssentials

/// A config file as it was written: JSON, where comments, trailing commas and the rest of JSON5 are welcome.
indirect enum ConfigValue: Decodable, Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([ConfigValue])
    case object([String: ConfigValue])
    /// Was wrong or missing, and has been told of. In a list it is passed over, so that the items behind it keep their
    /// numbers; a member counts as left out or, where it is needed, is the emptiest value there is.
    case removed

    init(from decoder: any Decoder) throws {
        if let keyed = try? decoder.container(keyedBy: AnyKey.self) {
            var members: [String: ConfigValue] = [:]
            // In order, so that of two that cannot be read it is always the same that is told of.
            for key in keyed.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
                members[key.stringValue] = try keyed.decode(ConfigValue.self, forKey: key)
            }
            self = .object(members)
        } else if var list = try? decoder.unkeyedContainer() {
            var items: [ConfigValue] = []
            while !list.isAtEnd { items.append(try list.decode(ConfigValue.self)) }
            self = .array(items)
        } else {
            let single = try decoder.singleValueContainer()
            if single.decodeNil() {
                self = .null
            } else if let flag = try? single.decode(Bool.self) {
                self = .bool(flag)
            } else if let number = try? single.decode(Int64.self) {
                self = .integer(number)
            } else if let number = try? single.decode(Double.self) {
                self = .number(number)
            } else if let text = try? single.decode(String.self) {
                self = .string(text)
            } else {
                throw DecodingError.dataCorruptedError(in: single, debugDescription: "neither a number nor text")
            }
        }
    }

    /// Parses a file's text.
    /// - Throws: ``ConfigProblem`` saying what is wrong with the JSON itself.
    static func parse(_ text: [UInt8]) throws -> ConfigValue {
        // Foundation's reader of JSON5 stops the process at a key that ends within a character.
        guard String(validating: text, as: UTF8.self) != nil else {
            throw ConfigProblem(path: "", text: "not valid JSON: the text is not UTF-8")
        }
        let decoder = JSONDecoder()
        decoder.allowsJSON5 = true
        do {
            return try decoder.decode(ConfigValue.self, from: Data(text))
        } catch DecodingError.dataCorrupted(let context) {
            let reason = context.underlyingError.map { "\($0)" } ?? context.debugDescription
            throw ConfigProblem(path: SettingsDecoder.text(context.codingPath), text: "not valid JSON: \(reason)")
        }
    }

    /// What this is called in an error.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer: "a number"
        case .number(let number): "\(number)"
        case .string: "text"
        case .array: "a list"
        case .object: "an object"
        case .removed: "nothing"
        }
    }

    var isRemoved: Bool { if case .removed = self { true } else { false } }

    /// Without what stands at this path, so that what else is wrong can be found. False when that has been done.
    mutating func remove(_ path: ArraySlice<any CodingKey>) -> Bool {
        guard let first = path.first else { return false }
        let rest = path.dropFirst()
        switch self {
        case .object(var members):
            if rest.isEmpty {
                guard members[first.stringValue]?.isRemoved != true else { return false }
                members[first.stringValue] = .removed
            } else {
                guard var member = members[first.stringValue], member.remove(rest) else { return false }
                members[first.stringValue] = member
            }
            self = .object(members)
        case .array(var items):
            guard let index = first.intValue, items.indices.contains(index), !items[index].isRemoved else {
                return false
            }
            if rest.isEmpty {
                items[index] = .removed
            } else if !items[index].remove(rest) {
                return false
            }
            self = .array(items)
        default: return false
        }
        return true
    }
}

/// A key that is whatever was written.
struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) {
        self.stringValue = stringValue
        intValue = nil
    }

    init(intValue: Int) {
        stringValue = String(intValue)
        self.intValue = intValue
    }
}
