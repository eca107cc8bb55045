/// A key of a JSON object by its own name, so that one we do not know is seen.
struct SettingKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
}

extension KeyedDecodingContainer<SettingKey> {
    /// A typo must not be silence.
    func refuseKeys(besides known: [String]) throws {
        for key in allKeys where !known.contains(key.stringValue) {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: codingPath + [key],
                    debugDescription: "is no setting; there are \(known.joined(separator: ", "))"))
        }
    }

    /// A value that must be within a range.
    func number(_ name: String, in range: ClosedRange<Int>, default value: Int) throws -> Int {
        guard let number = try decodeIfPresent(Int.self, forKey: SettingKey(name)) else { return value }
        guard range.contains(number) else {
            throw DecodingError.dataCorruptedError(
                forKey: SettingKey(name), in: self,
                debugDescription: "is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func value<Value: Decodable>(_ name: String, default value: Value) throws -> Value {
        try decodeIfPresent(Value.self, forKey: SettingKey(name)) ?? value
    }

    func value<Value: Decodable>(_ name: String, _ type: Value.Type = Value.self) throws -> Value? {
        try decodeIfPresent(Value.self, forKey: SettingKey(name))
    }
}
