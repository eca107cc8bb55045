extension JSONValue {
    /// Appends the value as JSON, without white space, members in their order.
    public func append(to bytes: inout [UInt8]) {
        switch self {
        case .null: JSONWriter.append(raw: "null", to: &bytes)
        case .bool(let flag): JSONWriter.append(flag, to: &bytes)
        case .number(let number): bytes.append(contentsOf: number.text.utf8)
        case .string(let text): JSONWriter.append(text, to: &bytes)
        case .array(let elements):
            bytes.appendArray { array in
                for element in elements { array.element { element.append(to: &$0) } }
            }
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                JSONWriter.append(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }
}
