import ChatWire

/// What both readers' answers are turned into.
enum Tree: Decodable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Tree])
    case object([String: Tree])

    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let flag): self = .bool(flag)
        case .number(let number): self = .number(number.double)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .array(elements.map { Tree($0) })
        case .object(let members):
            self = .object(Dictionary(members.map { ($0.key, Tree($0.value)) }, uniquingKeysWith: { $1 }))
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .bool(flag)
        } else if let text = try? container.decode(String.self) {
            self = .string(text)
        } else if let elements = try? container.decode([Tree].self) {
            self = .array(elements)
        } else if let members = try? container.decode([String: Tree].self) {
            self = .object(members)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    func isSame(as other: Tree) -> Bool {
        switch (self, other) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.string(let a), .string(let b)): a.utf8.elementsEqual(b.utf8)
        case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
        case (.object(let a), .object(let b)):
            a.count == b.count && a.allSatisfy { key, value in b[key].map { $0.isSame(as: value) } ?? false }
        default: false
        }
    }

    var hasInfinity: Bool {
        switch self {
        case .null, .bool, .string: false
        case .number(let number): !number.isFinite
        case .array(let elements): elements.contains { $0.hasInfinity }
        case .object(let members): members.values.contains { $0.hasInfinity }
        }
    }
}
