/// The identity of a user: opaque text, compared by bytes.
///
/// Identifiers made here are UUIDv7; imported ones, and a token's `sub`, may be any other text of 1 to ``limit`` bytes.
/// Nothing is checked here: transports and authenticators refuse what is longer, so that an embedder's own may be
/// anything.
public struct UserID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The longest identifier of any kind that is accepted from outside, in bytes of UTF-8 (`protocol.md` section 1).
    public static let limit = 128

    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { text }

    public static func == (a: UserID, b: UserID) -> Bool { isSame(a.text, b.text) }

    /// An order to sort by, so that nothing depends on that of a hash table. It means nothing.
    public static func < (a: UserID, b: UserID) -> Bool { a.text < b.text }
}

/// The identity of a conversation: opaque text, compared by bytes. From outside at most ``UserID/limit`` of them; not
/// checked here.
public struct ConversationID: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { text }

    public static func == (a: ConversationID, b: ConversationID) -> Bool { isSame(a.text, b.text) }

    /// An order to sort by, as for ``UserID``.
    public static func < (a: ConversationID, b: ConversationID) -> Bool { a.text < b.text }
}

/// The identity of a message: opaque text, compared by bytes, unique in the whole store. From outside at most
/// ``UserID/limit`` of them; not checked here.
public struct MessageID: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { text }

    public static func == (a: MessageID, b: MessageID) -> Bool { isSame(a.text, b.text) }
}

/// The name a client gives a message so that sending it twice makes it once.
///
/// Its scope is (user, conversation). 1 to ``limit`` bytes (`protocol.md` section 4): not checked here, but when the
/// message is sent (`invalid_field`).
public struct ClientID: Hashable, Sendable, CustomStringConvertible {
    /// In bytes of UTF-8.
    public static let limit = 64

    public let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { text }

    public static func == (a: ClientID, b: ClientID) -> Bool { isSame(a.text, b.text) }
}

/// Identity is of bytes. To Swift two spellings of "é" are the same text; to whoever made the identifier, and to a
/// database, they are two.
func isSame(_ a: String, _ b: String) -> Bool {
    let a = unsafe a.utf8.span.bytes
    let b = unsafe b.utf8.span.bytes
    guard a.byteCount == b.byteCount else { return false }
    let count = a.byteCount
    // Eight bytes a step: this is asked for every message, several times. The last step may begin among what has been seen.
    func isSameWord(_ at: Int) -> Bool {
        unsafe a.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
            == b.unsafeLoadUnaligned(fromByteOffset: at, as: UInt64.self)
    }
    guard count >= 8 else {
        return (0..<count).allSatisfy { at in
            unsafe a.unsafeLoad(fromByteOffset: at, as: UInt8.self) == b.unsafeLoad(fromByteOffset: at, as: UInt8.self)
        }
    }
    var at = 0
    while at < count &- 8 {
        guard isSameWord(at) else { return false }
        at &+= 8
    }
    return isSameWord(count &- 8)
}

/// A position in one conversation: contiguous from 1, over every durable event. 0 is "before the first".
public typealias Seq = Int64

/// A position in the whole store: monotone, assigned in commit order. 0 is "before the first".
public typealias Pos = Int64
