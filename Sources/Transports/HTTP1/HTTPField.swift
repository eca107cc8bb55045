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
        let (name, value) = (name.utf8.span, value.utf8.span)
        for at in name.indices where !ByteSet.token.contains(name[at]) { return false }
        for at in value.indices where !Byte.isFieldContent(value[at]) { return false }
        return !name.isEmpty
    }

    /// `expected` in any case. ASCII only, as field names are.
    @inline(__always)
    func isNamed(_ expected: String) -> Bool {
        name.utf8.count == expected.utf8.count && equalIgnoringCase(name.utf8.span, expected.utf8.span)
    }
}

extension [HTTPField] {
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
        for field in self where field.isNamed(name) && ListMembers.contains(member, in: field.value) { return true }
        return false
    }
}

/// The members of a comma-separated list, blanks around them taken off. Members with commas in quotes are not for us: the
/// lists read here are lists of tokens.
enum ListMembers {
    static func contains(_ member: String, in list: String) -> Bool {
        forEach(in: list) { equalIgnoringCase($0, member.utf8.span) }
    }

    /// Calls `body` with each member, empty ones included, until it answers true; whether it did.
    static func forEach(in list: String, _ body: (borrowing Span<UInt8>) -> Bool) -> Bool {
        let bytes = list.utf8.span
        var start = 0
        while true {
            var end = start
            while end < bytes.count, bytes[end] != Byte.comma { end += 1 }
            if body(bytes.extracting(trimmed(start..<end, of: bytes))) { return true }
            guard end < bytes.count else { return false }
            start = end + 1
        }
    }
}

/// `range` without the blanks at its ends.
@inline(__always)
func trimmed(_ range: Range<Int>, of bytes: borrowing Span<UInt8>) -> Range<Int> {
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper, Byte.isBlank(bytes[lower]) { lower += 1 }
    while lower < upper, Byte.isBlank(bytes[upper - 1]) { upper -= 1 }
    return lower..<upper
}

/// Equality of ASCII text in any case. Other bytes must be the same.
func equalIgnoringCase(_ one: borrowing Span<UInt8>, _ other: borrowing Span<UInt8>) -> Bool {
    guard one.count == other.count else { return false }
    for index in 0..<one.count where Byte.lowercased(one[index]) != Byte.lowercased(other[index]) { return false }
    return true
}
