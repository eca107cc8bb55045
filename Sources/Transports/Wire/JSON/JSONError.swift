public import ChatKernel

/// Why a text is not JSON, or not JSON that is accepted here.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Bytes before the place where it went wrong.
    public let offset: Int
    public let reason: Reason

    public init(offset: Int, reason: Reason) {
        self.offset = offset
        self.reason = reason
    }

    /// The raw values complete the sentence of ``description``.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case unexpectedEnd = "the text ends too early"
        case unexpectedByte = "this cannot stand here"
        case invalidNumber = "a number is misspelt"
        case invalidEscape = "there is no such escape"
        /// An escape of half a surrogate pair stands for no character, and could not be passed on as UTF-8.
        case loneSurrogate = "half a surrogate pair stands alone"
        case controlCharacter = "a control character in text must be escaped"
        case invalidUTF8 = "the text is not UTF-8"
        case tooDeep = "objects and arrays are nested too deeply"
        /// Readers disagree about which of the two counts, which has been used to get past checks.
        case duplicateKey = "a key occurs twice in one object"
        case tooLong = "the text is too long"
        case trailingBytes = "something follows the value"
        case notAnObject = "an object was expected"
    }

    public var description: String { "Not valid JSON at byte \(offset): \(reason.rawValue)." }
}

extension ChatError {
    /// `bad_json`, with the place and the reason.
    public init(_ error: JSONError) { self.init(.badJSON, error.description) }
}
