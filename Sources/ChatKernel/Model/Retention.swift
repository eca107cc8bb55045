/// How long a conversation keeps what happened in it. Where both are given, whichever lets go of more holds.
public struct Retention: Hashable, Sendable {
    /// What was committed so many days ago goes; 0 for no such rule.
    public var days: Int
    /// What stands before the newest so many messages goes; 0 for no such rule.
    public var messages: Int

    /// A hundred years, and a thousand million messages: more is a mistake.
    public static let mostDays = 36_500
    public static let mostMessages = 1_000_000_000

    /// Takes any numbers; a command with others than ``isValid`` allows is refused (`invalid_field`).
    public init(days: Int = 0, messages: Int = 0) {
        self.days = days
        self.messages = messages
    }

    /// Whether everything is kept for ever.
    public var isNone: Bool { days == 0 && messages == 0 }

    /// Whether the numbers are such as may be asked for.
    public var isValid: Bool { 0...Self.mostDays ~= days && 0...Self.mostMessages ~= messages }

    /// Both rules at once. So a conversation's own can shorten what the host keeps, and never lengthen it.
    public func and(_ other: Retention?) -> Retention {
        guard let other else { return self }
        func stricter(_ a: Int, _ b: Int) -> Int { a == 0 ? b : b == 0 ? a : min(a, b) }
        return Retention(days: stricter(days, other.days), messages: stricter(messages, other.messages))
    }

    /// What was committed before this moment goes; nil when age does not matter.
    public func horizon(at now: Timestamp) -> Timestamp? {
        days <= 0 ? nil : now.advanced(bySeconds: -86_400 * Int64(min(days, Self.mostDays)))
    }
}
