public import ChatKernel

extension ChatError {
    /// A field that must be there is not.
    public static func missing(_ field: String) -> ChatError {
        ChatError(.missingField, "\(field) is missing.")
    }

    /// A field is not what it may be. `allowed` completes the sentence "\(field) must be …".
    public static func invalid(_ field: String, _ allowed: String) -> ChatError {
        ChatError(.invalidField, "\(field) must be \(allowed).")
    }
}

/// Fields of an object, asked for by name and kind. `null` counts as absent; keys nobody asks for are ignored.
///
/// All throw `invalid_field` for a value of another kind, the ones that do not return an optional `missing_field` for
/// an absent one, and each names the field and what is allowed. Limits are in bytes of UTF-8.
extension JSONValue {
    /// Text that must be there, if only an empty one.
    /// - Throws: `missing_field`; `invalid_field` for more than `limit` bytes.
    public func text(_ key: String, limit: Int = .max) throws(ChatError) -> String {
        guard let text = try optionalText(key, limit: limit) else { throw .missing(key) }
        return text
    }

    /// Text, or nil for an absent one; an empty one is there.
    /// - Throws: `invalid_field` for more than `limit` bytes.
    public func optionalText(_ key: String, limit: Int = .max) throws(ChatError) -> String? {
        switch present(key) {
        case nil: return nil
        case .string(let text) where text.utf8.count <= limit: return text
        default: throw .invalid(key, limit == .max ? "text" : "text of at most \(limit) bytes")
        }
    }

    /// Text that names something: 1 to `limit` bytes.
    /// - Throws: `invalid_field` for an empty one too.
    public func optionalName(_ key: String, limit: Int) throws(ChatError) -> String? {
        switch present(key) {
        case nil: return nil
        case .string(let text) where 1...limit ~= text.utf8.count: return text
        default: throw .invalid(key, "text of 1 to \(limit) bytes")
        }
    }

    /// Text that names something, and must be there.
    /// - Throws: `missing_field`; `invalid_field` for an empty one, or more than `limit` bytes.
    public func name(_ key: String, limit: Int) throws(ChatError) -> String {
        guard let text = try optionalName(key, limit: limit) else { throw .missing(key) }
        return text
    }

    /// Yes or no; `value` when absent.
    /// - Throws: `invalid_field` for anything but `true` and `false`: no number, no text.
    public func flag(_ key: String, default value: Bool) throws(ChatError) -> Bool {
        switch present(key) {
        case nil: return value
        case .bool(let flag): return flag
        default: throw .invalid(key, "true or false")
        }
    }

    /// A whole number that must be there. Its value counts: `1.0` is one (``JSONNumber``).
    /// - Throws: `missing_field`; `invalid_field` for one that is none, or out of range.
    public func integer(_ key: String, in range: ClosedRange<Int64> = .min ... .max) throws(ChatError) -> Int64 {
        guard let value = try optionalInteger(key, in: range) else { throw .missing(key) }
        return value
    }

    /// As ``integer(_:in:)``, or nil for an absent one.
    /// - Throws: `invalid_field`.
    public func optionalInteger(
        _ key: String, in range: ClosedRange<Int64> = .min ... .max
    ) throws(ChatError) -> Int64? {
        switch present(key) {
        case nil: return nil
        case .number(let number):
            if let value = number.int64, range.contains(value) { return value }
        default: break
        }
        throw .invalid(key, Self.allowed(range))
    }

    /// An array of identifiers, or of other names of 1 to `limit` bytes.
    /// - Throws: `missing_field`; `invalid_field` for more than `count` of them, or one that will not do.
    public func names(_ key: String, count: Int, limit: Int) throws(ChatError) -> [String] {
        guard let value = present(key) else { throw .missing(key) }
        let allowed = "an array of at most \(count) texts of 1 to \(limit) bytes"
        guard case .array(let elements) = value, elements.count <= count else { throw .invalid(key, allowed) }
        var names: [String] = []
        names.reserveCapacity(elements.count)
        for element in elements {
            guard case .string(let text) = element, 1...limit ~= text.utf8.count else { throw .invalid(key, allowed) }
            names.append(text)
        }
        return names
    }

    static func allowed(_ range: ClosedRange<Int64>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "a whole number"
        case (let low, .max): "a whole number of \(low) or more"
        case (let low, let high): "a whole number from \(low) to \(high)"
        }
    }

    private func present(_ key: String) -> JSONValue? {
        guard let value = self[key], value != .null else { return nil }
        return value
    }
}
