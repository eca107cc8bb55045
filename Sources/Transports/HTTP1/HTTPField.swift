/// One header field. Names compare without regard to ASCII case; values are kept as they came, trimmed of blanks.
public struct HTTPField: Sendable, Hashable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    /// Whether the field may be sent: the name is a token and the value holds no control byte but HTAB (RFC 9110
    /// sections 5.1 and 5.5). Response splitting needs a CR, an LF or a NUL, and none of them passes here.
    public var isValid: Bool {
        !name.isEmpty && name.utf8.allSatisfy(ByteSet.token.contains) && value.utf8.allSatisfy(Byte.isFieldContent)
    }

    /// `expected` in any case. ASCII only, as field names are.
    @inline(__always)
    func isNamed(_ expected: String) -> Bool { equalIgnoringCase(name, expected) }
}

extension Sequence<HTTPField> {
    /// The value of the first field of that name, in any case.
    public func first(_ name: String) -> String? {
        for field in self where field.isNamed(name) { return field.value }
        return nil
    }

    /// The values of all fields of that name, in the order they came.
    public func all(_ name: String) -> [String] {
        var values: [String] = []
        for field in self where field.isNamed(name) { values.append(field.value) }
        return values
    }

    /// Whether the comma-separated lists of all fields of that name have `member`, in any case (RFC 9110 section 5.6.1).
    public func list(_ name: String, has member: String) -> Bool {
        for field in self where field.isNamed(name) {
            for element in field.value.utf8.split(separator: Byte.comma) {
                if equalIgnoringCase(Substring(element.trimmingBlanks()), Substring(member)) { return true }
            }
        }
        return false
    }
}

extension Substring.UTF8View {
    func trimmingBlanks() -> Substring.UTF8View {
        var rest = self
        while let byte = rest.first, Byte.isBlank(byte) { rest.removeFirst() }
        while let byte = rest.last, Byte.isBlank(byte) { rest.removeLast() }
        return rest
    }
}

/// Equality of ASCII text in any case. Other bytes must be the same.
@inline(__always)
func equalIgnoringCase<S: StringProtocol>(_ one: S, _ other: S) -> Bool {
    guard one.utf8.count == other.utf8.count else { return false }
    return one.utf8.elementsEqual(other.utf8) { Byte.lowercased($0) == Byte.lowercased($1) }
}
