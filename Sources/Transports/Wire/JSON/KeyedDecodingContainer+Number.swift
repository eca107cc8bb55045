extension KeyedDecodingContainer {
    /// A whole number of a config; `standard` when it is left out. Throws what names the range when it is outside.
    package func number(_ key: Key, in range: ClosedRange<Int>, default standard: Int) throws -> Int {
        let number = try decodeIfPresent(Int.self, forKey: key) ?? standard
        guard range.contains(number) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self,
                debugDescription: "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}
